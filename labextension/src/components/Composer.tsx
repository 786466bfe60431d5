import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IAgent, IDevice, Mode } from '../api/types';
import { Commands } from '../commands';
import { chooseAgent, chooseDevice, pickable, usable } from '../model/choices';
import { present } from '../model/devices';
import type { Observable } from '../model/observable';
import { modeHelp } from '../model/words';
import { shortPath } from '../model/workspace';
import type { IWegentSettings } from '../tokens';
import { useFace } from './face';
import { useValue } from './hooks';
import { MessageBox } from './MessageBox';
import { ModeSelect } from './ModeSelect';
import { PracticeBand } from './PracticeBand';
import { Select, type IOption } from './Select';

interface IComposerProps {
  settings: IWegentSettings;
  /** The folder that the file browser shows, as the server names it; null when there is none. */
  folder: Observable<string | null>;
}

/** Writes the first message of a task and chooses who answers it, where. */
export function Composer(props: IComposerProps): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const devices = useValue(gateway.devices);
  const settings = useValue(props.settings);
  const browsed = useValue(props.folder);
  const [pickedDevice, pickDevice] = React.useState<string | null>(null);
  const [pickedAgent, pickAgent] = React.useState<string | null>(null);
  const [pickedMode, pickMode] = React.useState<Mode | null>(null);
  const [newFolder, setNewFolder] = React.useState(false);

  const device = chooseDevice(devices, pickedDevice);
  const agents = pickable(device);
  const agent = chooseAgent(agents, pickedAgent, settings.defaultAgent);
  const mode = pickedMode ?? settings.defaultMode;
  const folder = device?.embedded ? browsed : null;
  const path = newFolder ? null : folder;

  const send = async (prompt: string): Promise<void> => {
    const task = await gateway.createTask({
      prompt,
      agent: agent?.id ?? '',
      mode,
      device_id: device?.device_id,
      workspace: path === null ? {} : { path }
    });
    await commands.execute(Commands.openTask, { id: task.id });
  };

  return (
    <div className="wegent-Composer">
      <MessageBox
        label={trans.__('Message')}
        placeholder={trans.__('Ask an agent… (Enter sends)')}
        blocked={blocked(trans, device, agent)}
        send={send}
        footer={
          <>
            <ModeSelect mode={mode} onPick={pickMode} />
            <Select
              label={trans.__('Workspace')}
              title={path ?? newFolderTitle(trans, device)}
              value={path === null ? 'new' : 'browsed'}
              options={workspaceOptions(trans, folder)}
              onPick={value => setNewFolder(value === 'new')}
            />
          </>
        }
      >
        <div className="wegent-Row">
          <Select
            label={trans.__('Device')}
            value={device?.device_id ?? ''}
            options={devices.map(one => deviceOption(trans, one))}
            onPick={pickDevice}
          />
          <Select
            label={trans.__('Agent')}
            value={agent?.id ?? ''}
            options={agentOptions(trans, agents, agent)}
            onPick={pickAgent}
          />
        </div>
      </MessageBox>
      <p className="wegent-Hint wegent-Small">{modeHelp(trans, mode)}</p>
      {agent?.practice && <PracticeBand />}
      {device && !present(device) && (
        <p className="wegent-Hint">
          {trans.__(
            '%1 is away: the task waits until it is back.',
            device.name
          )}
        </p>
      )}
    </div>
  );
}

function blocked(
  trans: TranslationBundle,
  device: IDevice | undefined,
  agent: IAgent | undefined
): string | null {
  if (!device) {
    return trans.__('There is no device yet');
  }
  return agent ? null : trans.__('No agent is ready on %1', device.name);
}

function deviceOption(trans: TranslationBundle, device: IDevice): IOption {
  return {
    value: device.device_id,
    label: present(device) ? device.name : trans.__('%1 (away)', device.name)
  };
}

function agentOptions(
  trans: TranslationBundle,
  agents: readonly IAgent[],
  chosen: IAgent | undefined
): IOption[] {
  const options = agents.map(agent => ({
    value: agent.id,
    label: agentLabel(trans, agent),
    disabled: !agent.ready
  }));
  const none = { value: '', label: trans.__('No agent ready'), disabled: true };
  return chosen ? options : [none, ...options];
}

function agentLabel(trans: TranslationBundle, agent: IAgent): string {
  if (!agent.ready) {
    return trans.__('%1 (not ready)', agent.name);
  }
  return usable(agent)
    ? agent.name
    : trans.__('%1 (not logged in)', agent.name);
}

function workspaceOptions(
  trans: TranslationBundle,
  folder: string | null
): IOption[] {
  const fresh = { value: 'new', label: trans.__('in a new chat folder') };
  return folder === null
    ? [fresh]
    : [
        {
          value: 'browsed',
          label: trans.__('in %1', shortPath(folder)),
          title: folder
        },
        fresh
      ];
}

function newFolderTitle(
  trans: TranslationBundle,
  device: IDevice | undefined
): string {
  return device?.workspace_root
    ? trans.__('A new folder in %1', device.workspace_root)
    : trans.__('A new folder on the device');
}
