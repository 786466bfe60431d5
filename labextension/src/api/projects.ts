/** What projects, folders and worktrees take and give; mirrors `wegent_jupyter/protocol/projects.py`, where every field is explained. */

import type { DeviceType, ITurnError } from './types';

export type ProjectSource = 'git' | 'local_path';
export type ProjectState = 'preparing' | 'ready' | 'failed';

export interface IProjectWorkspace {
  source: ProjectSource;
  /** Absolute, or below `~`. */
  localPath?: string | null;
  /** Below `projects/` of the device's workspace root for `git`, below the root itself else. */
  checkoutPath?: string | null;
}

export interface IProjectGit {
  url: string;
  /** Null: the repository's own choice. */
  branch?: string | null;
}

export interface IProjectConfig {
  mode?: 'workspace';
  execution: { deviceId: string; targetType?: DeviceType | null };
  workspace: IProjectWorkspace;
  git?: IProjectGit | null;
}

export interface ICreateProject {
  name: string;
  config: IProjectConfig;
}

export type IUpdateProject = Partial<ICreateProject>;

export interface IProgress {
  phase: string;
  percent: number | null;
}

/** A named codebase on a device. */
export interface IProject {
  id: number;
  name: string;
  config: IProjectConfig;
  device_id: string;
  /** Where it lies; null until it was made. */
  path: string | null;
  state: ProjectState;
  /** While `preparing`. */
  progress: IProgress | null;
  /** Why it `failed`. */
  error: ITurnError | null;
  /** What is not as one may think. */
  warnings: string[];
  /** Tasks can have worktrees of their own. */
  repository: boolean;
  created_at: string;
  updated_at: string;
}

export interface IProjectTerminal {
  /** In the directory of this task of the project, and nowhere else. */
  task_id?: number;
  rows?: number;
  cols?: number;
}

export interface IFolder {
  name: string;
  path: string;
  repository: boolean;
}

/** The folders in one, hidden ones last. */
export interface IFolderList {
  path: string;
  parent: string | null;
  home: string;
  items: IFolder[];
  /** There are more. */
  truncated: boolean;
}

/** What would go with a task's worktree. The lists are cut off; the totals are not. */
export interface IWorktreeReport {
  task_id: number;
  device_id: string;
  path: string;
  exists: boolean;
  /** The repository that it belongs to. */
  source: string | null;
  uncommitted: string[];
  uncommitted_total: number;
  /** Commits that no branch, tag or remote has. */
  unpushed: string[];
  unpushed_total: number;
  ignored: string[];
  ignored_total: number;
  /** Why it stays. */
  reason: string | null;
  removable: boolean;
}
