import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** A line that opens and closes what is under it; closed content is not rendered. */
export function Disclosure(props: {
  summary: React.ReactNode;
  /** Whether it is open while the user has not chosen. */
  open: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  const [chosen, choose] = React.useState<boolean | null>(null);
  const id = React.useId();
  const open = chosen ?? props.open;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <>
      <button
        type="button"
        className="wegent-Disclosure"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => choose(!open)}
      >
        <Caret.react tag="span" className="wegent-Mark" aria-hidden />
        {props.summary}
      </button>
      <div id={id} className="wegent-Disclosed" hidden={!open}>
        {open && props.children}
      </div>
    </>
  );
}
