/** What a notebook says of a task in the output of a cell. Anybody may have written it: nothing of it is believed. */

import type { IUsage, Mode, ToolStatus, TurnState } from '../api/types';

export const CARD_TYPE = 'application/vnd.wegent.task+json';

/** The format that is understood here. */
const VERSION = 1;

/** Characters of a line, of a prompt and of an answer that are shown; entries of a list. */
const LINE = 500;
const PROMPT = 20_000;
const ANSWER = 21_000;
const ENTRIES = 50;

export interface ISavedItem {
  name: string;
  detail: string;
  /** Bytes. */
  size: number;
}

export interface ISavedDiff {
  path: string;
  added: number;
  removed: number;
}

/** How the task looked when the notebook was saved. */
export interface ISnapshot {
  title: string;
  agent: string;
  practice: boolean;
  device: string;
  mode: Mode | null;
  state: TurnState | null;
  /** A person was needed. */
  waiting: boolean;
  prompt: string;
  sent: readonly ISavedItem[];
  answer: string;
  tools: readonly { title: string; status: ToolStatus }[];
  diffs: readonly ISavedDiff[];
  error: { message: string; fix: string } | null;
  usage: IUsage | null;
  /** ms since the epoch. */
  at: number | null;
}

export interface ICard {
  gateway: string | null;
  taskId: number;
  /** Null: the whole task. */
  turnId: number | null;
  snapshot: ISnapshot;
}

/** Why there is no card: made by a newer version, or not made by us. */
export type CardFault = 'newer' | 'malformed';

/** Read a card; whatever is wrong in its snapshot is left out. */
export function readCard(data: unknown): ICard | CardFault {
  const card = record(data);
  const taskId = id(card.task_id);
  const turnId = card.turn_id ?? null;
  if (typeof card.version === 'number' && card.version > VERSION) {
    return 'newer';
  }
  if (card.version !== VERSION || taskId === null) {
    return 'malformed';
  }
  if (turnId !== null && id(turnId) === null) {
    return 'malformed';
  }
  const gateway = line(card.gateway);
  return {
    gateway: gateway || null,
    taskId,
    turnId: id(turnId),
    snapshot: readSnapshot(record(card.snapshot))
  };
}

/** Whether two cards are about the same thing. */
export function isSameTask(a: ICard, b: ICard): boolean {
  return (
    a.gateway === b.gateway && a.taskId === b.taskId && a.turnId === b.turnId
  );
}

function readSnapshot(from: Fields): ISnapshot {
  const error = record(from.error);
  const at = Date.parse(line(from.at));
  const waiting = from.state === 'waiting';
  return {
    title: line(from.title),
    agent: line(from.agent_name) || line(from.agent),
    practice: from.practice === true || from.agent === 'practice',
    device: line(from.device),
    mode: oneOf(MODES, from.mode),
    state: waiting ? 'running' : oneOf(STATES, from.state),
    waiting,
    prompt: text(from.prompt, PROMPT),
    sent: entries(from.sent).map(one => ({
      name: line(one.name),
      detail: line(one.detail),
      size: count(one.size)
    })),
    answer: text(from.answer, ANSWER),
    tools: entries(from.tools).map(one => ({
      title: line(one.title),
      status: oneOf(STATUSES, one.status) ?? 'completed'
    })),
    diffs: entries(from.diffs).map(one => ({
      path: line(one.path),
      added: count(one.added),
      removed: count(one.removed)
    })),
    error: line(error.message)
      ? { message: line(error.message), fix: line(error.fix) }
      : null,
    usage: from.usage ? readUsage(record(from.usage)) : null,
    at: Number.isNaN(at) ? null : at
  };
}

function readUsage(from: Fields): IUsage {
  return {
    input_tokens: amount(from.input_tokens),
    output_tokens: amount(from.output_tokens),
    total_tokens: amount(from.total_tokens),
    session_cost_usd: amount(from.session_cost_usd)
  };
}

const MODES: readonly Mode[] = ['ask', 'edits', 'plan', 'full'];
const STATES: readonly TurnState[] = [
  'queued',
  'starting',
  'running',
  'completed',
  'failed',
  'cancelled'
];
const STATUSES: readonly ToolStatus[] = [
  'pending',
  'in_progress',
  'completed',
  'failed'
];

type Fields = Readonly<Record<string, unknown>>;

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function entries(value: unknown): Fields[] {
  return Array.isArray(value) ? value.slice(0, ENTRIES).map(record) : [];
}

function oneOf<T>(known: readonly T[], value: unknown): T | null {
  return known.find(one => one === value) ?? null;
}

function text(value: unknown, limit: number): string {
  return typeof value === 'string' ? value.slice(0, limit) : '';
}

function line(value: unknown): string {
  return text(value, LINE);
}

/** The id of a row: a whole number that JavaScript holds exactly. */
function id(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) > 0
    ? (value as number)
    : null;
}

function amount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? value
    : null;
}

function count(value: unknown): number {
  return Math.floor(amount(value) ?? 0);
}
