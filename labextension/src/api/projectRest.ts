import { Caller } from './caller';
import type { IMessage } from './managing';
import type {
  ICreateProject,
  IFolderList,
  IProject,
  IProjectTerminal,
  IUpdateProject,
  IWorktreeReport
} from './projects';
import type { IStartedTerminal } from './terminals';

/** Projects, the folders of devices, and the worktrees of tasks. */
export class ProjectRest extends Caller {
  /** Its directory is there when this answers; a clone goes on. */
  create(project: ICreateProject): Promise<IProject> {
    return this.call('POST', 'projects', project);
  }

  update(id: number, changes: IUpdateProject): Promise<IProject> {
    return this.call('PUT', `projects/${id}`, changes);
  }

  /** Forget it; its files stay. */
  remove(id: number): Promise<IMessage> {
    return this.call('DELETE', `projects/${id}`);
  }

  /** Make its directory again, after that failed. */
  prepare(id: number): Promise<IProject> {
    return this.call('POST', `projects/${id}/prepare`, {});
  }

  terminal(id: number, request: IProjectTerminal): Promise<IStartedTerminal> {
    return this.call('POST', `projects/${id}/terminal`, request);
  }

  /** The folders in one of a device; null: in its home directory. */
  folders(device: string, path: string | null): Promise<IFolderList> {
    const query = path === null ? '' : `?path=${encodeURIComponent(path)}`;
    const address = `devices/${encodeURIComponent(device)}/folders`;
    return this.call('GET', address + query);
  }

  /** What would be lost with a task's worktree. */
  worktree(task: number): Promise<IWorktreeReport> {
    return this.call('GET', `tasks/${task}/worktree`);
  }

  /** Remove a task's worktree, where nothing is lost with it. */
  removeWorktree(task: number): Promise<IWorktreeReport> {
    return this.call('DELETE', `tasks/${task}/worktree`);
  }
}
