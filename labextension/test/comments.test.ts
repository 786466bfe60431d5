import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Comments, promptOf, type ILinePlace } from '../src/model/comments';
import { trans } from './trans';

const PLACE: ILinePlace = {
  path: 'src/a.py',
  line: 12,
  removed: false,
  text: 'def load(path):',
  cell: null
};

void test('an agent is told the file, the line and what it says', () => {
  assert.equal(
    promptOf(trans, '', [{ place: PLACE, text: 'Use a Path. ' }]),
    '`src/a.py`, line 12:\n> def load(path):\n\nUse a Path.'
  );
});

void test('a removed line is named by its number from before', () => {
  const place = { ...PLACE, removed: true };
  assert.match(
    promptOf(trans, '', [{ place, text: 'Why?' }]),
    /^`src\/a\.py`, removed line 12:\n/
  );
});

void test('a line of a notebook is named within its cell', () => {
  const place = { ...PLACE, path: 'eda.ipynb', line: 2, cell: 'import os' };
  assert.match(
    promptOf(trans, '', [{ place, text: 'Why?' }]),
    /^`eda\.ipynb`, line 2 of the cell that begins with `import os`:\n/
  );
});

void test('what is written goes first, then each comment', () => {
  const prompt = promptOf(trans, ' Thanks! ', [
    { place: PLACE, text: 'one' },
    { place: { ...PLACE, line: 13 }, text: 'two' }
  ]);
  assert.deepEqual(
    prompt.split('\n\n').filter((_, at) => at % 2 === 0),
    ['Thanks!', 'one', 'two']
  );
});

void test('a path that would end its quotes is quoted otherwise', () => {
  const place = { ...PLACE, path: 'a`b\nc' };
  assert.match(promptOf(trans, '', [{ place, text: 'x' }]), /^"a`b\\nc", /);
});

void test('a line without an end is quoted in part', () => {
  const place = { ...PLACE, text: 'x'.repeat(1_000_000) };
  assert.ok(promptOf(trans, '', [{ place, text: 'x' }]).length < 1_000);
});

void test('comments wait for the next message of their own task', () => {
  const comments = new Comments();
  comments.add(1, PLACE, 'one');
  comments.add(2, PLACE, 'other');
  comments.add(1, PLACE, 'two');
  const sent = comments.of(1).value.slice(0, 1);
  comments.remove(1, sent);
  assert.deepEqual(
    comments.of(1).value.map(one => one.text),
    ['two']
  );
  assert.equal(comments.of(2).value.length, 1);
});
