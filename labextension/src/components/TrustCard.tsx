import * as React from 'react';

import type { ITrustItem } from '../api/types';
import { doneIcon, stoppedIcon } from '../icons';
import { useFace } from './face';
import { useAction, useValue } from './hooks';
import { Thrown } from './Problem';
import { PushButton } from './PushButton';

/** Asks whether agent configuration that a folder brings may be used; it is off until then. */
export function TrustCard(props: {
  item: ITrustItem;
  deviceId: string;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { item, deviceId } = props;
  const [known] = React.useState(() => gateway.trust.of(deviceId));
  const list = useValue(known);
  const [again, askAgain] = React.useState(false);
  const { busy, problem, run } = useAction();
  React.useEffect(() => {
    gateway.trust.load(deviceId).catch(() => undefined);
  }, [gateway, deviceId]);
  const trusted = list?.find(one => one.path === item.path)?.trusted;
  const decide = (trust: boolean): void =>
    run(async () => {
      await gateway.trust.decide(deviceId, item.path, trust);
      askAgain(false);
    });
  return (
    <section
      role="group"
      className="wegent-Approval wegent-Trust"
      data-state={trusted === undefined ? 'open' : 'decided'}
      aria-label={trans.__('Agent configuration of this folder')}
    >
      <p>
        {trans.__(
          'This folder brings its own agent configuration (%1). It is off until you trust the folder.',
          item.found.join(', ')
        )}
      </p>
      <div className="wegent-ApprovalWhere">{item.path}</div>
      {trusted === undefined || again ? (
        <div className="wegent-Buttons">
          <PushButton
            text={trans.__('Trust this folder')}
            title={trans.__(
              'Its configuration can run programs on that computer'
            )}
            disabled={busy}
            onClick={() => decide(true)}
          />
          <PushButton
            text={trans.__('Keep it off')}
            disabled={busy}
            onClick={() => decide(false)}
          />
        </div>
      ) : (
        <Outcome trusted={trusted} onChange={() => askAgain(true)} />
      )}
      <Thrown error={problem} />
    </section>
  );
}

function Outcome(props: {
  trusted: boolean;
  onChange: () => void;
}): React.ReactElement {
  const { trans } = useFace();
  const Mark = props.trusted ? doneIcon : stoppedIcon;
  return (
    <div className="wegent-Buttons">
      <span className="wegent-State">
        <Mark.react tag="span" className="wegent-Mark" aria-hidden />
        {props.trusted
          ? trans.__('Trusted: on from the next message on')
          : trans.__('Kept off')}
      </span>
      <PushButton text={trans.__('Change…')} onClick={props.onChange} />
    </div>
  );
}
