import * as React from 'react';

import type { ITestResult } from '../api/models';
import { doneIcon, failedIcon, ringIcon } from '../icons';
import { chooseDevice } from '../model/choices';
import { present } from '../model/devices';
import { unhidden } from '../model/text';
import { duration } from '../model/words';
import { DevicePicker } from './DevicePicker';
import { useFace } from './face';
import { useAction, useValue } from './hooks';
import { Fix, Thrown } from './Problem';
import { PushButton } from './PushButton';
import { Mark } from './State';

/** Tries something from a device, and says what came of it. */
export function TestFrom(props: {
  /** Why it cannot be tried now; empty where it can. */
  reason?: string;
  test: (deviceId: string) => Promise<ITestResult>;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { reason = '', test } = props;
  const devices = useValue(gateway.devices).filter(present);
  const [picked, pick] = React.useState<string | null>(null);
  const [result, setResult] = React.useState<ITestResult | null>(null);
  const { busy, problem, run } = useAction();
  const device = chooseDevice(devices, picked);
  return (
    <div className="wegent-TestFrom">
      <div className="wegent-Row">
        <span className="wegent-Label">{trans.__('From')}</span>
        <DevicePicker
          device={device}
          queues={false}
          offers={present}
          onPick={id => {
            pick(id);
            setResult(null);
          }}
        />
        <PushButton
          text={trans.__('Test')}
          title={reason || undefined}
          disabled={busy || !device || reason !== ''}
          onClick={() => {
            if (device) {
              setResult(null);
              run(async () => setResult(await test(device.device_id)));
            }
          }}
        />
      </div>
      {!device && (
        <p className="wegent-Hint" data-level="warning">
          {trans.__('No device is online now.')}
        </p>
      )}
      <div role="status">
        {busy && (
          <Mark
            state="in_progress"
            icon={ringIcon}
            word={trans.__('%1 tries it…', device?.name ?? '')}
          />
        )}
        {result && <Result result={result} />}
      </div>
      <Thrown error={problem} />
    </div>
  );
}

function Result(props: { result: ITestResult }): React.ReactElement {
  const { ok, message, fix, seconds } = props.result;
  const time = seconds === null ? '' : duration(seconds);
  return (
    <div className="wegent-Result" data-ok={ok}>
      <Mark
        state={ok ? 'completed' : 'failed'}
        icon={ok ? doneIcon : failedIcon}
        word={[unhidden(message), time].filter(Boolean).join(' · ')}
      />
      {fix && <Fix command={fix} />}
    </div>
  );
}
