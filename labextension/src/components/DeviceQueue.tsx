import * as React from 'react';

import type { IQueuedTurn } from '../api/managing';
import type { IDevice, ITask } from '../api/types';
import { Commands } from '../commands';
import { reasonWord } from '../model/words';
import { queueMenu } from './deviceMenu';
import { Disclosure } from './Disclosure';
import { useFace } from './face';
import { useLoaded, useValue } from './hooks';
import { MenuButton } from './menu';
import { Thrown } from './Problem';

/** What waits for a device, closed until somebody looks. */
export function DeviceQueue(props: { device: IDevice }): React.ReactElement {
  const { trans } = useFace();
  const { device } = props;
  return (
    <div className="wegent-Queue">
      <Disclosure open={false} summary={trans.__('%1 queued', device.queued)}>
        <Queue device={device} />
      </Disclosure>
    </div>
  );
}

function Queue(props: { device: IDevice }): React.ReactElement {
  const { gateway } = useFace();
  const { device_id, queued } = props.device;
  const tasks = useValue(gateway.tasks);
  const state = stateOf(tasks, device_id) + String(queued);
  const load = React.useCallback(
    () => gateway.deviceRest.queue(device_id),
    [gateway, device_id]
  );
  const { value, problem } = useLoaded(load, state);
  return (
    <>
      <ol>
        {value?.items.map(item => (
          <Queued
            key={item.turn.id}
            item={item}
            task={tasks.find(one => one.id === item.turn.task_id)}
          />
        ))}
      </ol>
      <Thrown error={problem} />
    </>
  );
}

function Queued(props: {
  item: IQueuedTurn;
  task: ITask | undefined;
}): React.ReactElement {
  const { trans, commands } = useFace();
  const { item, task } = props;
  const { turn, position } = item;
  return (
    <li className="wegent-Queued" data-turn-id={turn.id}>
      <span className="wegent-Place">{position}</span>
      <div>
        <button
          type="button"
          className="wegent-NeedTask"
          title={turn.prompt}
          onClick={() =>
            void commands.execute(Commands.openTask, { id: turn.task_id })
          }
        >
          {item.task_title}
        </button>
        <div className="wegent-Small">{reasonWord(trans, item.reason)}</div>
      </div>
      {task && (
        <MenuButton
          label={trans.__('Place of %1', item.task_title)}
          items={() => queueMenu(task, { id: turn.id, position })}
        />
      )}
    </li>
  );
}

/** What of the tasks tells that a queue is another one than before. */
function stateOf(tasks: readonly ITask[], deviceId: string): string {
  return tasks
    .filter(task => task.device_id === deviceId && task.queue_position !== null)
    .map(task => `${task.id} ${task.queue_position} ${task.queue_reason}`)
    .join();
}
