import type { IProject } from '../../api/projects';
import type { ITask } from '../../api/types';
import { Commands } from '../../commands';
import type { MenuItem } from '../menu';

/** What can be done with a project. `notice`: its device does not offer everything. */
export function projectMenu(project: IProject, notice: boolean): MenuItem[] {
  const args = { project: project.id };
  return [
    { command: Commands.newTask, args },
    { command: Commands.openTerminal, args },
    ...(notice ? [{ command: Commands.projectTools, args }] : []),
    null,
    ...(project.state === 'failed'
      ? [{ command: Commands.prepareProject, args }]
      : []),
    { command: Commands.editProject, args },
    { command: Commands.deleteProject, args }
  ];
}

/** What can be done about where a task works. */
export function placeMenu({ id, workspace_source }: ITask): MenuItem[] {
  return workspace_source === 'git_worktree'
    ? [{ command: Commands.cleanUpWorktree, args: { id } }]
    : [];
}
