import type { ProjectRest } from '../api/projectRest';
import type { IWorktreeReport } from '../api/projects';
import { asError } from './loaded';
import { Observable } from './observable';

interface IRemoval {
  report: IWorktreeReport | null;
  problem: Error | null;
  busy: boolean;
}

/** Removes a task's worktree; what would be lost with it is looked at first. */
export class WorktreeRemoval extends Observable<IRemoval> {
  constructor(
    private readonly task: number,
    private readonly rest: Pick<ProjectRest, 'worktree' | 'removeWorktree'>
  ) {
    super({ report: null, problem: null, busy: false });
  }

  get possible(): boolean {
    return this.value.report?.removable === true;
  }

  /** See what would be lost now. */
  look(): Promise<void> {
    return this.once(() => this.rest.worktree(this.task));
  }

  /** Remove it; says whether it is gone. Where it stays, what is in the way is shown. */
  async remove(): Promise<boolean> {
    if (!this.possible) {
      return false;
    }
    await this.once(() => this.rest.removeWorktree(this.task));
    const { problem, report } = this.value;
    if (problem) {
      await this.look();
      this.replace({ ...this.value, problem });
    }
    return problem === null && report?.exists === false;
  }

  private async once(ask: () => Promise<IWorktreeReport>): Promise<void> {
    const { report, busy } = this.value;
    if (busy) {
      return;
    }
    this.replace({ report, problem: null, busy: true });
    this.replace(
      await ask().then(
        found => ({ report: found, problem: null, busy: false }),
        (error: unknown) => ({ report, problem: asError(error), busy: false })
      )
    );
  }
}
