import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  chooseAgent,
  chooseDevice,
  onlyPractice,
  pickable
} from '../src/model/choices';
import { lineDiff } from '../src/model/diff';
import { inOrder, Tasks } from '../src/model/tasks';
import { elapsed } from '../src/model/words';
import { joinRoot, pathWithin, shortPath } from '../src/model/workspace';
import { agent, device, task } from './made';

void test('practice is offered only where no real agent works', () => {
  const practice = agent('practice', true);
  const without = device('a', { agents: [practice, agent('claude', false)] });
  const withReal = device('b', { agents: [practice, agent('claude', true)] });
  assert.equal(onlyPractice(without), true);
  assert.equal(onlyPractice(withReal), false);
  assert.deepEqual(
    pickable(withReal).map(one => one.id),
    ['claude']
  );
  assert.equal(chooseAgent(pickable(without), null, '')?.id, 'practice');
});

void test('an agent without a login is no reason to hide practice, nor a default', () => {
  const claude = { ...agent('claude', true), logged_in: false };
  const here = device('a', { agents: [agent('practice', true), claude] });
  assert.equal(onlyPractice(here), true);
  assert.equal(chooseAgent([claude], null, 'claude'), undefined);
  assert.equal(chooseAgent([claude], 'claude', ''), claude);
});

void test('the picked agent wins over the preferred, and neither if not ready', () => {
  const agents = [agent('a', true), agent('b', true), agent('c', false)];
  assert.equal(chooseAgent(agents, null, '')?.id, 'a');
  assert.equal(chooseAgent(agents, null, 'b')?.id, 'b');
  assert.equal(chooseAgent(agents, 'a', 'b')?.id, 'a');
  assert.equal(chooseAgent(agents, 'c', 'c')?.id, 'a');
});

void test('the default device is the starred one, then this computer', () => {
  const here = device('here', { embedded: true });
  const starred = device('starred', { is_default: true });
  const other = device('other');
  assert.equal(chooseDevice([other, here], null), here);
  assert.equal(chooseDevice([other, here, starred], null), starred);
  assert.equal(chooseDevice([other, here, starred], 'other'), other);
  assert.equal(chooseDevice([], 'other'), undefined);
});

void test('an answer of REST never covers newer news of the socket', () => {
  const tasks = new Tasks();
  const newer = task(1, {
    state: 'completed',
    updated_at: '2026-11-23T08:00:00.5Z'
  });
  tasks.put(newer);
  tasks.offer([task(1)]);
  assert.deepEqual(tasks.value, [newer]);
});

void test('changes that happened while the connection was lost are told', () => {
  const tasks = new Tasks();
  const changes: string[] = [];
  tasks.stateChanged.connect((_, { before, after }) =>
    changes.push(`${after.id} ${before.state} ${after.state}`)
  );
  tasks.reset([task(1), task(2)]);
  tasks.reset([task(1, { state: 'completed' }), task(2), task(3)]);
  assert.deepEqual(changes, ['1 running completed']);
});

void test('the newest activity comes first', () => {
  const tasks = new Tasks();
  tasks.reset([task(1), task(2)]);
  tasks.put(task(1, { updated_at: '2026-11-23T08:00:01Z' }));
  assert.deepEqual(
    tasks.value.map(one => one.id),
    [1, 2]
  );
});

void test('a diff names what changed and leaves out what is far', () => {
  const before = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  const after = before.map((line, at) => (at === 10 ? 'changed' : line));
  const diff = lineDiff(before.join('\n'), after.join('\n'));
  assert.deepEqual([diff.added, diff.removed], [1, 1]);
  assert.deepEqual(diff.lines.map(line => line.sign).join(''), '…   -+   …');
});

void test('a diff puts both texts together again', () => {
  const before = 'a\nb\nc\nd\n';
  const after = 'b\nx\nc\ny\nd\n';
  const { lines } = lineDiff(before, after);
  const side = (sign: string): string =>
    lines
      .filter(line => line.sign === ' ' || line.sign === sign)
      .map(line => `${line.text}\n`)
      .join('');
  assert.equal(side('-'), before);
  assert.equal(side('+'), after);
});

void test('a new file is all added', () => {
  assert.deepEqual(lineDiff(null, 'a\nb\n').lines, [
    { sign: '+', text: 'a', before: null, after: 1 },
    { sign: '+', text: 'b', before: null, after: 2 }
  ]);
});

void test('folders are joined as the server names them', () => {
  assert.equal(joinRoot('~/code', 'a/b'), '~/code/a/b');
  assert.equal(joinRoot('~/code/', ''), '~/code');
  assert.equal(joinRoot('/', 'a'), '/a');
  assert.equal(joinRoot('/', ''), '/');
  assert.equal(shortPath('/home/me/code/churn'), '…/code/churn');
  assert.equal(shortPath('~/churn'), '~/churn');
  assert.equal(pathWithin('/srv/churn/a/b.py', '/srv/churn'), 'a/b.py');
  assert.equal(
    pathWithin('/srv/churn2/b.py', '/srv/churn'),
    '/srv/churn2/b.py'
  );
});

void test('times are never negative, whatever the clocks say', () => {
  const start = '2026-11-23T08:00:00Z';
  const at = (seconds: number): string =>
    elapsed(start, Date.parse(start) + seconds * 1000);
  assert.deepEqual(
    [at(-5), at(9), at(102), at(3723)],
    ['0:00', '0:09', '1:42', '1:02:03']
  );
});

void test('a held order keeps rows in place and puts new ones on top', () => {
  const tasks = [task(1), task(2), task(3)];
  assert.deepEqual(
    inOrder(tasks, [3, 1]).map(one => one.id),
    [2, 3, 1]
  );
});
