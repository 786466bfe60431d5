import * as React from 'react';

import { useTrans } from '../face';
import { PushButton } from '../PushButton';

/** The longest reason that the gateway takes. */
const MOST = 4000;

/** Why not, if the person wants to say; Enter sends, Esc goes back. */
export function Reason(props: {
  label: string;
  send: string;
  busy: boolean;
  onSend: (reason: string) => void;
  onCancel: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const [reason, setReason] = React.useState('');
  const field = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => field.current?.focus(), []);
  return (
    <form
      className="wegent-Form"
      onSubmit={event => {
        event.preventDefault();
        if (!props.busy) {
          props.onSend(reason.trim());
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.onCancel();
        }
      }}
    >
      <input
        ref={field}
        type="text"
        className="wegent-Field"
        aria-label={props.label}
        placeholder={props.label}
        maxLength={MOST}
        value={reason}
        onChange={event => setReason(event.target.value)}
      />
      <div className="wegent-Buttons">
        <PushButton submit accent text={props.send} disabled={props.busy} />
        <PushButton text={trans.__('Cancel')} onClick={props.onCancel} />
      </div>
    </form>
  );
}
