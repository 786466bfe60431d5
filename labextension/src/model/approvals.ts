import { Signal, type ISignal } from '@lumino/signaling';

import type { IApproval } from '../api/types';
import { Observable } from './observable';

/** What agents ask of people here and now, oldest first. */
export class Approvals extends Observable<readonly IApproval[]> {
  constructor() {
    super([]);
  }

  /** One came that was not there before; not told of those that were there when the page was loaded. */
  get opened(): ISignal<this, IApproval> {
    return this.openings;
  }

  /** One is no longer open: its id. */
  get closed(): ISignal<this, string> {
    return this.closings;
  }

  /** Take the open ones as the gateway knows them. */
  reset(approvals: readonly IApproval[]): void {
    const first = !this.known;
    this.known = true;
    const open = approvals.filter(one => isOpen(one) && !this.done.has(one.id));
    this.take(open, first);
  }

  /** Take one whose state changed. */
  put(approval: IApproval): void {
    const others = this.value.filter(one => one.id !== approval.id);
    if (isOpen(approval)) {
      this.take(this.done.has(approval.id) ? others : [...others, approval]);
    } else {
      this.take(others);
      this.done.add(approval.id);
    }
  }

  private take(approvals: readonly IApproval[], silent = false): void {
    const before = new Set(this.value.map(one => one.id));
    const after = new Set(approvals.map(one => one.id));
    this.replace([...approvals].sort(byAge));
    [...before]
      .filter(id => !after.has(id))
      .forEach(id => this.closings.emit(id));
    if (!silent) {
      approvals
        .filter(one => !before.has(one.id))
        .forEach(one => this.openings.emit(one));
    }
  }

  private readonly openings = new Signal<this, IApproval>(this);
  private readonly closings = new Signal<this, string>(this);
  /** Answered ones never open again, in whatever order REST and the socket tell of them. */
  private readonly done = new Set<string>();
  private known = false;
}

export function isOpen(approval: IApproval): boolean {
  return approval.state === 'open';
}

function byAge(a: IApproval, b: IApproval): number {
  return (
    Date.parse(a.created_at) - Date.parse(b.created_at) ||
    a.attempt_id - b.attempt_id ||
    a.id.localeCompare(b.id, 'en', { numeric: true })
  );
}
