import type { IDisposable } from '@lumino/disposable';

import { ApiError } from '../api/caller';
import type { ITask } from '../api/types';
import { isSameTask, type CardFault, type ICard } from './card';
import type { Gateway } from './gateway';
import { asError } from './loaded';
import { Cell } from './observable';
import type { TaskSession } from './session';
import type { Follower } from './sessions';

/** Why only what the notebook saved is shown: not looked yet, not a task of this server, or it could not be asked. */
export type Saved = 'loading' | 'elsewhere' | 'failed';

export type CardView =
  | { kind: 'saved'; why: Saved; problem: Error | null }
  | {
      kind: 'live';
      session: TaskSession;
      /** As it was first told, for as long as no list has it. */
      task: ITask;
    };

const LOADING: CardView = { kind: 'saved', why: 'loading', problem: null };
/** The task of another gateway; and one that this gateway does not know. */
const FOREIGN: CardView = { kind: 'saved', why: 'elsewhere', problem: null };
const GONE: CardView = { ...FOREIGN };

/** A card in a page: what the notebook saved until the gateway has told all of it, then the task as it is. */
export class LiveCard implements IDisposable {
  readonly card = new Cell<ICard | CardFault>('malformed');
  readonly view = new Cell<CardView>(LOADING);

  constructor(private readonly gateway: Gateway) {
    gateway.version.changed.connect(this.onGateway, this);
    gateway.connection.changed.connect(this.onGateway, this);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Show another card, or a newer snapshot of the same. */
  show(card: ICard | CardFault): void {
    const { value } = this.card;
    const known = typeof value === 'string' ? null : value;
    this.card.set(card);
    if (typeof card === 'string' || !known || !isSameTask(known, card)) {
      this.letGo(LOADING);
      this.update();
    }
  }

  /** Somebody can see it, or nearly; only then it asks for anything. */
  set near(value: boolean) {
    this.isNear = value;
    this.update();
  }

  /** Ask once more after something failed. */
  retry(): void {
    this.view.set(LOADING);
    this.update();
  }

  dispose(): void {
    if (!this.disposed) {
      this.disposed = true;
      this.gateway.version.changed.disconnect(this.onGateway, this);
      this.gateway.connection.changed.disconnect(this.onGateway, this);
      this.letGo(LOADING);
    }
  }

  /** What the gateway could not be asked, it can perhaps be asked now. */
  private onGateway(): void {
    const { value: view } = this.view;
    const here = this.isHere();
    const failed = view.kind === 'saved' && view.why === 'failed';
    if (here && (failed || view === FOREIGN)) {
      this.view.set(LOADING);
    }
    this.update();
  }

  private update(): void {
    const here = this.isHere();
    if (here === false) {
      this.letGo(FOREIGN);
    } else if (!this.isNear) {
      this.follower?.pause();
    } else if (this.follower) {
      this.follower.follow();
    } else if (here && !this.asking && this.view.value === LOADING) {
      void this.ask();
    }
  }

  /** Whether the card's task is one of this gateway; null while that is not known. */
  private isHere(): boolean | null {
    const { gateway } = this;
    const { value: card } = this.card;
    const { value: version } = gateway.version;
    const known =
      gateway.connection.value.state === 'open' && version?.state === 'running';
    if (typeof card === 'string' || this.disposed || !known) {
      return null;
    }
    return card.gateway !== null && card.gateway === version.gateway_id;
  }

  /** Look whether the task is there, and follow it. */
  private async ask(): Promise<void> {
    const { gateway } = this;
    const card = this.card.value as ICard;
    this.asking = true;
    try {
      const detail = await gateway.rest.task(card.taskId);
      if (this.isAbout(card)) {
        gateway.tasks.offer([detail]);
        this.follow(card, detail, detail.last_pos);
      }
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      if (this.isAbout(card)) {
        this.view.set(gone ? GONE : failed(asError(error)));
      }
    } finally {
      this.asking = false;
    }
    this.update();
  }

  /** Take over from the snapshot once all is here that there was when it was asked for. */
  private follow(card: ICard, task: ITask, lastPos: number): void {
    const follower = this.gateway.open(card.taskId);
    this.follower = follower;
    const { session } = follower;
    const check = (): void => {
      if (this.follower !== follower) {
        this.stopChecking();
      } else if (session.problem.value) {
        this.letGo(failed(session.problem.value));
      } else if (session.lastPos >= lastPos) {
        this.stopChecking();
        const { turnId } = card;
        const turns = session.turns.value;
        if (turnId !== null && !turns.some(one => one.turn.id === turnId)) {
          this.letGo(GONE);
        } else {
          this.view.set({ kind: 'live', session, task });
        }
      }
    };
    session.turns.changed.connect(check);
    session.problem.changed.connect(check);
    this.stopChecking = () => {
      session.turns.changed.disconnect(check);
      session.problem.changed.disconnect(check);
    };
    check();
  }

  /** Whether what was found of a card's task is still wanted. */
  private isAbout(card: ICard): boolean {
    const { value } = this.card;
    return (
      !this.disposed && typeof value !== 'string' && isSameTask(value, card)
    );
  }

  private letGo(view: CardView): void {
    this.stopChecking();
    this.follower?.dispose();
    this.follower = null;
    this.view.set(view);
  }

  private follower: Follower | null = null;
  private stopChecking: () => void = () => undefined;
  private isNear = false;
  private asking = false;
  private disposed = false;
}

function failed(problem: Error): CardView {
  return { kind: 'saved', why: 'failed', problem };
}
