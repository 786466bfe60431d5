import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IModelChoice } from '../src/api/models';
import { usable } from '../src/model/choices';
import {
  chooseModel,
  issuedKinds,
  modelOptions,
  replyOptions,
  usesIssued,
  ModelMenu,
  type IMenu
} from '../src/model/modelMenu';
import { agent } from './made';
import { trans } from './trans';

function choice(
  model: string,
  kind: IModelChoice['kind'],
  fields: Partial<IModelChoice> = {}
): IModelChoice {
  return { model, kind, is_default: false, issued: true, ...fields };
}

function menu(items: IModelChoice[], ownCodex = false): IMenu {
  return { items, ownCodex };
}

const codex = { ...agent('codex', true), provider: 'openai' as const };
const claude = { ...agent('claude', true), provider: 'anthropic' as const };
const other = agent('other', true);

const BOTH = menu([
  choice('work/gpt-5.5', 'openai', { is_default: true }),
  choice('work/small', 'openai'),
  choice('home/opus', 'anthropic')
]);

function labels(options: readonly { label: string }[]): string[] {
  return options.map(one => one.label);
}

void test('an agent is offered the models of its own kind, and the default by its name', () => {
  assert.deepEqual(labels(modelOptions(trans, BOTH, codex)), [
    'Default: work/gpt-5.5',
    'work/gpt-5.5',
    'work/small'
  ]);
  assert.deepEqual(labels(modelOptions(trans, BOTH, claude)), [
    'Own login',
    'home/opus'
  ]);
});

void test('where there is nothing to choose, nothing is offered', () => {
  assert.deepEqual(modelOptions(trans, BOTH, other), []);
  assert.deepEqual(modelOptions(trans, menu([]), codex), []);
  assert.deepEqual(modelOptions(trans, BOTH, undefined), []);
});

void test('with the personal configuration, Codex without a name uses its own login', () => {
  const own = { ...BOTH, ownCodex: true };
  assert.equal(labels(modelOptions(trans, own, codex))[0], 'Own login');
});

void test('a picked model stays while its agent can use it', () => {
  assert.equal(chooseModel(BOTH, codex, 'work/small'), 'work/small');
  assert.equal(chooseModel(BOTH, claude, 'work/small'), '');
  assert.equal(chooseModel(BOTH, codex, null), '');
});

void test('an agent without a login gets a model that brings an account, unless the default does', () => {
  const out = { ...codex, logged_in: false };
  assert.equal(chooseModel(BOTH, out, null), '');
  const own = { ...BOTH, ownCodex: true };
  assert.equal(chooseModel(own, out, null), 'work/gpt-5.5');
  const named = menu([
    choice('a/x', 'openai', { issued: false }),
    choice('b/y', 'openai')
  ]);
  assert.equal(chooseModel(named, out, null), 'b/y');
  assert.equal(chooseModel(named, out, ''), '');
});

void test('a key of a provider makes an agent without a login usable', () => {
  const out = { ...codex, logged_in: false };
  assert.equal(usable(out), false);
  assert.equal(usable(out, issuedKinds(BOTH)), true);
  const named = menu([choice('a/x', 'openai', { issued: false })]);
  assert.equal(usable(out, issuedKinds(named)), false);
});

void test('whose account answered is known, so that it can be mended where it is kept', () => {
  assert.equal(usesIssued(BOTH, codex, null), true);
  assert.equal(usesIssued({ ...BOTH, ownCodex: true }, codex, null), false);
  assert.equal(usesIssued(BOTH, codex, 'work/small'), true);
  assert.equal(usesIssued(BOTH, claude, null), false);
  assert.equal(usesIssued(BOTH, codex, 'practice'), false);
});

void test('the next message keeps the model of the task, or takes another one', () => {
  const options = replyOptions(trans, BOTH, codex, 'work/small');
  assert.deepEqual(labels(options), [
    'Default: work/gpt-5.5',
    'work/gpt-5.5',
    'work/small'
  ]);
  assert.equal(
    labels(replyOptions(trans, BOTH, codex, null))[0],
    'Default: work/gpt-5.5'
  );
});

void test('a model that is gone is still named, and another one can be taken', () => {
  const options = replyOptions(trans, BOTH, codex, 'old/model');
  assert.deepEqual(labels(options), [
    'Default: work/gpt-5.5',
    'work/gpt-5.5',
    'work/small',
    'old/model (gone)'
  ]);
});

void test('a practice task stays one', () => {
  assert.deepEqual(replyOptions(trans, BOTH, codex, 'practice'), []);
});

void test('the personal configuration is asked for only where it decides something', async () => {
  let asked = 0;
  const personal = {
    codex: () => {
      asked++;
      return Promise.reject(new Error('never mind'));
    }
  };
  const items = [choice('home/opus', 'anthropic', { is_default: true })];
  const models = { choices: () => Promise.resolve({ items, total: 1 }) };
  const found = new ModelMenu(models, personal);
  await found.load();
  assert.equal(asked, 0);
  assert.deepEqual(found.value, { items, ownCodex: false });
});

void test('models that are known stay where the gateway gives no answer', async () => {
  let fails = false;
  const items = [choice('home/opus', 'anthropic')];
  const models = {
    choices: () =>
      fails
        ? Promise.reject(new Error('away'))
        : Promise.resolve({ items, total: 1 })
  };
  const found = new ModelMenu(models, {
    codex: () => Promise.reject(new Error())
  });
  await found.load();
  fails = true;
  await found.load();
  assert.deepEqual(found.value.items, items);
});
