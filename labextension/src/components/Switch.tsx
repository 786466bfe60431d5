import * as React from 'react';

import { useAction } from './hooks';
import { Thrown } from './Problem';

/** Something that is on or off at once, with what it means; back as it was, with the reason, where that is refused. */
export function Switch(props: {
  label: string;
  on: boolean;
  disabled?: boolean;
  /** What it does, or why it cannot be switched. */
  help: string;
  onChange: (on: boolean) => Promise<void>;
}): React.ReactElement {
  const help = React.useId();
  const { busy, problem, run } = useAction();
  const [wanted, want] = React.useState(props.on);
  return (
    <div className="wegent-Switch">
      <label>
        <input
          type="checkbox"
          role="switch"
          aria-describedby={help}
          aria-busy={busy}
          checked={busy ? wanted : props.on}
          disabled={props.disabled}
          onChange={event => {
            const on = event.target.checked;
            if (!busy) {
              want(on);
              run(() => props.onChange(on));
            }
          }}
        />
        {props.label}
      </label>
      <p id={help} className="wegent-Hint">
        {props.help}
      </p>
      <Thrown error={problem} />
    </div>
  );
}
