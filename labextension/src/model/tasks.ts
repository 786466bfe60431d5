import { Signal, type ISignal } from '@lumino/signaling';

import type { ITask } from '../api/types';
import { Observable } from './observable';
import { isFinal } from './states';

export interface IStateChange {
  before: ITask;
  after: ITask;
}

/** The tasks that are known here, newest activity first. */
export class Tasks extends Observable<readonly ITask[]> {
  constructor() {
    super([]);
  }

  /** A known task went from one state to another. */
  get stateChanged(): ISignal<this, IStateChange> {
    return this.changes;
  }

  get(id: number): ITask | undefined {
    return this.value.find(task => task.id === id);
  }

  /** Tasks that wait or run, in the order of the list. */
  get active(): readonly ITask[] {
    return this.value.filter(task => !isFinal(task.state));
  }

  /** Forget what was known; what changed meanwhile is still told. */
  reset(tasks: readonly ITask[]): void {
    this.take(tasks, []);
  }

  put(task: ITask): void {
    this.take([task], this.value);
  }

  /** Take answers of REST, which may be older than what the socket said meanwhile. */
  offer(tasks: readonly ITask[]): void {
    const newer = tasks.filter(task => {
      const known = this.get(task.id);
      return !known || activity(known) < activity(task);
    });
    this.take(newer, this.value);
  }

  private take(tasks: readonly ITask[], kept: readonly ITask[]): void {
    const changes = tasks.flatMap(after => {
      const before = this.get(after.id);
      return before && before.state !== after.state ? [{ before, after }] : [];
    });
    const ids = new Set(tasks.map(task => task.id));
    const rest = kept.filter(task => !ids.has(task.id));
    this.replace([...tasks, ...rest].sort(byActivity));
    changes.forEach(change => this.changes.emit(change));
  }

  private readonly changes = new Signal<this, IStateChange>(this);
}

function byActivity(a: ITask, b: ITask): number {
  return activity(b) - activity(a) || b.id - a.id;
}

/** ms since the epoch; as text, times with and without a fraction do not compare. */
function activity(task: ITask): number {
  return Date.parse(task.updated_at);
}

/** Tasks in the order of `ids`; those that are not among them come first. */
export function inOrder(
  tasks: readonly ITask[],
  ids: readonly number[]
): readonly ITask[] {
  const places = new Map(ids.map((id, at) => [id, at]));
  const place = (task: ITask): number => places.get(task.id) ?? -1;
  return [...tasks].sort((a, b) => place(a) - place(b));
}
