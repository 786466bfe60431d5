/** What terminals take and give; mirrors `wegent_jupyter/protocol/terminals.py`, where every field is explained. */

/** How much more a viewer shows before it says so, in bytes. */
export const CREDIT_STEP = 64 << 10;

/** Rows or columns, at most. */
export const MAX_SIDE = 1_000;

export type ExitReason =
  'exited' | 'closed' | 'unused' | 'executor_ended' | 'device_removed';

export interface IStartTerminal {
  /** Absolute, below `~`, or relative to the device's workspace root. */
  path?: string;
  /** Start where this task works on the device; a path wins. */
  task_id?: number;
  rows?: number;
  cols?: number;
}

export interface IStartedTerminal {
  session_id: string;
  device_id: string;
  /** The directory in which it started. */
  path: string;
}

export interface ITerminal {
  session_id: string;
  device_id: string;
  device_name: string;
  path: string;
  created_at: string;
  /** `away`: its device is not connected; `ended`: its last output can still be read. */
  state: 'open' | 'away' | 'ended';
  /** A program runs in it, beside the shell. */
  busy: boolean;
  viewers: number;
  exit_code: number | null;
}

/** What names a viewer: one socket may look at a terminal more than once. */
interface IViewed {
  session_id: string;
  viewer: string;
}

export interface IAttach extends IViewed {
  device_id: string;
  /** Up to where the viewer has the output, as an offset in bytes; null: it has nothing. */
  since: number | null;
  rows?: number;
  cols?: number;
}

export interface IInput extends IViewed {
  data: string;
}

export interface IResize extends IViewed {
  rows: number;
  cols: number;
  /** The person looks at this viewer: its size counts from now on. */
  focus: boolean;
}

export interface ICredit extends IViewed {
  /** Everything up to there was shown. */
  offset: number;
}

export interface IOutput extends IViewed {
  offset: number;
  end: number;
  /** Text where it is plain ASCII. */
  data: string | ArrayBuffer | Uint8Array;
  /** What the viewer shows does not continue. */
  reset: boolean;
}

export interface IExit extends IViewed {
  /** -N for signal N. */
  exit_code: number | null;
  reason: ExitReason;
  error: string | null;
}

/** Told to one viewer, or to all of a terminal. */
export interface ITold {
  session_id: string;
  viewer?: string | null;
}

export interface INotice extends ITold {
  message: string;
}
