import * as React from 'react';

import type { IJoinRequest } from '../../api/access';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { PushButton } from '../PushButton';

/** Who asks to become a device. Name and system are the machine's own words. */
export function Asking(props: {
  asking: IJoinRequest;
  onAnswer: (approve: boolean) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { asking, onAnswer } = props;
  const group = React.useRef<HTMLDivElement>(null);
  const waits = asking.state === 'waiting';
  React.useEffect(() => {
    if (waits) {
      // Not a button: whoever presses Enter after the code has not read yet who asks.
      group.current?.focus();
    }
  }, [waits]);
  const name = unhidden(asking.name);
  const id = unhidden(asking.device_id);
  return (
    <div
      ref={group}
      tabIndex={-1}
      className="wegent-Asking"
      role="group"
      aria-label={trans.__('%1 asks to join', name)}
    >
      <strong>{name}</strong>
      <dl>
        <dt>{trans.__('System')}</dt>
        <dd>{unhidden(asking.system) || '–'}</dd>
        <dt>{trans.__('Asks from')}</dt>
        <dd>{unhidden(asking.address)}</dd>
        <dt>{trans.__('Identity')}</dt>
        <dd>
          {asking.known
            ? trans.__('%1, a device that you have: it gets a new key', id)
            : trans.__('%1, new', id)}
        </dd>
      </dl>
      {waits && (
        <>
          <p className="wegent-Hint">
            {trans.__(
              'Only let in a machine on which you have just run the command.'
            )}
          </p>
          <div className="wegent-Buttons">
            <PushButton
              accent
              text={trans.__('Approve')}
              onClick={() => onAnswer(true)}
            />
            <PushButton
              text={trans.__('Reject')}
              onClick={() => onAnswer(false)}
            />
          </div>
        </>
      )}
      {asking.state === 'approved' && <p>{trans.__('Let in.')}</p>}
      {asking.state === 'denied' && (
        <p className="wegent-Hint" data-level="warning">
          {trans.__('Turned away. Nothing was given to it.')}
        </p>
      )}
    </div>
  );
}
