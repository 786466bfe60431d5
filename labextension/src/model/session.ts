import type { IDisposable } from '@lumino/disposable';

import { ApiError } from '../api/caller';
import { joinTask, leaveTask, type TaskSocket } from '../api/socket';
import type { TaskEvent } from '../api/types';
import { Cell } from './observable';
import { Hole, Transcript, type IShownTurn } from './transcript';

/** Wait before asking again after a join that got no answer, in ms. */
const RETRY_DELAY = 2_000;

/** One task that is being looked at: its transcript, kept up to date over reconnects while somebody follows it. */
export class TaskSession implements IDisposable {
  readonly turns = new Cell<readonly IShownTurn[]>([]);
  readonly problem = new Cell<ApiError | null>(null);

  constructor(
    readonly taskId: number,
    private readonly socket: TaskSocket
  ) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** The last position that was applied. */
  get lastPos(): number {
    return this.transcript.lastPos;
  }

  /** Whether somebody looks at it now. */
  get followed(): boolean {
    return this.followers > 0;
  }

  /** One more looks at it. */
  follow(): void {
    if (++this.followers === 1) {
      void this.join();
    }
  }

  /** One fewer does. */
  unfollow(): void {
    if (--this.followers === 0) {
      leaveTask(this.socket, this.taskId);
    }
  }

  /** Ask for what comes after the last position applied; again after every connect. */
  async join(): Promise<void> {
    if (this.disposed || !this.followed || !this.socket.connected) {
      return;
    }
    try {
      await joinTask(this.socket, this.taskId, this.transcript.lastPos);
      this.problem.set(null);
    } catch (error) {
      this.onJoinFailed(error as ApiError);
    }
  }

  /** Apply a batch; false when the transcript had to be started anew. */
  apply(events: readonly TaskEvent[]): boolean {
    try {
      this.transcript.apply(events);
    } catch (error) {
      if (!(error instanceof Hole)) {
        throw error;
      }
      this.startAnew(error);
      return false;
    }
    this.turns.set(this.transcript.turns);
    return true;
  }

  dispose(): void {
    this.disposed = true;
  }

  private startAnew(hole: Hole): void {
    if (this.anew) {
      const text = `The history of this task has a hole at ${hole.message}`;
      this.problem.set(new ApiError(text, 0, 'hole'));
      return;
    }
    this.anew = true;
    this.transcript = new Transcript();
    void this.join();
  }

  private onJoinFailed(error: ApiError): void {
    if (error.code === 'unreachable') {
      setTimeout(() => void this.join(), RETRY_DELAY);
    } else {
      this.problem.set(error);
    }
  }

  private transcript = new Transcript();
  private anew = false;
  private followers = 0;
  private disposed = false;
}
