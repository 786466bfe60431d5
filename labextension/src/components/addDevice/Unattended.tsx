import * as React from 'react';

import type { IAddDevice, ICreatedCredential } from '../../api/access';
import { presentIds } from '../../model/joining';
import { inFuture } from '../../model/words';
import { CopyLine } from '../CopyLine';
import { useFace } from '../face';
import { useAction, useNow } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import type { Awaited } from './AddDevice';

/** Makes a code that a machine brings along, so that nobody has to type one here. */
export function Unattended(props: {
  info: IAddDevice;
  onMade: (awaited: Awaited) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { info, onMade } = props;
  const [made, setMade] = React.useState<ICreatedCredential | null>(null);
  const { busy, problem, run } = useAction();
  const now = useNow(10_000);
  const way = info.ways.find(one => one.works) ?? info.ways[0];
  const make = (): void =>
    run(async () => {
      setMade(
        await gateway.access.create({
          kind: 'join',
          name: trans.__('Unattended machine')
        })
      );
      onMade({ before: presentIds(gateway.devices.value) });
    });
  return (
    <div className="wegent-Form">
      <p className="wegent-Hint">
        {trans.__(
          'A join code lets one machine in, once, within 15 minutes. Give it on standard input, so that no list of processes shows it.'
        )}
      </p>
      {made && way && (
        <>
          <span className="wegent-Label">
            {trans.__('The code, shown only now')}
          </span>
          <CopyLine text={made.secret} />
          <span className="wegent-Label">
            {trans.__(
              'The command: paste the code when it waits, or pipe it in'
            )}
          </span>
          <CopyLine text={`${way.join} --code -`} />
          {made.expires_at && (
            <p className="wegent-Hint">
              {trans.__('Expires %1', inFuture(trans, made.expires_at, now))}
            </p>
          )}
        </>
      )}
      <div className="wegent-Buttons">
        <PushButton
          text={
            made ? trans.__('Make another code') : trans.__('Make a join code')
          }
          disabled={busy}
          onClick={make}
        />
      </div>
      <Thrown error={problem} />
    </div>
  );
}
