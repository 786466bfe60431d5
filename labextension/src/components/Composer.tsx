import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IContextItem } from '../api/context';
import type { IAgent, IDevice, Mode } from '../api/types';
import { Commands } from '../commands';
import type { Aim } from '../model/aim';
import { chooseAgent, chooseDevice, pickable, usable } from '../model/choices';
import { hasOurFiles } from '../model/devices';
import { chooseModel, issuedKinds, modelOptions } from '../model/modelMenu';
import type { Observable } from '../model/observable';
import { onDevice } from '../model/projects';
import { noWorktree } from '../model/projectWords';
import { skillPlace } from '../model/skillSearch';
import { modeHelp } from '../model/words';
import type { IWegentSettings } from '../tokens';
import { AgentHint } from './AgentHint';
import { AgentPicker } from './AgentPicker';
import { DeviceHint } from './DeviceHint';
import { DevicePicker } from './DevicePicker';
import { useFace } from './face';
import { useValue } from './hooks';
import { MessageBox } from './MessageBox';
import { ModelSelect } from './ModelSelect';
import { ModeSelect } from './ModeSelect';
import { PracticeBand } from './PracticeBand';
import { SharingHint } from './projects/SharingHint';
import { WorktreeCheck } from './projects/WorktreeCheck';
import { useWorkspaceChoice } from './workspaceChoice';

interface IComposerProps {
  settings: IWegentSettings;
  /** The folder that the file browser shows, as the server names it; null when there is none. */
  folder: Observable<string | null>;
  aim: Aim;
}

/** Writes the first message of a task and chooses who answers it, where. */
export function Composer(props: IComposerProps): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const devices = useValue(gateway.devices);
  const settings = useValue(props.settings);
  const browsed = useValue(props.folder);
  const projects = useValue(gateway.projects);
  const { aim } = props;
  const pickDevice = (id: string): void => aim.device.set(id);
  const [wantsWorktree, wantWorktree] = React.useState(false);
  const [pickedAgent, pickAgent] = React.useState<string | null>(null);
  const [pickedModel, pickModel] = React.useState<string | null>(null);
  const [pickedMode, pickMode] = React.useState<Mode | null>(null);

  const device = chooseDevice(devices, useValue(aim.device));
  const menu = useValue(gateway.modelMenu);
  const issued = issuedKinds(menu);
  const agents = pickable(device, issued);
  const agent = chooseAgent(agents, pickedAgent, settings.defaultAgent, issued);
  const model = chooseModel(menu, agent, pickedModel);
  const mode = pickedMode ?? settings.defaultMode;
  const place = useWorkspaceChoice({
    device,
    browsed: device && hasOurFiles(devices, device) ? browsed : null,
    own: {
      value: 'device',
      label: trans.__('in a new chat folder'),
      title: newFolderTitle(trans, device)
    },
    projects: onDevice(projects, device?.device_id),
    chosen: aim.place
  });
  const noTree = noWorktree(trans, place);
  const worktree = wantsWorktree && !noTree;

  const send = async (
    prompt: string,
    attachments: number[],
    context: readonly IContextItem[]
  ): Promise<void> => {
    const task = await gateway.createTask({
      prompt,
      agent: agent?.id ?? '',
      mode,
      ...(model ? { model } : {}),
      device_id: device?.device_id,
      workspace: { ...place.workspace, ...(worktree ? { worktree } : {}) },
      attachments,
      context,
      ...(place.project ? { project_id: place.project.id } : {})
    });
    await commands.execute(Commands.openTask, { id: task.id });
  };

  return (
    <div className="wegent-Composer">
      <MessageBox
        label={trans.__('Message')}
        placeholder={trans.__('Ask an agent… (Enter sends)')}
        blocked={blocked(trans, device, agent, place.missing)}
        send={send}
        files={
          device && place.directory
            ? { deviceId: device.device_id, path: place.directory }
            : null
        }
        skills={skillPlace(device, agent, place.directory)}
        footer={<ModeSelect mode={mode} onPick={pickMode} />}
      >
        <div className="wegent-Row wegent-mod-wrap">
          <DevicePicker device={device} onPick={pickDevice} />
          <AgentPicker
            {...{ agents, agent, device, issued }}
            onPick={pickAgent}
          />
          <ModelSelect
            options={modelOptions(trans, menu, agent)}
            model={model}
            onPick={pickModel}
          />
        </div>
        <div className="wegent-Row">
          {place.select}
          <WorktreeCheck
            checked={worktree}
            reason={noTree}
            onChange={wantWorktree}
          />
        </div>
        {place.field}
      </MessageBox>
      {device && place.directory && !worktree && (
        <SharingHint
          device={device}
          directory={place.directory}
          onWorktree={noTree ? null : () => wantWorktree(true)}
        />
      )}
      <p className="wegent-Hint wegent-Small">{modeHelp(trans, mode)}</p>
      {agent?.practice && <PracticeBand />}
      {device && agent && !usable(agent, issued) && (
        <AgentHint device={device} agent={agent} />
      )}
      {device && <DeviceHint device={device} onPick={pickDevice} />}
    </div>
  );
}

function blocked(
  trans: TranslationBundle,
  device: IDevice | undefined,
  agent: IAgent | undefined,
  noFolder: boolean
): string | null {
  if (!device) {
    return trans.__('There is no device yet');
  }
  if (noFolder) {
    return trans.__('Say in which folder');
  }
  return agent ? null : trans.__('No agent is ready on %1', device.name);
}

function newFolderTitle(
  trans: TranslationBundle,
  device: IDevice | undefined
): string {
  return device?.workspace_root
    ? trans.__('A new folder in %1', device.workspace_root)
    : trans.__('A new folder on the device');
}
