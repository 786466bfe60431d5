/** Words for projects, workspaces and worktrees, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IProgress, IProject, IWorktreeReport } from '../api/projects';
import type { IDevice, ITask } from '../api/types';
import { lastName } from './folders';
import { changesOf, willLie, type IProjectDraft } from './projectDraft';
import { unhidden } from './text';

/** "Receiving objects, 43 %". */
export function progressWord(
  trans: TranslationBundle,
  progress: IProgress | null
): string {
  const { phase, percent } = progress ?? { phase: '', percent: null };
  const word = phase || trans.__('Preparing…');
  return percent === null ? word : trans.__('%1, %2 %', word, percent);
}

/** Why nothing can start in a project now; empty where it can. */
export function obstacle(trans: TranslationBundle, project: IProject): string {
  return {
    preparing: trans.__('it is being prepared'),
    ready: '',
    failed: trans.__('its folder could not be made')
  }[project.state];
}

/** How a project is called in a list of places to work. */
export function projectOption(
  trans: TranslationBundle,
  project: IProject
): string {
  const reason = obstacle(trans, project);
  return reason
    ? trans.__('in %1 (%2)', project.name, reason)
    : trans.__('in %1', project.name);
}

/** Why a task cannot have a worktree of its own; empty where it can, or where only the device knows. */
export function noWorktree(
  trans: TranslationBundle,
  place: { project: IProject | undefined; directory: string | null }
): string {
  const { project, directory } = place;
  if (project && !project.repository) {
    return trans.__(
      '%1 is no Git repository: it has no worktrees.',
      project.name
    );
  }
  return directory === null
    ? trans.__('A worktree needs a Git repository: choose its folder.')
    : '';
}

/** What a device of this kind does not offer; empty where that is nothing. */
export function capabilityNotice(
  trans: TranslationBundle,
  device: IDevice | undefined
): string {
  return device?.device_type === 'local' || device?.device_type === 'app'
    ? trans.__('IDE and Desktop need a cloud device; terminals work here.')
    : '';
}

/** What becomes of a draft, before it is sent; empty where nothing is made. */
export function outlook(
  trans: TranslationBundle,
  draft: IProjectDraft,
  project: IProject | null,
  root: string | null | undefined
): string {
  const path = unhidden(willLie(draft, root));
  if (!path || (project && !changesOf(draft, project)?.config)) {
    return '';
  }
  if (draft.source === 'git') {
    return trans.__('It is cloned to %1.', path);
  }
  return path === draft.folder.trim()
    ? trans.__('The folder is made if it is not there yet.')
    : trans.__('%1 is made if it is not there yet.', path);
}

/** What is asked for when a project goes to another device; empty while it does not. */
export function movingWord(
  trans: TranslationBundle,
  draft: IProjectDraft,
  project: IProject | null,
  device: IDevice | undefined
): string {
  if (!project || !device || device.device_id === project.device_id) {
    return '';
  }
  return draft.source === 'git'
    ? trans.__(
        'It is cloned anew on %1. What is at its old place stays there.',
        device.name
      )
    : trans.__(
        'Say where it lies on %1. Files do not travel: what is at its old place stays there.',
        device.name
      );
}

/** Where a task works, in a few words. */
export function placeWord(
  trans: TranslationBundle,
  task: ITask,
  project: IProject | undefined
): string {
  const { workspace, workspace_source } = task;
  if (workspace_source === 'git_worktree') {
    const name = project?.name ?? sourceName(task);
    return name
      ? trans.__('worktree of %1', name)
      : trans.__('a worktree of its own');
  }
  return workspace === null
    ? trans.__('a new chat folder')
    : unhidden(workspace);
}

/** The same at full length. */
export function placeTitle(trans: TranslationBundle, task: ITask): string {
  const { workspace, workspace_source } = task;
  if (workspace !== null) {
    return unhidden(workspace);
  }
  return workspace_source === 'git_worktree'
    ? trans.__('The worktree is made when the task starts')
    : trans.__('a new chat folder');
}

/** How the repository of a task's worktree is called, as its path tells; empty before it was made. */
function sourceName({ id, workspace }: ITask): string {
  const names = (workspace ?? '').split(/[\\/]/);
  const at = names.lastIndexOf(String(id));
  const own = at < 0 ? undefined : names[at + 1];
  return unhidden(own ?? lastName(workspace ?? ''));
}

/** What a worktree has that would be lost, and what is deleted with it. */
export interface IReportPart {
  title: string;
  items: readonly string[];
  /** More than are listed. */
  more: number;
  lost: boolean;
}

export function reportParts(
  trans: TranslationBundle,
  report: IWorktreeReport
): IReportPart[] {
  const part = (
    title: string,
    items: readonly string[],
    total: number,
    lost: boolean
  ): IReportPart => ({
    title,
    items: items.map(unhidden),
    more: Math.max(0, total - items.length),
    lost
  });
  const { uncommitted, unpushed, ignored } = report;
  const { uncommitted_total, unpushed_total, ignored_total } = report;
  return [
    part(
      trans.__('Uncommitted changes (%1)', uncommitted_total),
      uncommitted,
      uncommitted_total,
      true
    ),
    part(
      trans.__('Commits that nothing else keeps (%1)', unpushed_total),
      unpushed,
      unpushed_total,
      true
    ),
    part(
      trans.__('Ignored by Git, deleted with it (%1)', ignored_total),
      ignored,
      ignored_total,
      false
    )
  ].filter(({ items, more }) => items.length + more > 0);
}

/** What becomes of a worktree. */
export function removalWord(
  trans: TranslationBundle,
  { exists, removable, reason, ignored_total }: IWorktreeReport
): string {
  if (!removable) {
    return trans.__('It stays. %1', unhidden(reason ?? '')).trim();
  }
  if (!exists) {
    return trans.__(
      'It is not there any more. Removing it lets the repository forget it.'
    );
  }
  return ignored_total > 0
    ? trans.__(
        'All work in it is committed and kept elsewhere. The folder is deleted, with what Git ignores in it; the task and its messages stay.'
      )
    : trans.__(
        'All work in it is committed and kept elsewhere. The folder is deleted; the task and its messages stay.'
      );
}

/** What a person can do about a worktree that stays. */
export function worktreeAdvice(
  trans: TranslationBundle,
  report: IWorktreeReport
): string {
  if (report.removable || !report.exists) {
    return '';
  }
  if (report.uncommitted_total > 0) {
    return trans.__(
      'Keep them first: commit them on a branch (`git switch -c NAME`, `git add -A`, `git commit`), or put them aside with `git stash -u`.'
    );
  }
  return report.unpushed_total > 0
    ? trans.__(
        'Keep them first: give them a branch with `git branch NAME`, or push them.'
      )
    : '';
}
