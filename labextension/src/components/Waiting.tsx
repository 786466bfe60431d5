import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ITask, ITurn } from '../api/types';
import { placeWord, reasonWord } from '../model/words';
import { queueMenu } from './deviceMenu';
import { useFace } from './face';
import { useAction, useDevice, useValue } from './hooks';
import { IconButton } from './IconButton';
import { MenuButton } from './menu';
import { Thrown } from './Problem';
import { PushButton } from './PushButton';
import { State } from './State';

interface IWaitingProps {
  turn: ITurn;
  /** An earlier turn runs, so that this one waits for it. */
  next: boolean;
}

/** A message that waits: its place, why, and what can be done about it. */
export function Waiting({ turn, next }: IWaitingProps): React.ReactElement {
  const { gateway, trans } = useFace();
  const tasks = useValue(gateway.tasks);
  const task = tasks.find(one => one.id === turn.task_id);
  const { busy, problem, run } = useAction();
  return (
    <div className="wegent-TurnEnd">
      <div className="wegent-Facts">
        <State
          state={turn.state}
          cancelling={turn.cancelling}
          word={stateWord()}
        />
        <Why turn={turn} next={next} task={task} />
        <IconButton
          icon={closeIcon}
          label={trans.__('Remove from the queue')}
          disabled={busy || turn.cancelling}
          onClick={() => run(() => gateway.stop(turn.task_id, turn.id))}
        />
        {task && (
          <MenuButton
            label={trans.__('Place in the queue')}
            items={() => queueMenu(task, turnOf(turn, task))}
          />
        )}
      </div>
      {task?.paused && (
        <div className="wegent-Buttons">
          <PushButton
            text={trans.__('Go on')}
            title={trans.__('Let the messages that wait run')}
            disabled={busy}
            onClick={() =>
              run(async () => {
                await gateway.rest.resume(turn.task_id);
              })
            }
          />
        </div>
      )}
      <Thrown error={problem} />
    </div>
  );

  function stateWord(): string | undefined {
    if (task?.paused) {
      return trans.__('Paused');
    }
    return next ? trans.__('Queued next') : undefined;
  }
}

function Why(
  props: IWaitingProps & { task: ITask | undefined }
): React.ReactElement {
  const { trans } = useFace();
  const { turn, next, task } = props;
  const device = useDevice(turn.device_id);
  if (task?.paused) {
    return <span>{reasonWord(trans, 'paused')}</span>;
  }
  if (next) {
    return <span>{trans.__('starts when the answer above is done')}</span>;
  }
  const place = task?.queue_position ?? null;
  return (
    <>
      {place !== null && <span>{placeWord(trans, place)}</span>}
      <span>
        {task?.queue_reason === 'offline' && device
          ? trans.__('%1 is offline', device.name)
          : reasonWord(trans, task?.queue_reason ?? null) ||
            trans.__('waits for a free slot')}
      </span>
    </>
  );
}

function turnOf(
  turn: ITurn,
  task: ITask
): { id: number; position: number | null } {
  return { id: turn.id, position: task.turns > 1 ? null : task.queue_position };
}
