import type { IDisposable } from '@lumino/disposable';

import { leaveTask, type TaskSocket } from '../api/socket';
import type { TaskEvent } from '../api/types';
import { TaskSession } from './session';

/** The hold of one view on a task's session. */
export class Follower implements IDisposable {
  constructor(
    readonly session: TaskSession,
    private readonly onDispose: () => void
  ) {
    this.follow();
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Keep the session up to date from now on. */
  follow(): void {
    if (!this.following && !this.disposed) {
      this.following = true;
      this.session.follow();
    }
  }

  /** Nobody looks for now: what is known stays, news can wait. */
  pause(): void {
    if (this.following) {
      this.following = false;
      this.session.unfollow();
    }
  }

  dispose(): void {
    if (!this.disposed) {
      this.pause();
      this.disposed = true;
      this.onDispose();
    }
  }

  private following = false;
  private disposed = false;
}

interface IHeld {
  session: TaskSession;
  followers: number;
}

/** The tasks that are looked at: one session each, however many views show it. */
export class Sessions implements IDisposable {
  constructor(private readonly socket: TaskSocket) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** The ids of the tasks that somebody holds. */
  get ids(): readonly number[] {
    return [...this.held.keys()];
  }

  /** Follow a task with others who do, until this hold is disposed. */
  open(taskId: number): Follower {
    const held = this.held.get(taskId) ?? this.make(taskId);
    held.followers++;
    return new Follower(held.session, () => {
      if (--held.followers === 0) {
        held.session.dispose();
        this.held.delete(taskId);
      }
    });
  }

  /** Catch up with one task, or with all; those that nobody follows can wait. */
  join(taskId?: number): void {
    for (const [id, { session }] of this.held) {
      if (taskId === undefined || taskId === id) {
        void session.join();
      }
    }
  }

  /** Take a batch; false when its task has to be fetched anew. */
  apply(taskId: number, events: readonly TaskEvent[]): boolean {
    const session = this.held.get(taskId)?.session;
    if (!session?.followed) {
      // It was left while the gateway was still letting us in.
      leaveTask(this.socket, taskId);
    }
    return session?.apply(events) !== false;
  }

  dispose(): void {
    this.disposed = true;
    this.held.forEach(({ session }) => session.dispose());
    this.held.clear();
  }

  private make(taskId: number): IHeld {
    const session = new TaskSession(taskId, this.socket);
    const held = { session, followers: 0 };
    this.held.set(taskId, held);
    return held;
  }

  private readonly held = new Map<number, IHeld>();
  private disposed = false;
}
