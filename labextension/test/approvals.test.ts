import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IApproval, Item, ITurn, ToolStatus } from '../src/api/types';
import { Approvals } from '../src/model/approvals';
import {
  answersOf,
  beside,
  commandOf,
  editableOf,
  edited,
  outcome,
  restOf
} from '../src/model/asking';
import { isCommand, pieces } from '../src/model/fixes';
import { askedTools, stoppedTools } from '../src/model/tools';
import { unhidden } from '../src/model/text';
import { approval } from './approval';
import { trans } from './trans';

function heard(approvals: Approvals): string[] {
  const news: string[] = [];
  approvals.opened.connect((_, one) => news.push(`+${one.id}`));
  approvals.closed.connect((_, id) => news.push(`-${id}`));
  return news;
}

function ids(approvals: Approvals): string[] {
  return approvals.value.map(one => one.id);
}

void test('what was open when the page was loaded is shown and not announced', () => {
  const approvals = new Approvals();
  const news = heard(approvals);
  approvals.reset([approval()]);
  assert.deepEqual(ids(approvals), ['70.1']);
  approvals.put(approval({ id: '70.2' }));
  assert.deepEqual(news, ['+70.2']);
});

void test('each approval is announced once, however often it is told', () => {
  const approvals = new Approvals();
  approvals.reset([]);
  const news = heard(approvals);
  approvals.put(approval());
  approvals.put(approval());
  approvals.reset([approval()]);
  approvals.put(approval({ state: 'denied' }));
  approvals.put(approval({ state: 'denied' }));
  assert.deepEqual(news, ['+70.1', '-70.1']);
  assert.deepEqual(ids(approvals), []);
});

void test('an answered approval never opens again', () => {
  const approvals = new Approvals();
  approvals.reset([]);
  approvals.put(approval({ state: 'allowed' }));
  approvals.put(approval());
  approvals.reset([approval()]);
  assert.deepEqual(ids(approvals), []);
});

void test('what was answered while the connection was lost is told', () => {
  const approvals = new Approvals();
  approvals.reset([approval()]);
  const news = heard(approvals);
  approvals.reset([approval({ id: '71.1' })]);
  assert.deepEqual(news, ['-70.1', '+71.1']);
});

void test('the oldest comes first, by number within an attempt', () => {
  const approvals = new Approvals();
  const early = '2026-11-23T07:00:00Z';
  approvals.reset([
    approval({ id: '70.10' }),
    approval({ id: '70.9' }),
    approval({ id: '69.1', attempt_id: 69, created_at: early })
  ]);
  assert.deepEqual(ids(approvals), ['69.1', '70.9', '70.10']);
});

void test('the outcome says what became of it and why', () => {
  const told = (fields: Partial<IApproval>): string =>
    outcome(trans, approval(fields));
  assert.equal(told({ state: 'allowed' }), 'Allowed');
  assert.equal(
    told({ state: 'allowed', decision: { decision: 'allow_task' } }),
    'Allowed for this task'
  );
  assert.equal(
    told({ state: 'denied', decision: { decision: 'deny', reason: 'no' } }),
    'Denied: no'
  );
  assert.equal(told({ state: 'denied' }), 'Denied');
  assert.equal(
    told({ state: 'expired' }),
    'Expired: the run ended before it was answered'
  );
  assert.equal(told({ state: 'withdrawn' }), 'No longer needed');
  assert.equal(
    told({
      asks: 'question',
      state: 'allowed',
      decision: { decision: 'allow', answers: { 'Which?': 'red' } }
    }),
    'Answered: red'
  );
});

void test('nothing of an input is left out', () => {
  assert.equal(commandOf({ command: 'ls', timeout: 5 }), 'ls');
  assert.equal(restOf({ command: 'ls' }), '');
  assert.equal(restOf({ command: 'ls', timeout: 5 }).includes('timeout'), true);
  assert.deepEqual(beside({ command: 'ls', description: '', a: 1 }), { a: 1 });
  assert.equal(commandOf({ path: 'a' }), null);
  assert.equal(restOf({ path: 'a' }), '{\n  "path": "a"\n}');
  assert.equal(restOf(['a']), '[\n  "a"\n]');
});

