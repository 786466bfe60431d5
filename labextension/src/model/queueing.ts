/** Places in a device's queue. */

import type { ITurn } from '../api/types';
import type { Gateway } from './gateway';

export const PLACES = ['first', 'earlier', 'later', 'last'] as const;

export type Place = (typeof PLACES)[number];

/** Beyond the end of every queue. */
const END = 1_000_000;

/** The place that a turn goes to from the one that it has; 1 is the next. */
export function placeFrom(current: number, to: Place): number {
  return {
    first: 1,
    earlier: Math.max(1, current - 1),
    later: current + 1,
    last: END
  }[to];
}

/** The turn that is meant: the given one, else the task's first that waits. */
export async function waitingTurn(
  gateway: Gateway,
  taskId: number,
  turnId?: number
): Promise<ITurn | undefined> {
  const { turn_list } = await gateway.rest.task(taskId);
  return turn_list.find(
    turn => turn.state === 'queued' && (turnId ?? turn.id) === turn.id
  );
}

/** Give a waiting turn another place in its device's queue. */
export async function requeue(
  gateway: Gateway,
  turn: ITurn,
  to: Place
): Promise<void> {
  const { items } = await gateway.deviceRest.queue(turn.device_id);
  const place = items.find(item => item.turn.id === turn.id);
  if (place) {
    const position = placeFrom(place.position, to);
    await gateway.rest.requeue(turn.task_id, turn.id, { position });
  }
}
