import type { ProjectRest } from '../api/projectRest';
import type { IProject } from '../api/projects';
import { asError } from './loaded';
import { Observable } from './observable';
import {
  changesOf,
  isComplete,
  requestOf,
  type IProjectDraft
} from './projectDraft';

interface IEditing {
  draft: IProjectDraft;
  /** The gateway is asked. */
  busy: boolean;
  /** Why it refused. */
  problem: Error | null;
}

/** A draft of a project, kept until the gateway has taken it. */
export class ProjectEditor extends Observable<IEditing> {
  constructor(
    draft: IProjectDraft,
    /** The one to be changed; null: a new one. */
    readonly project: IProject | null,
    private readonly rest: Pick<ProjectRest, 'create' | 'update'>
  ) {
    super({ draft, busy: false, problem: null });
  }

  change(part: Partial<IProjectDraft>): void {
    this.replace({ ...this.value, draft: { ...this.value.draft, ...part } });
  }

  /** Ask the gateway, once at a time; says whether it is done. */
  async submit(): Promise<boolean> {
    const { draft, busy } = this.value;
    if (busy || !isComplete(draft)) {
      return false;
    }
    this.replace({ ...this.value, busy: true, problem: null });
    const problem = await this.save(draft).then(() => null, asError);
    this.replace({ ...this.value, busy: false, problem });
    return problem === null;
  }

  private async save(draft: IProjectDraft): Promise<void> {
    if (!this.project) {
      await this.rest.create(requestOf(draft));
      return;
    }
    const changes = changesOf(draft, this.project);
    if (changes) {
      await this.rest.update(this.project.id, changes);
    }
  }
}
