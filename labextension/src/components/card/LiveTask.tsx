import * as React from 'react';

import type { ITask, ITurn } from '../../api/types';
import type { TaskSession } from '../../model/session';
import { currentShown, holdsSlot, isFinal } from '../../model/states';
import type { IShownTurn } from '../../model/transcript';
import { modeHelp, modeWord } from '../../model/words';
import { WorkspaceContext } from '../DiffView';
import { Disclosure } from '../Disclosure';
import { useFace } from '../face';
import { useAgentName, useDevice, useFrameValue, useValue } from '../hooks';
import { GatewayNotice } from '../GatewayNotice';
import { Thrown } from '../Problem';
import { Reply } from '../Reply';
import { State } from '../State';
import { Away, Elapsed, QueueFacts, Stop } from '../TaskHeader';
import { Transcript } from '../Transcript';
import { CardHeader, OpenTask } from './CardHeader';

interface ILiveTaskProps {
  session: TaskSession;
  /** As it was first told, for as long as no list has it. */
  task: ITask;
  /** Null: all turns. */
  turnId: number | null;
}

/** The task as it is now, with all that can be done about it. */
export function LiveTask(props: ILiveTaskProps): React.ReactElement {
  const { gateway, trans } = useFace();
  const { session, turnId } = props;
  const known = useValue(gateway.tasks).find(one => one.id === session.taskId);
  const task = known ?? props.task;
  const turns = useFrameValue(session.turns);
  const problem = useValue(session.problem);
  const device = useDevice(task.device_id);
  const agent = device?.agents.find(one => one.id === task.agent);
  const current = currentShown(turns);
  const turn = turnId === null ? current : turnOf(turns, turnId);
  return (
    <>
      <LiveHeader
        task={task}
        turn={turn}
        alone={turnId !== null}
        current={turn?.id === current?.id}
      />
      <GatewayNotice />
      <Thrown error={problem} />
      <WorkspaceContext.Provider value={task.workspace}>
        <Transcript turns={turns} only={turnId} />
      </WorkspaceContext.Provider>
      <Later task={task} turns={turns} turn={turn} />
      <div className="wegent-CardReply">
        <Disclosure open={false} summary={<ReplyWord turn={current} />}>
          <Reply task={task} turn={current} steering={!!agent?.steering} />
          {turnId !== null && (
            <p className="wegent-Hint">
              {trans.__('The answer comes in the task, not in this card.')}
            </p>
          )}
        </Disclosure>
      </div>
    </>
  );
}

function turnOf(turns: readonly IShownTurn[], id: number): ITurn | undefined {
  return turns.find(one => one.turn.id === id)?.turn;
}

function LiveHeader(props: {
  task: ITask;
  turn: ITurn | undefined;
  /** The card is about this turn only. */
  alone: boolean;
  /** That turn is the one that the task is about now. */
  current: boolean;
}): React.ReactElement {
  const { trans } = useFace();
  const { task, turn, alone } = props;
  const device = useDevice(turn?.device_id ?? task.device_id);
  const state = turn?.state ?? task.state;
  const agentName = useAgentName(
    turn?.device_id ?? task.device_id,
    turn?.agent ?? task.agent
  );
  const mode = turn?.mode ?? task.mode;
  const practice = turn?.practice ?? task.practice;
  const header = { task, turn, device, agentName };
  return (
    <CardHeader
      title={task.title}
      shows={props.current ? task.id : undefined}
      practice={alone ? practice : practice || task.practice}
      tools={
        <>
          {!isFinal(state) && <Stop task={task} turn={turn} />}
          <OpenTask id={task.id} />
        </>
      }
      facts={
        <>
          <State
            state={state}
            cancelling={turn?.cancelling ?? task.cancelling}
            waiting={task.waiting > 0}
          />
          {turn && holdsSlot(turn.state) && <Elapsed turn={turn} />}
          <QueueFacts {...header} />
          <span>{device?.name ?? trans.__('unknown device')}</span>
          <span>{agentName}</span>
          <span title={modeHelp(trans, mode)}>{modeWord(trans, mode)}</span>
        </>
      }
    >
      <Away {...header} />
    </CardHeader>
  );
}

/** Messages that came after the one that the card is about. */
function Later(props: {
  task: ITask;
  turns: readonly IShownTurn[];
  turn: ITurn | undefined;
}): React.ReactElement | null {
  const { trans } = useFace();
  const { task, turns, turn } = props;
  const count = turn
    ? turns.filter(one => one.turn.number > turn.number).length
    : 0;
  return count > 0 ? (
    <div className="wegent-CardNote">
      <span>
        {trans._n(
          'The task went on: %1 later message.',
          'The task went on: %1 later messages.',
          count
        )}
      </span>
      <OpenTask id={task.id} text={trans.__('See it in the task')} />
    </div>
  ) : null;
}

function ReplyWord(props: { turn: ITurn | undefined }): React.ReactElement {
  const { trans } = useFace();
  const running = props.turn !== undefined && !isFinal(props.turn.state);
  return (
    <span>{running ? trans.__('Reply or steer') : trans.__('Reply')}</span>
  );
}
