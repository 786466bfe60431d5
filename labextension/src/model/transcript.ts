/** A task's history folded into what is shown. Applying an event twice changes nothing. */

import type {
  IDelta,
  INoticeItem,
  ISteerItem,
  ITextItem,
  Item,
  ITurn,
  TaskEvent
} from '../api/types';
import { codePoints, dropCodePoints } from './text';

/** A turn with the items of its newest attempt; both are replaced, never changed, so that views can compare them. */
export interface IShownTurn {
  readonly turn: ITurn;
  readonly items: readonly Item[];
}

/** A delta whose beginning is not there: the transcript must be fetched anew. */
export class Hole extends Error {}

interface IEntry {
  item: Item;
  /** Code points of the growing text, kept because counting them again is linear. */
  known: number;
}

interface ITurnEntry {
  turn: ITurn;
  attempts: Map<number, Map<string, IEntry>>;
  shown: IShownTurn;
}

export class Transcript {
  private readonly byId = new Map<number, ITurnEntry>();
  private ordered: readonly IShownTurn[] = [];
  private pos = 0;

  /** The last position that was applied. */
  get lastPos(): number {
    return this.pos;
  }

  /** Turns by number. */
  get turns(): readonly IShownTurn[] {
    return this.ordered;
  }

  /** Apply events in the order of `pos`; throws `Hole`. */
  apply(events: readonly TaskEvent[]): void {
    const touched = new Set<ITurnEntry>();
    for (const event of events) {
      if (event.pos > this.pos) {
        const entry = this.applyOne(event);
        this.pos = event.pos;
        if (entry) {
          touched.add(entry);
        }
      }
    }
    if (touched.size > 0) {
      this.show(touched);
    }
  }

  private applyOne(event: TaskEvent): ITurnEntry | undefined {
    if (event.type === 'turn') {
      return this.putTurn(event.data);
    }
    const entry = this.byId.get(event.turn_id);
    if (entry === undefined) {
      throw new Hole(`turn ${event.turn_id}`);
    }
    const items = attemptItems(entry, event.attempt_id ?? 0);
    if (event.type === 'item') {
      putItem(items, event.data);
    } else {
      grow(items, event.data);
    }
    return entry;
  }

  private putTurn(turn: ITurn): ITurnEntry {
    const entry = this.byId.get(turn.id);
    if (entry) {
      entry.turn = turn;
      return entry;
    }
    const made = { turn, attempts: new Map(), shown: { turn, items: [] } };
    this.byId.set(turn.id, made);
    return made;
  }

  private show(touched: Iterable<ITurnEntry>): void {
    for (const entry of touched) {
      entry.shown = { turn: entry.turn, items: newestItems(entry) };
    }
    this.ordered = [...this.byId.values()]
      .map(entry => entry.shown)
      .sort((a, b) => a.turn.number - b.turn.number);
  }
}

function attemptItems(
  entry: ITurnEntry,
  attemptId: number
): Map<string, IEntry> {
  let items = entry.attempts.get(attemptId);
  if (items === undefined) {
    items = new Map();
    entry.attempts.set(attemptId, items);
  }
  return items;
}

function newestItems({ turn, attempts }: ITurnEntry): readonly Item[] {
  const attempt = turn.attempt_id ?? Math.max(...attempts.keys());
  return [...(attempts.get(attempt)?.values() ?? [])]
    .map(entry => entry.item)
    .sort((a, b) => a.index - b.index);
}

function putItem(items: Map<string, IEntry>, item: Item): void {
  items.set(item.item_id, { item, known: codePoints(growingText(item)) });
}

function growingText(item: Item): string {
  if (item.kind === 'tool') {
    return item.output;
  }
  return hasText(item) ? item.text : '';
}

/** Plans, approvals and questions of trust are always sent whole. */
function hasText(item: Item): item is ITextItem | INoticeItem | ISteerItem {
  return 'text' in item;
}

function grow(items: Map<string, IEntry>, delta: IDelta): void {
  const entry = items.get(delta.item_id) ?? { item: blank(delta), known: 0 };
  const more = delta.offset + codePoints(delta.text) - entry.known;
  if (delta.offset > entry.known) {
    throw new Hole(delta.item_id);
  }
  if (more <= 0) {
    return;
  }
  const overlap = entry.known - delta.offset;
  const text = overlap ? dropCodePoints(delta.text, overlap) : delta.text;
  items.set(delta.item_id, {
    item: appended(entry.item, text),
    known: entry.known + more
  });
}

function appended(item: Item, text: string): Item {
  if (item.kind === 'tool') {
    return { ...item, output: item.output + text };
  }
  return hasText(item) ? { ...item, text: item.text + text } : item;
}

/** What is known of an item whose first event is a delta. */
function blank({ item_id, index, kind }: IDelta): Item {
  if (kind !== 'output') {
    return { item_id, index, kind, text: '' };
  }
  return {
    item_id,
    index,
    kind: 'tool',
    title: '',
    tool: 'other',
    status: 'in_progress',
    input: null,
    output: '',
    diffs: [],
    locations: [],
    seconds: null
  };
}
