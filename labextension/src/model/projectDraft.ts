/** A project as it is being written down, before the gateway takes it. */

import type {
  ICreateProject,
  IProject,
  IProjectConfig,
  IProjectWorkspace,
  IUpdateProject,
  ProjectSource
} from '../api/projects';
import type { IDevice } from '../api/types';
import { chooseDevice } from './choices';
import { present } from './devices';
import { isAbsolute, lastName } from './folders';

export interface IProjectDraft {
  /** Null while nobody has typed one. */
  name: string | null;
  device: string | null;
  source: ProjectSource;
  /** Where a project without a clone lies. */
  folder: string;
  url: string;
  branch: string;
  /** Where a clone shall lie; empty: below `projects/`. */
  target: string;
}

/** Whether projects can be on a device, and one be made there now. */
export function canHost(device: IDevice): boolean {
  return present(device) && device.bind_shell === 'claudecode';
}

/** An empty draft, on the device that is asked for if it can be there. */
export function newDraft(
  devices: readonly IDevice[],
  wanted: string | null
): IProjectDraft {
  const device = chooseDevice(devices.filter(canHost), wanted);
  return {
    name: null,
    device: device?.device_id ?? null,
    source: 'local_path',
    folder: '',
    url: '',
    branch: '',
    target: ''
  };
}

/** What there is to change of a project. */
export function draftOf({ name, config, device_id }: IProject): IProjectDraft {
  const { workspace, git } = config;
  const path = workspace.localPath ?? workspace.checkoutPath ?? '';
  const isGit = workspace.source === 'git';
  return {
    name,
    device: device_id,
    source: workspace.source,
    folder: isGit ? '' : path,
    url: git?.url ?? '',
    branch: git?.branch ?? '',
    target: isGit ? path : ''
  };
}

/** Put a draft on another device: a path of the old one says nothing there, and is there again on the way back. */
export function moved(
  draft: IProjectDraft,
  device: string,
  project: IProject | null
): IProjectDraft {
  if (!project) {
    return { ...draft, device };
  }
  const kept = draftOf(project);
  const place = (now: string, was: string): string =>
    device === project.device_id ? now || was : now === was ? '' : now;
  return {
    ...draft,
    device,
    folder: place(draft.folder, kept.folder),
    target: place(draft.target, kept.target)
  };
}

/** As the folder or repository is called. */
export function suggestedName({ source, folder, url }: IProjectDraft): string {
  return lastName(source === 'git' ? url : folder);
}

/** What the field shows: a suggestion, until somebody types. */
export function shownName(draft: IProjectDraft): string {
  return draft.name ?? suggestedName(draft);
}

/** The name that a project gets. */
function nameOf(draft: IProjectDraft): string {
  return shownName(draft).trim() || suggestedName(draft);
}

/** Whether a draft says enough. */
export function isComplete(draft: IProjectDraft): boolean {
  const { device, source, folder, url } = draft;
  const place = source === 'git' ? url : folder;
  return device !== null && place.trim() !== '' && nameOf(draft) !== '';
}

/** A clone, below a folder that a person pointed at. */
export function cloneInto(folder: string, url: string): string {
  const name = lastName(url);
  return name && lastName(folder) !== name
    ? `${folder.replace(/[\\/]$/, '')}/${name}`
    : folder;
}

/** Where a project will lie, as far as that can be said before; empty where it cannot. */
export function willLie(
  draft: IProjectDraft,
  root: string | null | undefined
): string {
  const { source, folder, url, target } = draft;
  const isGit = source === 'git';
  const typed = (isGit ? target || lastName(url) : folder).trim();
  const base = isGit ? `${root ?? ''}/projects` : root;
  return !typed || isAbsolute(typed) || !root ? typed : `${base}/${typed}`;
}

/** What the gateway is asked for. */
export function requestOf(draft: IProjectDraft): ICreateProject {
  return { name: nameOf(draft), config: configOf(draft) };
}

/** What is new in a draft; null where that is nothing. */
export function changesOf(
  draft: IProjectDraft,
  project: IProject
): IUpdateProject | null {
  const { name, config } = requestOf(draft);
  const kept = configOf(draftOf(project));
  const changes = {
    ...(name === project.name ? {} : { name }),
    ...(JSON.stringify(config) === JSON.stringify(kept) ? {} : { config })
  };
  return Object.keys(changes).length > 0 ? changes : null;
}

function configOf(draft: IProjectDraft): IProjectConfig {
  const { device, source, folder, url, target } = draft;
  const branch = draft.branch.trim();
  const isGit = source === 'git';
  return {
    execution: { deviceId: device ?? '' },
    workspace: {
      source,
      ...placed((isGit ? target : folder).trim())
    },
    ...(isGit
      ? { git: { url: url.trim(), ...(branch ? { branch } : {}) } }
      : {})
  };
}

function placed(path: string): Partial<IProjectWorkspace> {
  if (!path) {
    return {};
  }
  return isAbsolute(path) ? { localPath: path } : { checkoutPath: path };
}
