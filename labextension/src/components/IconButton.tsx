import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** A small button that shows an icon and, if given, text; `label` names it. */
export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick?: (event: React.MouseEvent<HTMLButtonElement>) => void;
  text?: string;
  title?: string;
  disabled?: boolean;
  submit?: boolean;
  accent?: boolean;
  /** What it opens. */
  popup?: 'menu';
  /** Of a button that is on or off. */
  pressed?: boolean;
  /** Of a button that shows and hides something. */
  expanded?: boolean;
}): React.ReactElement {
  return (
    <button
      type={props.submit ? 'submit' : 'button'}
      className={`wegent-Button${props.accent ? ' wegent-mod-accent' : ''}`}
      aria-label={props.label}
      aria-haspopup={props.popup}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      title={props.title ?? props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" className="wegent-Mark" aria-hidden />
      {props.text}
    </button>
  );
}
