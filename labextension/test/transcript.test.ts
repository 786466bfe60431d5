import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IApproval, Item, TaskEvent } from '../src/api/types';
import { Hole, Transcript } from '../src/model/transcript';
import { approval } from './approval';
import { history, message, turn, type Body } from './history';

const output = (offset: number, text: string): Body => ({
  type: 'delta',
  data: { item_id: 't', index: 1, kind: 'output', offset, text }
});

const tool = (out: string): Item => ({
  item_id: 't',
  index: 1,
  kind: 'tool',
  title: 'ls',
  tool: 'execute',
  status: 'completed',
  input: null,
  output: out,
  diffs: [],
  locations: [],
  seconds: 1
});

const EVENTS = history(
  { type: 'turn', data: turn() },
  message(0, 'héllo 😀'),
  message(7, ' and more'),
  output(0, 'a\n'),
  output(2, 'b\n'),
  { type: 'item', data: tool('a\nb\n') },
  { type: 'turn', data: turn({ state: 'completed' }) }
);

function shown(events: readonly TaskEvent[][]): unknown {
  const transcript = new Transcript();
  events.forEach(batch => transcript.apply(batch));
  return transcript.turns;
}

void test('text grows by code points, not by UTF-16 units', () => {
  const transcript = new Transcript();
  transcript.apply(EVENTS);
  const [item] = transcript.turns[0]?.items ?? [];
  assert.equal(item?.kind === 'message' && item.text, 'héllo 😀 and more');
});

void test('however events are batched or repeated, the transcript is the same', () => {
  const whole = shown([EVENTS]);
  for (let cut = 0; cut <= EVENTS.length; cut++) {
    for (let back = 0; back <= cut; back++) {
      const batches = [EVENTS.slice(0, cut), EVENTS.slice(back)];
      assert.deepEqual(shown(batches), whole, `${cut}, ${back}`);
    }
  }
});

void test('a delta that overlaps what is known adds only what is new', () => {
  const events = history(
    { type: 'turn', data: turn() },
    message(0, 'a😀b'),
    message(1, '😀bc'),
    message(0, 'a')
  );
  const transcript = new Transcript();
  transcript.apply(events);
  const [item] = transcript.turns[0]?.items ?? [];
  assert.equal(item?.kind === 'message' && item.text, 'a😀bc');
});

void test('deltas of a compacted item change nothing', () => {
  const events = history(
    { type: 'turn', data: turn() },
    { type: 'item', data: tool('a\nb\n') },
    output(0, 'a\n'),
    output(2, 'b\n')
  );
  const transcript = new Transcript();
  transcript.apply(events);
  assert.deepEqual(transcript.turns[0]?.items, [tool('a\nb\n')]);
});

void test('a hole is told, not papered over', () => {
  const transcript = new Transcript();
  const events = history({ type: 'turn', data: turn() }, message(3, 'x'));
  assert.throws(() => transcript.apply(events), Hole);
});

void test('only what changed becomes a new object', () => {
  const transcript = new Transcript();
  transcript.apply(EVENTS.slice(0, 4));
  const before = transcript.turns[0]?.items;
  transcript.apply(EVENTS.slice(4, 5));
  const after = transcript.turns[0]?.items;
  assert.equal(after?.[0], before?.[0]);
  assert.notEqual(after?.[1], before?.[1]);
});

void test('the newest attempt is shown, late events of an older one are not', () => {
  const first = { item_id: 'm', index: 0, kind: 'message', offset: 0 } as const;
  const events = history(
    { type: 'turn', data: turn() },
    { type: 'delta', data: { ...first, text: 'old' } },
    { type: 'turn', data: turn({ attempt_id: 71 }) },
    { type: 'delta', data: { ...first, text: 'new' }, attempt_id: 71 },
    { type: 'delta', data: { ...first, offset: 3, text: ' late' } }
  );
  const transcript = new Transcript();
  transcript.apply(events);
  const items = transcript.turns[0]?.items ?? [];
  assert.deepEqual(
    items.map(item => item.kind === 'message' && item.text),
    ['new']
  );
});

void test('an approval, a question of trust and steering are replaced as a whole', () => {
  const steer: Item = { item_id: 's', index: 2, kind: 'steer', text: 'wait' };
  const trust: Item = {
    item_id: 'u',
    index: 0,
    kind: 'trust',
    path: '/srv',
    found: ['.claude']
  };
  const asked = (state: IApproval['state']): Item => ({
    item_id: 'a',
    index: 1,
    kind: 'approval',
    approval: approval({ state })
  });
  const events = history(
    { type: 'turn', data: turn() },
    { type: 'item', data: asked('open') },
    { type: 'item', data: steer },
    { type: 'item', data: trust },
    { type: 'item', data: asked('allowed') }
  );
  const transcript = new Transcript();
  transcript.apply(events);
  assert.deepEqual(transcript.turns[0]?.items, [
    trust,
    asked('allowed'),
    steer
  ]);
});

void test('items are in the order of index, turns in that of number', () => {
  const plan: Item = { item_id: 'p', index: 0, kind: 'plan', entries: [] };
  const events = history(
    { type: 'turn', data: turn({ id: 8, number: 2, attempt_id: null }) },
    { type: 'turn', data: turn() },
    { type: 'item', data: tool('') },
    { type: 'item', data: plan }
  );
  const transcript = new Transcript();
  transcript.apply(events);
  assert.deepEqual(
    transcript.turns.map(one => one.turn.id),
    [7, 8]
  );
  assert.deepEqual(transcript.turns[0]?.items, [plan, tool('')]);
  assert.deepEqual(transcript.turns[1]?.items, []);
});
