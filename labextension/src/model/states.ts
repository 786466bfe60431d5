import type { ITurn, TurnState } from '../api/types';
import type { IShownTurn } from './transcript';

const FINAL: ReadonlySet<TurnState> = new Set([
  'completed',
  'failed',
  'cancelled'
]);

/** Whether nothing can follow. */
export function isFinal(state: TurnState): boolean {
  return FINAL.has(state);
}

/** Whether the turn holds a slot of its device. */
export function holdsSlot(state: TurnState): boolean {
  return state === 'starting' || state === 'running';
}

/** The turn that a task is about now: the one that runs, else the first that waits, else the last. */
export function currentTurn(turns: readonly ITurn[]): ITurn | undefined {
  return (
    turns.find(turn => holdsSlot(turn.state)) ??
    turns.find(turn => !isFinal(turn.state)) ??
    turns.at(-1)
  );
}

/** As `currentTurn`, of a transcript. */
export function currentShown(turns: readonly IShownTurn[]): ITurn | undefined {
  return currentTurn(turns.map(shown => shown.turn));
}
