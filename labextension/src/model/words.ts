/** Words for states, times and numbers, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  DeviceStatus,
  ITask,
  Mode,
  QueueReason,
  TurnState
} from '../api/types';

export function stateWord(
  trans: TranslationBundle,
  state: TurnState,
  cancelling: boolean
): string {
  if (cancelling) {
    return trans.__('Stopping…');
  }
  return {
    queued: trans.__('Queued'),
    starting: trans.__('Starting'),
    running: trans.__('Running'),
    completed: trans.__('Done'),
    failed: trans.__('Failed'),
    cancelled: trans.__('Stopped')
  }[state];
}

export function statusWord(
  trans: TranslationBundle,
  status: DeviceStatus
): string {
  return {
    online: trans.__('Online'),
    busy: trans.__('Busy'),
    reconnecting: trans.__('Reconnecting…'),
    offline: trans.__('Offline')
  }[status];
}

export function modeWord(trans: TranslationBundle, mode: Mode): string {
  return {
    ask: trans.__('Ask'),
    edits: trans.__('Accept edits'),
    plan: trans.__('Plan'),
    full: trans.__('Full access')
  }[mode];
}

export function modeHelp(trans: TranslationBundle, mode: Mode): string {
  return {
    ask: trans.__('Reads; asks before anything else'),
    edits: trans.__('Edits files; asks before commands'),
    plan: trans.__('Only reads, and proposes a plan'),
    full: trans.__('Does everything without asking')
  }[mode];
}

/** Instead of "Running", where a person is needed. */
export function waitingWord(trans: TranslationBundle): string {
  return trans.__('Waiting for you');
}

export function needsYou(trans: TranslationBundle, count: number): string {
  return trans._n('%1 needs you', '%1 need you', count);
}

/** "2nd in queue"; empty when the task waits for nothing. */
export function queueWord(trans: TranslationBundle, task: ITask): string {
  if (task.paused) {
    return trans.__('Paused');
  }
  const position = task.queue_position;
  return position === null ? '' : placeWord(trans, position);
}

export function placeWord(trans: TranslationBundle, position: number): string {
  return position === 1
    ? trans.__('Next in queue')
    : trans.__('%1 in queue', ordinal(position));
}

/** Why a turn waits; empty when it starts at once. */
export function reasonWord(
  trans: TranslationBundle,
  reason: QueueReason | null
): string {
  switch (reason) {
    case 'offline':
      return trans.__('the device is offline');
    case 'earlier_message':
      return trans.__('after the message before it');
    case 'paused':
      return trans.__('an earlier message failed');
    case 'waiting_for_you':
      return trans.__('all slots are in use, and tasks in them wait for you');
    case 'slots':
      return trans.__('all slots are in use');
    case null:
      return '';
  }
}

/** "2nd in queue: all slots are in use". */
export function queueLine(trans: TranslationBundle, task: ITask): string {
  return [queueWord(trans, task), reasonWord(trans, task.queue_reason)]
    .filter(Boolean)
    .join(': ');
}

function ordinal(n: number): string {
  const rule = new Intl.PluralRules('en', { type: 'ordinal' }).select(n);
  const suffixes: Record<string, string> = { one: 'st', two: 'nd', few: 'rd' };
  return `${n}${suffixes[rule] ?? 'th'}`;
}

/** "10 min ago", in words that fit a list. */
export function ago(
  trans: TranslationBundle,
  iso: string,
  now: number
): string {
  const minutes = Math.floor((now - Date.parse(iso)) / 60_000);
  if (minutes < 1) {
    return trans.__('now');
  }
  if (minutes < 60) {
    return trans.__('%1 min ago', minutes);
  }
  const hours = Math.floor(minutes / 60);
  return hours < 24
    ? trans.__('%1 h ago', hours)
    : trans._n('%1 day ago', '%1 days ago', Math.floor(hours / 24));
}

/** "in 6 days"; "expired" for what is over. */
export function inFuture(
  trans: TranslationBundle,
  iso: string,
  now: number
): string {
  const left = (Date.parse(iso) - now) / 60_000;
  if (left <= 0) {
    return trans.__('expired');
  }
  const minutes = Math.max(1, Math.round(left));
  if (minutes < 60) {
    return trans.__('in %1 min', minutes);
  }
  const hours = Math.round(left / 60);
  return hours < 48
    ? trans.__('in %1 h', hours)
    : trans.__('in %1 days', Math.round(hours / 24));
}

export function secondsBetween(startIso: string, endIso: string): number {
  return Math.max(0, (Date.parse(endIso) - Date.parse(startIso)) / 1000);
}

/** "1:42", or "1:02:03"; never negative, since the clocks of browser and server differ. */
export function elapsed(startIso: string, end: number): string {
  const total = Math.max(0, Math.floor((end - Date.parse(startIso)) / 1000));
  const parts = [Math.floor(total / 60) % 60, total % 60];
  const hours = Math.floor(total / 3600);
  const [minutes, seconds] = parts.map(part => String(part).padStart(2, '0'));
  return hours ? `${hours}:${minutes}:${seconds}` : `${parts[0]}:${seconds}`;
}

/** "0.1 s", "12 s", "2:05"; empty for what took no time that a person notices. */
export function duration(seconds: number): string {
  if (seconds < 0.1) {
    return '';
  }
  if (seconds >= 60) {
    return elapsed(new Date(0).toISOString(), seconds * 1000);
  }
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
