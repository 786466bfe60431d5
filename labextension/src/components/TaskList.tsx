import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IDevice, ITask } from '../api/types';
import { Commands } from '../commands';
import { isFinal } from '../model/states';
import { inOrder } from '../model/tasks';
import { ago, queueWord, reasonWord } from '../model/words';
import { queueMenu } from './deviceMenu';
import { Empty } from './Empty';
import { useFace } from './face';
import { useAction, useNow, useValue } from './hooks';
import { IconButton } from './IconButton';
import { List } from './List';
import { MenuButton } from './menu';
import { Thrown } from './Problem';
import { State } from './State';

/** How many tasks the gateway tells of by itself. */
const PAGE = 50;

/** The tasks, newest activity first. */
export function TaskList(): React.ReactElement {
  const { gateway, trans } = useFace();
  const tasks = useValue(gateway.tasks);
  const devices = useValue(gateway.devices);
  const now = useNow(30_000);
  const [order, hold] = useHeldOrder(tasks);
  if (tasks.length === 0) {
    return (
      <Empty
        text={trans.__('No tasks yet. Write a message above and press Enter.')}
      />
    );
  }
  return (
    <>
      <List {...hold}>
        {order.map(task => (
          <TaskRow
            key={task.id}
            task={task}
            device={devices.find(one => one.device_id === task.device_id)}
            now={now}
          />
        ))}
      </List>
      {tasks.length >= PAGE && <Older shown={tasks.length} />}
    </>
  );
}

/** Rows stay where they are while the pointer or the focus is among them: none slips under a click. */
function useHeldOrder(
  tasks: readonly ITask[]
): [readonly ITask[], React.HTMLAttributes<HTMLElement>] {
  const [held, setHeld] = React.useState<readonly number[] | null>(null);
  const hold = (): void => setHeld(held ?? tasks.map(task => task.id));
  const free = (event: React.SyntheticEvent<HTMLElement>): void => {
    if (!event.currentTarget.matches(':hover, :focus-within')) {
      setHeld(null);
    }
  };
  return [
    held ? inOrder(tasks, held) : tasks,
    { onPointerEnter: hold, onFocus: hold, onPointerLeave: free, onBlur: free }
  ];
}

interface ITaskRowProps {
  task: ITask;
  device: IDevice | undefined;
  now: number;
}

const TaskRow = React.memo(function TaskRow(props: ITaskRowProps) {
  const { gateway, trans, commands } = useFace();
  const { task } = props;
  const { busy, problem, run } = useAction();
  return (
    <li className="wegent-TaskRow" data-task-id={task.id}>
      <div className="wegent-RowTop">
        <button
          type="button"
          className="wegent-RowMain"
          title={task.title}
          onClick={() =>
            void commands.execute(Commands.openTask, { id: task.id })
          }
        >
          <span className="wegent-TitleLine">
            <span className="wegent-Title">{task.title}</span>
            {task.practice && (
              <span className="wegent-Tag">{trans.__('PRACTICE')}</span>
            )}
          </span>
          <TaskFacts {...props} />
        </button>
        {task.queue_position !== null && (
          <MenuButton
            label={trans.__('Place of %1', task.title)}
            items={() => queueMenu(task)}
          />
        )}
        {!isFinal(task.state) && (
          <IconButton
            icon={stopIcon}
            label={trans.__('Stop')}
            title={trans.__('Stop %1', task.title)}
            disabled={busy || task.cancelling}
            onClick={() => run(() => gateway.stop(task.id))}
          />
        )}
      </div>
      {task.state === 'failed' && task.error && (
        <div className="wegent-Reason">{task.error.message}</div>
      )}
      <Thrown error={problem} />
    </li>
  );
});

function TaskFacts({ task, device, now }: ITaskRowProps): React.ReactElement {
  const { trans } = useFace();
  const facts = [
    task.state === 'queued' && !task.paused ? queueWord(trans, task) : '',
    device?.name ?? trans.__('unknown device'),
    isFinal(task.state) ? ago(trans, task.updated_at, now) : '',
    task.state === 'queued' ? reasonWord(trans, task.queue_reason) : ''
  ];
  return (
    <span className="wegent-Facts">
      <State
        state={task.state}
        cancelling={task.cancelling}
        waiting={task.waiting > 0}
        word={task.paused ? trans.__('Paused') : undefined}
      />
      {facts.filter(Boolean).map(fact => (
        <span key={fact}>{fact}</span>
      ))}
    </span>
  );
}

function Older(props: { shown: number }): React.ReactElement | null {
  const { gateway, trans } = useFace();
  const [total, setTotal] = React.useState(Infinity);
  const { busy, problem, run } = useAction();
  if (props.shown >= total) {
    return null;
  }
  return (
    <div className="wegent-Older">
      <button
        type="button"
        className="wegent-Button"
        disabled={busy}
        onClick={() => run(async () => setTotal(await gateway.loadOlder()))}
      >
        {trans.__('Show older tasks')}
      </button>
      <Thrown error={problem} />
    </div>
  );
}
