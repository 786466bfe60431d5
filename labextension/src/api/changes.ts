/** What a turn changed in its directory; mirrors `wegent_jupyter/protocol/changes.py`. */

export type ChangeStatus = 'added' | 'modified' | 'deleted';

/** As the turn left it; changed by somebody since; as it was before the turn. */
export type Now = 'as_left' | 'changed_since' | 'reverted';

export interface IFileChange {
  /** Relative to the task's directory, `/` between names. */
  path: string;
  status: ChangeStatus;
  /** Lines; null where it is not text. */
  added: number | null;
  removed: number | null;
}

/** The item of a transcript that tells what the turn changed. */
export interface IChangesItem {
  kind: 'changes';
  item_id: string;
  /** Place within its attempt. */
  index: number;
  /** The first ones. */
  files: IFileChange[];
  total: number;
  /** Why nothing is known, or not all. */
  note: string | null;
}

export interface IFileState extends IFileChange {
  now: Now;
}

export interface ITurnChanges {
  turn_id: number;
  attempt_id: number;
  workspace: string;
  items: IFileState[];
  total: number;
}

/** A cell of a notebook before and after. */
export interface INotebookCell {
  status: 'added' | 'deleted' | 'modified' | 'same';
  cell_type: string;
  /** Its source; null where there was no such cell. */
  before: string | null;
  after: string | null;
  outputs_changed: boolean;
}

/** One file before and after a turn. */
export interface IFileDiff {
  path: string;
  status: ChangeStatus;
  now: Now;
  binary: boolean;
  /** Only the beginning is here. */
  truncated: boolean;
  before: string | null;
  after: string | null;
  /** Of a notebook that could be read. */
  cells: INotebookCell[] | null;
}

export interface IReverted {
  paths: string[];
}
