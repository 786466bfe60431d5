/** Histories of a task with one turn, for tests. */

import type { Item, ITurn, TaskEvent } from '../src/api/types';

export function turn(fields: Partial<ITurn> = {}): ITurn {
  return {
    id: 7,
    task_id: 1,
    number: 1,
    prompt: 'do it',
    agent: 'practice',
    practice: true,
    mode: 'full',
    model: null,
    device_id: 'd',
    state: 'running',
    cancelling: false,
    corrected: false,
    position: null,
    attempt_id: 70,
    error: null,
    usage: null,
    stop_reason: null,
    created_at: '2026-11-23T08:00:00Z',
    started_at: null,
    ended_at: null,
    ...fields
  };
}

export type Body =
  | { type: 'turn'; data: ITurn }
  | { type: 'item'; data: Item; attempt_id?: number }
  | {
      type: 'delta';
      data: Extract<TaskEvent, { type: 'delta' }>['data'];
      attempt_id?: number;
    };

export function history(...bodies: Body[]): TaskEvent[] {
  return bodies.map((body, at) => ({
    task_id: 1,
    turn_id: body.type === 'turn' ? body.data.id : 7,
    attempt_id: 70,
    pos: at + 1,
    ...body
  }));
}

export const message = (offset: number, text: string): Body => ({
  type: 'delta',
  data: { item_id: 'm', index: 0, kind: 'message', offset, text }
});
