import * as React from 'react';

import type { IAddDevice } from '../../api/access';
import { Disclosure } from '../Disclosure';
import { CopyLine } from '../CopyLine';
import { useTrans } from '../face';
import { Problem } from '../Problem';
import { Arrival } from './Arrival';
import { CodeEntry } from './CodeEntry';
import { Step } from './Step';
import { Unattended } from './Unattended';
import { Ways } from './Ways';

/** The machine that was let in: its id where somebody typed its code, those that were there before it otherwise. */
export type Awaited =
  { device_id: string; name: string } | { before: ReadonlySet<string> };

/** Leads through adding a machine, and tests it before it says that it is done. */
export function AddDevice(props: {
  info: IAddDevice;
  /** Whether the machine was seen to work. */
  onTested: (works: boolean) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { info, onTested } = props;
  const [awaited, wait] = React.useState<Awaited | null>(null);
  if (!info.allowed) {
    return (
      <Problem
        message={trans.__(
          'This server takes no devices beside its own: its operator has switched that off.'
        )}
        fix={trans.__(
          'Set `WegentApp.allow_remote_devices` in its configuration.'
        )}
      />
    );
  }
  const again = (next: Awaited | null): void => {
    onTested(false);
    wait(next);
  };
  return (
    <ol className="wegent-Steps">
      <Step title={trans.__('Put the executor on the machine')}>
        <CopyLine text={info.install} />
        <p className="wegent-Hint">
          {trans.__('In a terminal of that machine. Skip it if it is there.')}
        </p>
      </Step>
      <Step title={trans.__('Let it ask to join')}>
        <Ways ways={info.ways} />
      </Step>
      <Step title={trans.__('Type the code that the machine shows')}>
        <CodeEntry onApproved={again} />
        <Disclosure open={false} summary={trans.__('Without a person')}>
          <Unattended info={info} onMade={again} />
        </Disclosure>
      </Step>
      <Step title={trans.__('See that it works')}>
        {awaited ? (
          <Arrival awaited={awaited} onTested={onTested} />
        ) : (
          <p className="wegent-Hint">
            {trans.__('Starts by itself once the machine was let in.')}
          </p>
        )}
      </Step>
    </ol>
  );
}
