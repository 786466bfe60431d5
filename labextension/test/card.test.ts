import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isSameTask, readCard, type ICard } from '../src/model/card';

const WHOLE = {
  version: 1,
  gateway: 'g',
  task_id: 12,
  turn_id: 34,
  snapshot: {
    title: 'Add type hints',
    agent: 'claude',
    agent_name: 'Claude Code',
    practice: false,
    device: 'gpu-box',
    mode: 'edits',
    state: 'completed',
    prompt: 'Add them',
    sent: [{ name: 'df', detail: 'DataFrame', size: 2048 }],
    answer: '**Done**',
    tools: [{ title: 'pytest', status: 'failed' }],
    diffs: [{ path: 'a.py', added: 12, removed: 4 }],
    error: { message: 'It broke', fix: 'Start it again' },
    usage: { input_tokens: 3, output_tokens: 4, total_tokens: null },
    at: '2026-11-29T12:00:00Z'
  }
};

function card(data: unknown): ICard {
  const read = readCard(data);
  assert.ok(typeof read !== 'string');
  return read;
}

void test('a card says which task it is about and how that looked', () => {
  const { snapshot, ...about } = card(WHOLE);
  assert.deepEqual(about, { gateway: 'g', taskId: 12, turnId: 34 });
  assert.equal(snapshot.agent, 'Claude Code');
  assert.equal(snapshot.state, 'completed');
  assert.equal(snapshot.waiting, false);
  assert.deepEqual(snapshot.sent, WHOLE.snapshot.sent);
  assert.deepEqual(snapshot.tools, WHOLE.snapshot.tools);
  assert.deepEqual(snapshot.diffs, WHOLE.snapshot.diffs);
  assert.deepEqual(snapshot.error, WHOLE.snapshot.error);
  assert.equal(snapshot.usage?.session_cost_usd, null);
  assert.equal(snapshot.at, Date.UTC(2026, 10, 29, 12));
});

void test('a card that waits for a person runs', () => {
  const { snapshot } = card({ ...WHOLE, snapshot: { state: 'waiting' } });
  assert.deepEqual([snapshot.state, snapshot.waiting], ['running', true]);
});

void test('what is no card is none, whatever it is', () => {
  const id = (task_id: unknown): object => ({ ...WHOLE, task_id });
  const none = [
    undefined,
    null,
    7,
    'card',
    [],
    {},
    { ...WHOLE, version: '1' },
    { ...WHOLE, version: 0 },
    { ...WHOLE, turn_id: '../34' },
    { ...WHOLE, turn_id: 0 },
    id('12'),
    id(-1),
    id(1.5),
    id(NaN),
    id(2 ** 53),
    id('12/../../api')
  ];
  for (const data of none) {
    assert.equal(readCard(data), 'malformed', JSON.stringify(data));
  }
  assert.equal(readCard({ ...WHOLE, version: 2 }), 'newer');
});

void test('what is wrong in a snapshot is left out, and the rest is shown', () => {
  const wrong = {
    ...WHOLE.snapshot,
    title: { toString: 'x' },
    mode: 'sudo',
    state: 'exploded',
    answer: 7,
    sent: 'df',
    tools: [null, 5, { title: 'x', status: 'y' }],
    diffs: [{ path: 'a', added: -1, removed: Infinity }],
    error: { message: {}, fix: 'x' },
    usage: { input_tokens: 'many' },
    at: 'yesterday'
  };
  const { snapshot } = card({ ...WHOLE, snapshot: wrong });
  assert.equal(snapshot.title, '');
  assert.equal(snapshot.mode, null);
  assert.equal(snapshot.state, null);
  assert.equal(snapshot.answer, '');
  assert.deepEqual(snapshot.sent, []);
  assert.deepEqual(
    snapshot.tools.map(one => one.status),
    ['completed', 'completed', 'completed']
  );
  assert.deepEqual(snapshot.diffs, [{ path: 'a', added: 0, removed: 0 }]);
  assert.equal(snapshot.error, null);
  assert.equal(snapshot.usage?.input_tokens, null);
  assert.equal(snapshot.at, null);
  assert.equal(snapshot.prompt, 'Add them');
});

void test('a huge snapshot costs no more than a large one', () => {
  const long = 'x'.repeat(1e6);
  const many = Array.from({ length: 1e5 }, () => ({ title: long, name: long }));
  const { snapshot } = card({
    ...WHOLE,
    gateway: long,
    snapshot: {
      title: long,
      prompt: long,
      answer: long,
      tools: many,
      sent: many
    }
  });
  assert.ok(JSON.stringify(snapshot).length < 200_000);
  assert.equal(snapshot.tools.length, 50);
});

void test('the practice agent is known by its id, too', () => {
  const snapshot = { agent: 'practice', practice: false };
  assert.equal(card({ ...WHOLE, snapshot }).snapshot.practice, true);
});

void test('cards are about the same if gateway, task and message are', () => {
  const one = card(WHOLE);
  assert.ok(isSameTask(one, card({ ...WHOLE, snapshot: {} })));
  assert.ok(!isSameTask(one, card({ ...WHOLE, gateway: 'h' })));
  assert.ok(!isSameTask(one, card({ ...WHOLE, turn_id: null })));
  assert.ok(!isSameTask(one, card({ ...WHOLE, task_id: 13 })));
});
