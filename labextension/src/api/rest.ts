import { Caller } from './caller';
import type { IRequeue } from './managing';
import type {
  IApproval,
  ICreatedTask,
  ICreateTask,
  ICreateTurn,
  IDecision,
  ITask,
  ITaskDetail,
  ITaskList,
  ITurn,
  IVersion,
  TaskEvent
} from './types';

/** Tasks and approvals. */
export class Rest extends Caller {
  version(): Promise<IVersion> {
    return this.call('GET', 'version');
  }

  /** Tasks by newest activity, those after `before` in that order. */
  tasks(before: number): Promise<ITaskList> {
    return this.call('GET', `tasks?limit=50&before=${before}`);
  }

  task(id: number): Promise<ITaskDetail> {
    return this.call('GET', `tasks/${id}`);
  }

  /** What happened in a task after a position. */
  events(id: number, afterPos: number): Promise<{ items: TaskEvent[] }> {
    return this.call('GET', `tasks/${id}/events?after_pos=${afterPos}`);
  }

  createTask(task: ICreateTask): Promise<ICreatedTask> {
    return this.call('POST', 'tasks', task);
  }

  createTurn(taskId: number, turn: ICreateTurn): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/turns`, turn);
  }

  cancel(taskId: number, turnId: number): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/cancel`, { turn_id: turnId });
  }

  /** Answer an approval; the first answer wins, later ones fail with 409. */
  decide(id: string, decision: IDecision): Promise<IApproval> {
    return this.call('POST', `approvals/${encodeURIComponent(id)}`, decision);
  }

  /** Say something to the agent while it works. */
  steer(taskId: number, prompt: string): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/steer`, { prompt });
  }

  /** Go on after a turn that failed or was stopped. */
  continueTask(taskId: number): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/continue`, {});
  }

  /** Let the messages of a paused conversation run. */
  resume(taskId: number): Promise<ITask> {
    return this.call('POST', `tasks/${taskId}/resume`, {});
  }

  /** Give a waiting turn another place, or another device. */
  requeue(taskId: number, turnId: number, place: IRequeue): Promise<ITurn> {
    return this.call('PUT', `tasks/${taskId}/turns/${turnId}/queue`, place);
  }
}
