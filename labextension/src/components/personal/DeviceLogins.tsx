import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import {
  CODEX,
  type IDeviceAuth,
  type IDeviceAuthList
} from '../../api/personal';
import type { IAgent, IDevice } from '../../api/types';
import { Commands } from '../../commands';
import { doneIcon, failedIcon, ringIcon } from '../../icons';
import { agentState } from '../../model/agentWords';
import { usable } from '../../model/choices';
import { present } from '../../model/devices';
import type { ILoaded } from '../../model/loaded';
import { fileWord, type Sign } from '../../model/personalWords';
import { unhidden } from '../../model/text';
import { AgentHelp } from '../AgentHelp';
import { AgentMark } from '../AgentLine';
import { useFace } from '../face';
import { useDevice, useLoaded, useNow, useValue } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { DeviceState, Mark } from '../State';

const SIGNS: Record<Sign, [state: string, icon: LabIcon]> = {
  good: ['completed', doneIcon],
  busy: ['in_progress', ringIcon],
  none: ['queued', ringIcon],
  bad: ['failed', failedIcon]
};

/** The login file on each device, asked for again when something about it may have changed. */
export function useDeviceLogins(): ILoaded<IDeviceAuthList> {
  const { gateway } = useFace();
  const rest = gateway.personalRest;
  const load = React.useCallback(() => rest.codexDevices(), [rest]);
  const { codex } = useValue(gateway.news);
  const devices = useValue(gateway.devices);
  return useLoaded(load, `${codex} ${reported(devices)}`);
}

/** The devices with Codex: whether they have a login, and what gives them one. */
export function DeviceLogins(props: {
  logins: ILoaded<IDeviceAuthList>;
  /** Devices without one get the saved one. */
  sends: boolean;
}): React.ReactElement {
  const { trans } = useFace();
  const { value, problem } = props.logins;
  return (
    <>
      <Thrown error={problem} />
      {value && value.items.length > 0 && (
        <table className="wegent-Table wegent-mod-logins">
          <thead>
            <tr>
              <th>{trans.__('Device')}</th>
              <th>{trans.__('Codex')}</th>
              <th>{trans.__('Login file')}</th>
              <th>
                <span className="jp-sr-only">{trans.__('Actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {value.items.map(auth => (
              <Line key={auth.device_id} auth={auth} sends={props.sends} />
            ))}
          </tbody>
        </table>
      )}
      {value?.items.length === 0 && (
        <p className="wegent-Hint">
          {trans.__('No device has told yet whether it can run Codex.')}
        </p>
      )}
    </>
  );
}

function Line(props: {
  auth: IDeviceAuth;
  sends: boolean;
}): React.ReactElement {
  const { trans } = useFace();
  const { auth, sends } = props;
  const device = useDevice(auth.device_id);
  const agent = device?.agents.find(one => one.id === CODEX);
  const now = useNow(30_000);
  const file = fileWord(trans, auth, now, sends);
  const [state, icon] = SIGNS[file.sign];
  return (
    <tr data-device-id={auth.device_id} data-status={device?.status}>
      <th scope="row">
        <span className="wegent-Title">
          {device?.name ?? unhidden(auth.name)}
        </span>
        {device && <DeviceState device={device} />}
      </th>
      <td>
        {agent ? (
          <span
            className="wegent-State"
            data-state={usable(agent) ? 'completed' : 'queued'}
          >
            <AgentMark agent={agent} />
            {agentState(trans, agent)}
          </span>
        ) : (
          '–'
        )}
      </td>
      <td data-file={auth.status}>
        <Mark state={state} icon={icon} word={file.word} />
        {auth.target_path && (
          <div className="wegent-Small">{unhidden(auth.target_path)}</div>
        )}
        {auth.error && (
          <div className="wegent-Wrong">{unhidden(auth.error)}</div>
        )}
      </td>
      <td>{device && agent && <LogIn device={device} agent={agent} />}</td>
    </tr>
  );
}

/** Logs Codex in there, or says what it lacks. */
function LogIn(props: {
  device: IDevice;
  agent: IAgent;
}): React.ReactElement | null {
  const { trans, commands } = useFace();
  const { device, agent } = props;
  if (usable(agent)) {
    return null;
  }
  if (!agent.ready || !agent.device_login) {
    return <AgentHelp agent={agent} device={device} />;
  }
  const away = !present(device);
  return (
    <PushButton
      accent
      text={trans.__('Log in…')}
      title={
        away
          ? trans.__('%1 is not online', device.name)
          : trans.__('Log in to %1 on %2', agent.name, device.name)
      }
      disabled={away}
      onClick={() =>
        void commands.execute(Commands.logIn, {
          device: device.device_id,
          agent: agent.id
        })
      }
    />
  );
}

/** What of the devices changes what the gateway says of their logins. */
function reported(devices: readonly IDevice[]): string {
  return devices
    .map(device => {
      const codex = device.agents.find(one => one.id === CODEX);
      return `${device.device_id} ${device.status} ${codex?.logged_in}`;
    })
    .join();
}
