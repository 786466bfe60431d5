import type { ITurn, Item } from '../api/types';

/** The tools of which an approval shows all that there is to see: those that wait for it, and questions at all times. */
export function askedTools(items: readonly Item[]): ReadonlySet<string> {
  const unfinished = new Set(
    items.filter(isUnfinished).map(item => item.item_id)
  );
  const asked = items.flatMap(item => {
    if (item.kind !== 'approval' || item.approval.tool_item === null) {
      return [];
    }
    const { asks, state, tool_item } = item.approval;
    const waits = state === 'open' && unfinished.has(tool_item);
    return waits || asks !== 'tool' ? [tool_item] : [];
  });
  return new Set(asked);
}

function isUnfinished(item: Item): boolean {
  return (
    item.kind === 'tool' &&
    (item.status === 'pending' || item.status === 'in_progress')
  );
}

/** The tools that ended because the user stopped the turn: they did not fail, whatever the agent reports. */
export function stoppedTools(
  turn: ITurn,
  items: readonly Item[]
): ReadonlySet<string> {
  if (turn.state !== 'cancelled') {
    return new Set();
  }
  const last = items.at(-1);
  const stopped = items.filter(
    item =>
      isUnfinished(item) ||
      (item.kind === 'tool' && item.status === 'failed' && item === last)
  );
  return new Set(stopped.map(item => item.item_id));
}
