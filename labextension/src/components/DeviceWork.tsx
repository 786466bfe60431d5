import * as React from 'react';

import type { IDevice, IRunningTask } from '../api/types';
import { Commands } from '../commands';
import { workWord } from '../model/deviceWords';
import { useFace, useTrans } from './face';

/** More are counted only. */
const SHOWN = 5;

/** What a device is busy with, each of it a way to the task. */
export function DeviceWork(props: {
  device: IDevice;
}): React.ReactElement | null {
  const trans = useTrans();
  const { device } = props;
  const tasks = waitingFirst(device.running_tasks);
  const more = tasks.length - SHOWN;
  if (tasks.length === 0) {
    return null;
  }
  return (
    <ul
      className="wegent-List wegent-Work"
      aria-label={trans.__('Running on %1', device.name)}
    >
      {tasks.slice(0, SHOWN).map(task => (
        <Work key={task.subtask_id} task={task} />
      ))}
      {more > 0 && <li>{trans.__('and %1 more', more)}</li>}
    </ul>
  );
}

function Work(props: { task: IRunningTask }): React.ReactElement {
  const { trans, commands } = useFace();
  const { task } = props;
  return (
    <li data-waiting={task.waiting}>
      <button
        type="button"
        className="wegent-NeedTask"
        title={trans.__('Show the task %1', task.title)}
        onClick={() =>
          void commands.execute(Commands.openTask, { id: task.task_id })
        }
      >
        {task.title}
      </button>
      <span>{workWord(trans, task)}</span>
    </li>
  );
}

function waitingFirst(tasks: readonly IRunningTask[]): IRunningTask[] {
  return [...tasks].sort((a, b) => Number(b.waiting) - Number(a.waiting));
}
