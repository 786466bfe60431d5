/** Skills of a device and sharing them; mirrors `wegent_jupyter/protocol/skills.py`, where every field is explained. */

export type SkillAgent = 'claude' | 'codex';

/** Where it lies. */
export type SkillSource =
  | 'agents'
  | 'claude'
  | 'codex'
  | 'claude-plugin'
  | 'codex-plugin'
  | 'project-claude'
  | 'project-codex';

export interface ISkill {
  name: string;
  description: string;
  short_description: string;
  path: string;
  source: SkillSource;
  origin: 'wegent' | 'local';
  mtime: number;
  plugin_name: string | null;
  /** Which can use it. */
  agents: SkillAgent[];
}

export interface ISkillList {
  items: ISkill[];
  total: number;
  truncated: boolean;
  shared: boolean;
}

/** One skill that moves. */
export interface IMove {
  source: SkillAgent;
  from: string;
  to: string;
  renamed: boolean;
}

/** A directory that becomes a link to the shared one. */
export interface ILink {
  path: string;
  target: string;
  status: 'created' | 'already_configured' | 'copied' | 'removed';
}

/** Why something cannot be shared; with one of them nothing is done. */
export interface IObstacle {
  path: string;
  message: string;
  fix: string | null;
}

/** `partial`: one of the two is linked; `unfinished`: it was cut off. */
export type SharingState = 'separate' | 'shared' | 'partial' | 'unfinished';

/** How sharing stands, and what would be done. */
export interface ISharing {
  state: SharingState;
  shared_path: string;
  shared_created: boolean;
  legacy_paths: string[];
  moves: IMove[];
  links: ILink[];
  /** Entries that are no skills. */
  left: string[];
  obstacles: IObstacle[];
  digest: string;
  undoable: boolean;
}

/** What was done. */
export interface ISharingResult {
  success: boolean;
  status: 'configured' | 'undone' | 'failed';
  shared_path: string;
  shared_created: boolean;
  legacy_paths: string[];
  moved_count: number;
  moved: IMove[];
  links: ILink[];
  error: string | null;
  /** After undoing: what stayed in the shared directory. */
  kept: string[];
}

export interface ISharingReport {
  device_id: string;
  sharing: ISharing;
  result: ISharingResult | null;
}