void test('one text of an input is edited as text, the rest stays', () => {
  const input = { command: 'ls', timeout: 5 };
  assert.deepEqual(editableOf(input), { field: 'command', text: 'ls' });
  assert.deepEqual(edited(input, 'command', 'pwd'), {
    command: 'pwd',
    timeout: 5
  });
  assert.deepEqual(editableOf({ query: 'x' }), { field: 'query', text: 'x' });
});

void test('other input is edited as JSON, which has to be an object', () => {
  const input = { a: 1, b: 'x' };
  const { field, text } = editableOf(input);
  assert.equal(field, null);
  assert.deepEqual(edited(input, field, text), input);
  assert.throws(() => edited(input, field, '{'), SyntaxError);
  assert.throws(() => edited(input, field, '[1]'), SyntaxError);
});

void test('questions are answered together, each as it was asked', () => {
  const one = {
    question: 'Which?',
    header: '',
    multiple: false,
    options: [],
    free: true
  };
  const many = { ...one, question: 'What?', multiple: true };
  assert.equal(answersOf([one, many], { 'Which?': ['red'] }), null);
  assert.equal(answersOf([one], { 'Which?': [' '] }), null);
  assert.deepEqual(
    answersOf([one, many], { 'Which?': ['red'], 'What?': ['a', 'b'] }),
    { 'Which?': 'red', 'What?': ['a', 'b'] }
  );
});

void test('only what a terminal takes is a command', () => {
  assert.equal(isCommand('pipx install ghost-agent'), true);
  assert.equal(isCommand('C:\\bin\\agent.exe --login'), true);
  assert.equal(isCommand('Send the message again'), false);
  assert.equal(isCommand('run it again.'), false);
  assert.equal(isCommand('Install it with `pip install x`'), false);
  assert.deepEqual(pieces('Use `pip` now'), [
    { text: 'Use ', code: false },
    { text: 'pip', code: true },
    { text: ' now', code: false }
  ]);
});

void test('what hides a character or goes on in another line is no command to copy', () => {
  for (const hidden of [
    '\u0003',
    '\u001b[2K',
    '\r',
    '\r\n',
    '\n',
    '\t',
    '\u009b',
    '\u00ad',
    '\u200b',
    '\u200d',
    '\u2028',
    '\u202e',
    '\u2066',
    '\ufeff',
    '\u{e0041}'
  ]) {
    for (const fix of [`ls${hidden}`, `ls ${hidden}-l`, `${hidden}ls`]) {
      assert.equal(isCommand(fix), false, JSON.stringify(fix));
    }
  }
});

void test('characters that hide or reorder others are written out', () => {
  assert.equal(unhidden('rm\u202e x\u200b'), 'rm⟨U+202E⟩ x⟨U+200B⟩');
  assert.equal(unhidden('a\r\nb\tc é 😀'), 'a\nb\tc é 😀');
});

function tool(item_id: string, status: ToolStatus): Item {
  return {
    item_id,
    index: 0,
    kind: 'tool',
    title: '',
    tool: 'execute',
    status,
    input: null,
    output: '',
    diffs: [],
    locations: [],
    seconds: null
  };
}

void test('what an open approval shows is not shown a second time', () => {
  const items = (fields: Partial<IApproval>): Item[] => [
    tool('one', 'completed'),
    tool('two', 'pending'),
    {
      item_id: 'approval-1',
      index: 2,
      kind: 'approval',
      approval: approval({ tool_item: 'two', ...fields })
    }
  ];
  assert.deepEqual([...askedTools(items({}))], ['two']);
  assert.deepEqual([...askedTools(items({ tool_item: 'one' }))], []);
  assert.deepEqual([...askedTools(items({ state: 'allowed' }))], []);
  const answered = items({ state: 'allowed', asks: 'question' });
  assert.deepEqual([...askedTools(answered)], ['two']);
});

void test('a tool that Stop ended did not fail; one that failed before did', () => {
  const items = [
    tool('early', 'failed'),
    tool('lost', 'in_progress'),
    tool('late', 'failed')
  ];
  const turn = (state: ITurn['state']): ITurn => ({ state }) as ITurn;
  assert.deepEqual(
    [...stoppedTools(turn('cancelled'), items)],
    ['lost', 'late']
  );
  assert.deepEqual([...stoppedTools(turn('failed'), items)], []);
});
