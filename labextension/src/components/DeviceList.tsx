import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { byMachine, waitingOn, type IMachine } from '../model/devices';
import { apartWord, machineName, slotsWord } from '../model/deviceWords';
import { AgentLine } from './AgentLine';
import { deviceMenu } from './deviceMenu';
import { DeviceQueue } from './DeviceQueue';
import { DeviceWork } from './DeviceWork';
import { Empty } from './Empty';
import { useFace, useTrans } from './face';
import { useValue } from './hooks';
import { List } from './List';
import { MenuButton, openMenu } from './menu';
import { StarToggle } from './StarToggle';
import { DeviceState } from './State';
import { TerminalButton } from './TerminalButton';

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
      {byMachine(devices).map(machine => (
        <Machine key={machine.key} machine={machine} all={devices} />
      ))}
    </List>
  );
}

/** One device; or several executors under the name of the machine on which they all run. */
function Machine(props: {
  machine: IMachine;
  all: readonly IDevice[];
}): React.ReactElement {
  const trans = useTrans();
  const { devices } = props.machine;
  const rows = devices.map(device => (
    <DeviceRow
      key={device.device_id}
      device={device}
      apart={apartWord(trans, props.all, device)}
    />
  ));
  return devices.length > 1 ? (
    <li className="wegent-Machine">
      <h3>
        {machineName(trans, devices)}
        <span className="wegent-Small">
          {trans.__('%1 executors on one machine', devices.length)}
        </span>
      </h3>
      <ul className="wegent-List">{rows}</ul>
    </li>
  ) : (
    <>{rows}</>
  );
}

const DeviceRow = React.memo(function DeviceRow(props: {
  device: IDevice;
  /** What tells it from others. */
  apart: string;
}) {
  const { trans, commands } = useFace();
  const { device } = props;
  return (
    <li
      className="wegent-Device"
      data-device-id={device.device_id}
      data-status={device.status}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        openMenu(commands, deviceMenu(device), event);
      }}
    >
      <div className="wegent-RowTop">
        <StarToggle device={device} />
        <span className="wegent-Title" title={device.name}>
          {device.name}
        </span>
        <TerminalButton
          device={device}
          label={trans.__('Open a terminal on %1', device.name)}
        />
        <MenuButton
          label={trans.__('More about %1', device.name)}
          items={() => deviceMenu(device)}
        />
      </div>
      <DeviceFacts device={device} apart={props.apart} />
      {device.problem && <div className="wegent-Reason">{device.problem}</div>}
      <DeviceWork device={device} />
      {device.queued > 0 && <DeviceQueue device={device} />}
      <ul className="wegent-List">
        {realFirst(device.agents).map(agent => (
          <AgentLine key={agent.id} agent={agent} device={device} />
        ))}
      </ul>
    </li>
  );
});

function DeviceFacts(props: {
  device: IDevice;
  apart: string;
}): React.ReactElement {
  const trans = useTrans();
  const { device } = props;
  const waiting = waitingOn(device);
  return (
    <div className="wegent-Facts">
      <DeviceState device={device} />
      {props.apart && <span>{props.apart}</span>}
      <span>{slotsWord(trans, device)}</span>
      {waiting > 0 && <span>{trans.__('%1 waiting for you', waiting)}</span>}
      <Version device={device} />
    </div>
  );
}

function Version(props: { device: IDevice }): React.ReactElement | null {
  const trans = useTrans();
  const { executor_version, latest_version, update_available } = props.device;
  return executor_version ? (
    <>
      <span>v{executor_version}</span>
      {update_available && (
        <span
          className="wegent-Update"
          title={trans.__('This server has %1', latest_version ?? '')}
        >
          {trans.__('update available')}
        </span>
      )}
    </>
  ) : null;
}

function realFirst(agents: readonly IAgent[]): IAgent[] {
  return [...agents].sort((a, b) => Number(a.practice) - Number(b.practice));
}
