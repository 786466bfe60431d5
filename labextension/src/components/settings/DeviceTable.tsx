import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon, editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IDevice } from '../../api/types';
import { Commands } from '../../commands';
import { byMachine } from '../../model/devices';
import { apartWord, executorWord, machineName } from '../../model/deviceWords';
import { ago } from '../../model/words';
import { deviceMenu } from '../deviceMenu';
import { DeviceQueue } from '../DeviceQueue';
import { useFace } from '../face';
import { useNow, useValue } from '../hooks';
import { IconButton } from '../IconButton';
import { MenuButton, openMenu } from '../menu';
import { StarToggle } from '../StarToggle';
import { DeviceState } from '../State';
import { TerminalButton } from '../TerminalButton';

const COLUMNS = 7;

/** Devices of one group, the executors of one machine together. */
export function DeviceTable(props: {
  devices: readonly IDevice[];
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const all = useValue(gateway.devices);
  const now = useNow(30_000);
  return (
    <table className="wegent-Table wegent-mod-devices">
      <thead>
        <tr>
          <th>{trans.__('Name')}</th>
          <th>{trans.__('Status')}</th>
          <th title={trans.__('In use, and in all')}>{trans.__('Slots')}</th>
          <th>{trans.__('Version')}</th>
          <th>{trans.__('Last seen')}</th>
          <th>{trans.__('Address')}</th>
          <th>
            <span className="jp-sr-only">{trans.__('Actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {byMachine(props.devices).flatMap(({ devices }) =>
          devices.map(device => (
            <DeviceLine
              key={device.device_id}
              device={device}
              now={now}
              apart={apartWord(trans, all, device)}
              machine={devices.length > 1 ? machineName(trans, devices) : null}
            />
          ))
        )}
      </tbody>
    </table>
  );
}

function DeviceLine(props: {
  device: IDevice;
  now: number;
  /** What tells it from others. */
  apart: string;
  /** The name of a machine with more than one executor. */
  machine: string | null;
}): React.ReactElement {
  const { trans, commands } = useFace();
  const { device, now, apart, machine } = props;
  const queued = device.queued > 0;
  return (
    <>
      <tr
        className={queued ? 'wegent-mod-open' : undefined}
        data-device-id={device.device_id}
        data-status={device.status}
        onContextMenu={event => {
          event.preventDefault();
          event.stopPropagation();
          openMenu(commands, deviceMenu(device), event);
        }}
      >
        <th scope="row">
          <div className="wegent-RowTop">
            <StarToggle device={device} />
            <span>
              <span className="wegent-Title">{device.name}</span>
              <span className="wegent-Small">
                {about(trans, device, apart, machine)}
              </span>
            </span>
          </div>
        </th>
        <td>
          <DeviceState device={device} />
          {device.problem && (
            <div className="wegent-Reason">{device.problem}</div>
          )}
        </td>
        <td>
          {device.slot_used}/{device.slot_max}
        </td>
        <td>
          {device.executor_version ?? '–'}
          {device.update_available && (
            <div className="wegent-Small">
              {trans.__('%1 available', device.latest_version ?? '')}
            </div>
          )}
        </td>
        <td>{lastSeen(trans, device, now)}</td>
        <td>{device.client_ip ?? '–'}</td>
        <td>
          <Actions device={device} />
        </td>
      </tr>
      {queued && (
        <tr>
          <td colSpan={COLUMNS} className="wegent-TableQueue">
            <DeviceQueue device={device} />
          </td>
        </tr>
      )}
    </>
  );
}

function Actions(props: { device: IDevice }): React.ReactElement {
  const { trans, commands } = useFace();
  const { device } = props;
  const args = { device: device.device_id };
  return (
    <div className="wegent-Row">
      <TerminalButton
        device={device}
        label={trans.__('Open a terminal on %1', device.name)}
      />
      <IconButton
        icon={editIcon}
        label={trans.__('Rename %1', device.name)}
        onClick={() => void commands.execute(Commands.renameDevice, args)}
      />
      {!device.embedded && (
        <IconButton
          icon={deleteIcon}
          label={trans.__('Delete %1', device.name)}
          onClick={() => void commands.execute(Commands.deleteDevice, args)}
        />
      )}
      <MenuButton
        label={trans.__('More about %1', device.name)}
        items={() => deviceMenu(device)}
      />
    </div>
  );
}

/** What the name alone does not tell. */
function about(
  trans: TranslationBundle,
  device: IDevice,
  apart: string,
  machine: string | null
): string {
  const { name, reported_name } = device;
  return [
    reported_name && reported_name !== name ? reported_name : '',
    machine === null
      ? apart
      : trans.__('%1 on %2', executorWord(trans, device), machine)
  ]
    .filter(Boolean)
    .join(', ');
}

function lastSeen(
  trans: TranslationBundle,
  { last_heartbeat }: IDevice,
  now: number
): string {
  return last_heartbeat ? ago(trans, last_heartbeat, now) : '–';
}
