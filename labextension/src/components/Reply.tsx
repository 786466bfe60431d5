import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { IContextItem } from '../api/context';
import type { IAgent, IDevice, ITask, ITurn, Mode } from '../api/types';
import { chooseAgent, pickable, type Issued } from '../model/choices';
import { promptOf } from '../model/comments';
import { issuedKinds, replyOptions } from '../model/modelMenu';
import { boundTo } from '../model/projects';
import { skillPlace } from '../model/skillSearch';
import { isFinal } from '../model/states';
import { AgentPicker } from './AgentPicker';
import { PendingComments } from './changes/PendingComments';
import { DeviceHint } from './DeviceHint';
import { DevicePicker } from './DevicePicker';
import { useFace } from './face';
import { useDevice, useValue } from './hooks';
import { MessageBox } from './MessageBox';
import { ModelSelect } from './ModelSelect';
import { ModeSelect } from './ModeSelect';
import { useWorkspaceChoice } from './workspaceChoice';

/** As this computer's keyboard calls them. */
const STEER_KEYS = CommandRegistry.formatKeystroke('Accel Enter');

interface IReplyProps {
  task: ITask;
  turn: ITurn | undefined;
  /** The agent takes messages while it works. */
  steering: boolean;
}

/** Writes the next message, or one for the agent that works; the next may go to another device. */
export function Reply(props: IReplyProps): React.ReactElement {
  const { gateway, trans } = useFace();
  const { task, turn } = props;
  const running = turn !== undefined && !isFinal(turn.state);
  const [picked, pick] = React.useState<Mode | null>(null);
  const [pickedDevice, pickDevice] = React.useState<string | null>(null);
  const [pickedAgent, pickAgent] = React.useState<string | null>(null);
  const [pickedModel, pickModel] = React.useState<string | null>(null);
  const mode = picked ?? task.mode;
  const device = useDevice(pickedDevice ?? task.device_id);
  const project = boundTo(task, useValue(gateway.projects));
  const moved = device !== undefined && device.device_id !== task.device_id;
  const menu = useValue(gateway.modelMenu);
  const issued = issuedKinds(menu);
  const agents = device ? agentsFor(device, task.agent, issued) : [];
  const agent = chooseAgent(
    agents,
    pickedAgent ?? task.agent,
    task.agent,
    issued
  );
  const own = agents.find(one => one.id === task.agent);
  // Another agent cannot use the model of the one before.
  const changed = moved && agent !== undefined && agent !== own;
  const current = changed ? null : task.model;
  const models = replyOptions(trans, menu, changed ? agent : own, current);
  const model =
    models.find(one => one.value === pickedModel)?.value ?? current ?? '';
  const place = useWorkspaceChoice({
    device,
    browsed: null,
    own: {
      value: 'device',
      label: trans.__('in its folder there'),
      title: trans.__(
        'Where this task ran there before, else a new chat folder'
      )
    }
  });
  const path = moved ? place.workspace.path : task.workspace;
  const steerable = props.steering && turn?.state === 'running' && !moved;

  const comments = useValue(gateway.comments.of(task.id));

  const send = async (
    text: string,
    attachments: number[],
    context: readonly IContextItem[]
  ): Promise<void> => {
    const prompt = promptOf(trans, text, comments);
    const elsewhere = moved && {
      device_id: device.device_id,
      agent: agent?.id,
      workspace: place.workspace.path ? place.workspace : undefined
    };
    await gateway.rest.createTurn(task.id, {
      prompt,
      mode,
      attachments,
      context,
      ...(model !== (task.model ?? '') ? { model } : {}),
      ...elsewhere
    });
    gateway.comments.remove(task.id, comments);
    pickDevice(null);
    pickAgent(null);
    pickModel(null);
  };

  return (
    <div className="wegent-Reply">
      <MessageBox
        label={trans.__('Reply')}
        placeholder={placeholder(trans, task, running, steerable)}
        blocked={moved ? blocked(trans, device, agent, place.missing) : null}
        sendWord={running ? trans.__('Queue') : undefined}
        other={
          steerable
            ? {
                word: trans.__('Steer'),
                title: trans.__(
                  'Tell the agent now, while it works (%1)',
                  STEER_KEYS
                ),
                send: async text => {
                  await gateway.rest.steer(task.id, text);
                }
              }
            : undefined
        }
        send={send}
        files={device && path ? { deviceId: device.device_id, path } : null}
        skills={skillPlace(device, agent, path ?? null)}
        above={
          comments.length > 0 && (
            <PendingComments
              comments={comments}
              onRemove={one => gateway.comments.remove(task.id, [one])}
            />
          )
        }
        footer={
          <>
            <DevicePicker
              device={device}
              onPick={pickDevice}
              fixed={
                project &&
                trans.__('Tasks of %1 run on its device.', project.name)
              }
            />
            <ModelSelect options={models} model={model} onPick={pickModel} />
            <ModeSelect mode={mode} onPick={pick} />
          </>
        }
      >
        {device && <DeviceHint device={device} onPick={pickDevice} />}
        {moved && (
          <div className="wegent-Moved">
            <p>
              {trans.__(
                'A fresh session on %1. What was said goes along, files do not travel.',
                device.name
              )}
            </p>
            <div className="wegent-Row">
              <AgentPicker
                {...{ agents, agent, device, issued }}
                onPick={pickAgent}
              />
              {place.select}
            </div>
            {place.field}
          </div>
        )}
      </MessageBox>
    </div>
  );
}

/** What can be picked on a device, and the task's own agent in any case. */
function agentsFor(device: IDevice, own: string, issued: Issued): IAgent[] {
  const offered = pickable(device, issued);
  return device.agents.filter(one => one.id === own || offered.includes(one));
}

function blocked(
  trans: TranslationBundle,
  device: IDevice,
  agent: IAgent | undefined,
  noFolder: boolean
): string | null {
  if (noFolder) {
    return trans.__('Say in which folder');
  }
  return agent ? null : trans.__('No agent is ready on %1', device.name);
}

function placeholder(
  trans: TranslationBundle,
  task: ITask,
  running: boolean,
  steerable: boolean
): string {
  if (task.paused) {
    return trans.__('Reply… (queued behind the messages that wait)');
  }
  if (steerable) {
    return trans.__('Reply, or steer while it runs…');
  }
  return running
    ? trans.__('Reply… (queued next, starts when this answer is done)')
    : trans.__('Reply…');
}
