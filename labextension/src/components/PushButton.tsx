import * as React from 'react';

/** A button with words. */
export function PushButton(props: {
  text: string;
  title?: string;
  onClick?: () => void;
  disabled?: boolean;
  submit?: boolean;
  accent?: boolean;
  /** Of a button that shows and hides something. */
  expanded?: boolean;
}): React.ReactElement {
  return (
    <button
      type={props.submit ? 'submit' : 'button'}
      className={`wegent-Button ${props.accent ? 'wegent-mod-accent' : 'wegent-mod-bordered'}`}
      aria-expanded={props.expanded}
      title={props.title}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {props.text}
    </button>
  );
}
