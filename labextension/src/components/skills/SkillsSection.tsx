import * as React from 'react';

import type { IDevice } from '../../api/types';
import { chooseDevice } from '../../model/choices';
import { present } from '../../model/devices';
import type { Cell } from '../../model/observable';
import { DevicePicker } from '../DevicePicker';
import { useFace } from '../face';
import { useLoaded, useValue } from '../hooks';
import { Thrown } from '../Problem';
import { Sharing } from './Sharing';
import { SkillList } from './SkillList';

/** The skills of a device, and whether its agents share them. */
export function SkillsSection(props: {
  device: Cell<string | null>;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const picked = useValue(props.device);
  const device = chooseDevice(useValue(gateway.devices), picked);
  return (
    <section className="wegent-Settings" aria-labelledby="wegent-skills">
      <header>
        <h2 id="wegent-skills">{trans.__('Skills')}</h2>
      </header>
      <p className="wegent-Hint">
        {trans.__(
          'Instructions that agents load when a task needs them. Type / in a message to complete the name of one.'
        )}
      </p>
      <div className="wegent-Row wegent-Import">
        <span className="wegent-Label">{trans.__('On')}</span>
        <DevicePicker
          device={device}
          queues={false}
          onPick={id => props.device.set(id)}
        />
      </div>
      {!device && (
        <p className="wegent-Hint">{trans.__('There is no device yet.')}</p>
      )}
      {device && !present(device) && (
        <p className="wegent-Hint" data-level="warning">
          {trans.__(
            '%1 is not online: its skills can be seen once it is back.',
            device.name
          )}
        </p>
      )}
      {device && present(device) && (
        <Skills key={device.device_id} device={device} />
      )}
    </section>
  );
}

function Skills(props: { device: IDevice }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { device } = props;
  const rest = gateway.skillRest;
  const id = device.device_id;
  const load = React.useCallback(() => rest.list(id), [rest, id]);
  const { value, problem, reload } = useLoaded(load);
  return (
    <>
      <Sharing device={device} onChanged={reload} />
      <Thrown error={problem} />
      {value ? (
        <SkillList list={value} />
      ) : (
        !problem && (
          <p className="wegent-Hint">{trans.__('Asking %1…', device.name)}</p>
        )
      )}
    </>
  );
}
