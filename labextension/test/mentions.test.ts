import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IFileList, IPlace } from '../src/api/fileRest';
import { FileSearch } from '../src/model/fileSearch';
import { mentionAt, withPath } from '../src/model/mentions';

/** What is typed, with the cursor at `|`. */
function at(marked: string): { text: string; query: string | undefined } {
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  return { text, query: mentionAt(text, cursor)?.query };
}

function picked(marked: string, path: string): string {
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  const mention = mentionAt(text, cursor);
  assert.ok(mention);
  const made = withPath(text, mention, path);
  return `${made.text.slice(0, made.cursor)}|${made.text.slice(made.cursor)}`;
}

void test('an @ that begins a word and what follows it name a file', () => {
  assert.equal(at('@ut|').query, 'ut');
  assert.equal(at('look at @src/ut| please').query, 'src/ut');
  assert.equal(at('see\n(@ut|)').query, 'ut');
  assert.equal(at('@"my fi|').query, 'my fi');
});

void test('nothing else does', () => {
  for (const marked of ['@|', 'me@host|', '@ut s|', '@@ut|', 'ut|', '@ut |']) {
    assert.equal(at(marked).query, undefined, marked);
  }
});

void test('the path takes the place of what was typed, and the cursor follows it', () => {
  assert.equal(
    picked('look at @ut|', 'src/utils.py'),
    'look at @src/utils.py |'
  );
  assert.equal(picked('@ut| please', 'utils.py'), '@utils.py |please');
  assert.equal(picked('@ut|x', 'utils.py'), '@utils.py |x');
});

void test('a path with spaces is quoted', () => {
  assert.equal(picked('@my|', 'my file.txt'), '@"my file.txt" |');
  assert.equal(picked('@"my f|"', 'my file.txt'), '@"my file.txt" |');
  assert.equal(picked('@a|', 'a"b'), '@"a\\"b" |');
});

const PLACE: IPlace = { deviceId: 'd', path: '/srv' };

/** Files that are found when the test says so. */
class Peer {
  readonly asked: string[] = [];
  private readonly answers = new Map<string, (list: IFileList) => void>();

  find(_: IPlace, query: string): Promise<IFileList> {
    this.asked.push(query);
    return new Promise(resolve => this.answers.set(query, resolve));
  }

  async answer(query: string): Promise<void> {
    this.answers.get(query)?.({ items: [`${query}.py`], truncated: false });
    await settled();
  }
}

/** Timers that end at once, and what follows from them, are over. */
function settled(): Promise<void> {
  return new Promise(resolve => setTimeout(() => setImmediate(resolve)));
}

void test('only what typing came to is looked for', async () => {
  const peer = new Peer();
  const search = new FileSearch(peer, 0);
  search.ask(PLACE, 'u');
  search.ask(PLACE, 'ut');
  await settled();
  assert.deepEqual(peer.asked, ['ut']);
});

void test('an answer that comes late changes nothing', async () => {
  const peer = new Peer();
  const search = new FileSearch(peer, 0);
  search.ask(PLACE, 'u');
  await settled();
  search.ask(PLACE, 'ut');
  await settled();
  await peer.answer('ut');
  await peer.answer('u');
  assert.deepEqual(search.value?.items, ['ut.py']);
  search.ask(PLACE, 'utx');
  await settled();
  search.stop();
  await peer.answer('utx');
  assert.equal(search.value, null);
});

void test('why nothing can be found is told', async () => {
  const peer = { find: () => Promise.reject(new Error('gpu-box is offline')) };
  const search = new FileSearch(peer, 0);
  search.ask(PLACE, 'u');
  await settled();
  assert.equal(search.value?.problem?.message, 'gpu-box is offline');
  assert.deepEqual(search.value.items, []);
});
