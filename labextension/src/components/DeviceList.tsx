import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { starIcon } from '../icons';
import { waitingOn } from '../model/devices';
import { AgentLine } from './AgentLine';
import { Empty } from './Empty';
import { useFace, useTrans } from './face';
import { useValue } from './hooks';
import { List } from './List';
import { Status } from './State';

/** The devices, with what they are doing and which agents they can run. */
export function DeviceList(): React.ReactElement {
  const { gateway, trans } = useFace();
  const devices = useValue(gateway.devices);
  if (devices.length === 0) {
    return (
      <Empty
        text={trans.__(
          'No devices. This computer appears here as soon as its executor has started.'
        )}
      />
    );
  }
  return (
    <List>
      {devices.map(device => (
        <DeviceRow key={device.device_id} device={device} />
      ))}
    </List>
  );
}

const DeviceRow = React.memo(function DeviceRow(props: { device: IDevice }) {
  const trans = useTrans();
  const { device } = props;
  return (
    <li className="wegent-Device" data-device-id={device.device_id}>
      <div className="wegent-RowTop">
        <span className="wegent-Title">{device.name}</span>
        {device.is_default && (
          <starIcon.react
            tag="span"
            className="wegent-Mark wegent-Star"
            title={trans.__('Default device')}
          />
        )}
        <Status status={device.status} />
      </div>
      <DeviceFacts device={device} />
      {device.problem && <div className="wegent-Reason">{device.problem}</div>}
      <ul className="wegent-List">
        {realFirst(device.agents).map(agent => (
          <AgentLine key={agent.id} agent={agent} device={device} />
        ))}
      </ul>
    </li>
  );
});

function DeviceFacts(props: { device: IDevice }): React.ReactElement {
  const trans = useTrans();
  const { slot_used, slot_max, queued, executor_version } = props.device;
  const waiting = waitingOn(props.device);
  return (
    <div className="wegent-Facts">
      <span>{trans.__('%1/%2 slots in use', slot_used, slot_max)}</span>
      {waiting > 0 && <span>{trans.__('%1 waiting for you', waiting)}</span>}
      {queued > 0 && <span>{trans.__('%1 queued', queued)}</span>}
      {executor_version && <span>v{executor_version}</span>}
    </div>
  );
}

function realFirst(agents: readonly IAgent[]): IAgent[] {
  return [...agents].sort((a, b) => Number(a.practice) - Number(b.practice));
}
