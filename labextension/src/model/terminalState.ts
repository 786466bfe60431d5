import type { ExitReason } from '../api/terminals';

/** Why a terminal is over; `gone`: nobody knows it any more. `refused`: it cannot be looked at. */
export interface IEnding {
  reason: ExitReason | 'gone' | 'refused';
  /** -N for signal N. */
  exitCode: number | null;
  /** In the server's words. */
  error: string | null;
}

/** How one view of a terminal stands. Only what is typed while it is `attached` reaches the shell. */
export type ViewState =
  /** `away`: the server is there, the terminal's device is not. `lost`: the server is not there. */
  | { kind: 'connecting' | 'attached' | 'away' | 'lost' }
  | { kind: 'ended'; ending: IEnding };
