import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IProvider } from '../src/api/models';
import {
  changes,
  creation,
  defaultOf,
  modelNames,
  newProvider,
  providerDraft,
  wrong
} from '../src/model/providerDraft';
import { trans } from './trans';

const SAVED: IProvider = {
  id: 1,
  name: 'work',
  kind: 'openai',
  base_url: 'https://models.test/v1',
  has_key: true,
  models: ['a', 'b'],
  default_model: 'a',
  problem: null,
  created_at: '2026-11-23T08:00:00Z',
  updated_at: '2026-11-23T08:00:00Z'
};

const GOOD = { ...newProvider('openai'), name: 'work', models: 'a\nb' };

void test('models are named one on each line, or with commas, each once', () => {
  assert.deepEqual(modelNames(' a \n\nb, c d\na'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(modelNames(' \n'), []);
});

void test('what is wrong is told of the field that it is about', () => {
  const cases: [Partial<typeof GOOD>, string[]][] = [
    [{}, []],
    [{ name: '' }, ['name']],
    [{ name: 'Work' }, ['name']],
    [{ name: '-work' }, ['name']],
    [{ name: 'a'.repeat(41) }, ['name']],
    [{ baseUrl: 'models.test' }, ['baseUrl']],
    [{ baseUrl: 'ftp://models.test' }, ['baseUrl']],
    [{ baseUrl: 'https://me:key@models.test' }, ['baseUrl']],
    [{ baseUrl: ' http://127.0.0.1:8000/v1/ ' }, []],
    [{ models: '' }, ['models']],
    [{ models: 'gpt–5' }, ['models']],
    [
      { models: Array.from({ length: 51 }, (_, at) => `m${at}`).join('\n') },
      ['models']
    ]
  ];
  for (const [fields, expected] of cases) {
    const found = Object.keys(wrong(trans, { ...GOOD, ...fields }, null));
    assert.deepEqual(found, expected, JSON.stringify(fields));
  }
});

void test('a new provider is sent with what was written, tidied', () => {
  const draft = {
    ...GOOD,
    baseUrl: ' https://models.test/v1/ ',
    key: ' k ',
    defaultModel: 'b'
  };
  assert.deepEqual(creation(draft), {
    name: 'work',
    kind: 'openai',
    base_url: 'https://models.test/v1',
    key: 'k',
    models: ['a', 'b'],
    default_model: 'b'
  });
});

void test('a default that is no longer among the models is none', () => {
  assert.equal(defaultOf({ ...GOOD, defaultModel: 'gone' }), '');
  assert.equal(creation({ ...GOOD, defaultModel: 'gone' }).default_model, null);
});

void test('of a saved provider only what changed is sent, and no key that nobody typed', () => {
  const draft = providerDraft(SAVED);
  assert.deepEqual(changes(draft, SAVED), {});
  assert.deepEqual(changes({ ...draft, key: 'new' }, SAVED), { key: 'new' });
  assert.deepEqual(changes({ ...draft, dropsKey: true }, SAVED), { key: '' });
  assert.deepEqual(changes({ ...draft, models: 'b' }, SAVED), {
    models: ['b'],
    default_model: ''
  });
});

void test('a saved key is not taken to another address', () => {
  const moved = { ...providerDraft(SAVED), baseUrl: 'https://other.test' };
  assert.deepEqual(Object.keys(wrong(trans, moved, SAVED)), ['key']);
  assert.deepEqual(wrong(trans, { ...moved, key: 'again' }, SAVED), {});
  assert.deepEqual(wrong(trans, { ...moved, dropsKey: true }, SAVED), {});
  const slash = { ...moved, baseUrl: `${SAVED.base_url}/` };
  assert.deepEqual(wrong(trans, slash, SAVED), {});
});
