import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { ITask, ITurn, Mode } from '../api/types';
import { currentShown, isFinal } from '../model/states';
import type { TaskSession } from '../model/session';
import { WorkspaceContext } from './DiffView';
import { useFace } from './face';
import { GatewayNotice } from './GatewayNotice';
import { useFrameValue, useValue } from './hooks';
import { MessageBox } from './MessageBox';
import { ModeSelect } from './ModeSelect';
import { Thrown } from './Problem';
import { TaskHeader } from './TaskHeader';
import { Transcript } from './Transcript';

/** As this computer's keyboard calls them. */
const STEER_KEYS = CommandRegistry.formatKeystroke('Accel Enter');

/** A task: header, transcript, reply. */
export function TaskView(props: { session: TaskSession }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { session } = props;
  const tasks = useValue(gateway.tasks);
  const devices = useValue(gateway.devices);
  const turns = useFrameValue(session.turns);
  const problem = useValue(session.problem);

  const task = tasks.find(one => one.id === session.taskId);
  const device = devices.find(one => one.device_id === task?.device_id);
  const agent = device?.agents.find(one => one.id === task?.agent);
  const agentName = agent?.name ?? task?.agent ?? '';
  const turn = currentShown(turns);
  return (
    <>
      {task && <TaskHeader {...{ task, turn, device, agentName }} />}
      <GatewayNotice />
      <Thrown error={problem} />
      {turns.length === 0 && !problem && (
        <p className="wegent-Empty">{trans.__('Loading…')}</p>
      )}
      <WorkspaceContext.Provider value={task?.workspace ?? null}>
        <Transcript turns={turns} agentName={agentName} />
      </WorkspaceContext.Provider>
      {task && <Reply task={task} turn={turn} steering={!!agent?.steering} />}
    </>
  );
}

interface IReplyProps {
  task: ITask;
  turn: ITurn | undefined;
  /** The agent takes messages while it works. */
  steering: boolean;
}

/** Writes the next message, or one for the agent that works. */
function Reply(props: IReplyProps): React.ReactElement {
  const { gateway, trans } = useFace();
  const { task, turn } = props;
  const running = turn !== undefined && !isFinal(turn.state);
  const steerable = props.steering && turn?.state === 'running';
  const [picked, pick] = React.useState<Mode | null>(null);
  const mode = picked ?? task.mode;
  return (
    <div className="wegent-Reply">
      <MessageBox
        label={trans.__('Reply')}
        placeholder={placeholder(trans, running, steerable)}
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
        send={async prompt => {
          await gateway.rest.createTurn(task.id, { prompt, mode });
        }}
        footer={<ModeSelect mode={mode} onPick={pick} />}
      />
    </div>
  );
}

function placeholder(
  trans: TranslationBundle,
  running: boolean,
  steerable: boolean
): string {
  if (steerable) {
    return trans.__('Reply, or steer while it runs…');
  }
  return running
    ? trans.__('Reply… (queued next, starts when this answer is done)')
    : trans.__('Reply…');
}
