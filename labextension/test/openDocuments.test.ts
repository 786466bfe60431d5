import assert from 'node:assert/strict';
import { test } from 'node:test';

import type {
  IRunningTask,
  ITaskDetail,
  TaskEvent,
  TurnState
} from '../src/api/types';
import { Devices } from '../src/model/devices';
import {
  ChangedFiles,
  fateOf,
  isGone,
  type IChangedFiles
} from '../src/model/openDocuments';
import { TurnEnds } from '../src/model/turnEnds';
import { device, task } from './made';

const READ = { hash: 'a', last_modified: '2026-11-23T08:00:00Z' };
const CHANGED = { hash: 'b', last_modified: '2026-11-23T08:00:01Z' };

void test('a clean document is read again, of a changed one a person is asked', () => {
  assert.equal(fateOf({ dirty: false, stamp: READ }, CHANGED), 'reload');
  assert.equal(fateOf({ dirty: true, stamp: READ }, CHANGED), 'ask');
  assert.equal(fateOf({ dirty: true, stamp: null }, CHANGED), 'ask');
});

void test('a document that has what is in the file stays as it is', () => {
  const touched = { ...READ, last_modified: CHANGED.last_modified };
  assert.equal(fateOf({ dirty: true, stamp: READ }, touched), 'same');
  const [before, after] = [READ, CHANGED].map(({ last_modified }) => ({
    last_modified
  }));
  assert.ok(before && after);
  assert.equal(fateOf({ dirty: true, stamp: before }, before), 'same');
  assert.equal(fateOf({ dirty: true, stamp: before }, after), 'ask');
});

void test('a document whose file is gone is never read again', () => {
  assert.equal(fateOf({ dirty: false, stamp: READ }, null), 'gone');
});

void test('nobody looks for a file that is known to be gone', () => {
  const deleted = { ...FILE, status: 'deleted' as const };
  assert.equal(isGone(deleted, false), true);
  assert.equal(isGone({ ...deleted, now: 'changed_since' }, false), false);
  assert.equal(isGone(deleted, true), false); // it came back
  assert.equal(isGone({ ...FILE, status: 'added' }, true), true);
  assert.equal(isGone(FILE, false), false);
});

function running(taskId: number, attemptId: number): IRunningTask {
  return {
    task_id: taskId,
    subtask_id: attemptId,
    title: '',
    status: 'running',
    created_at: null,
    waiting: false
  };
}

function ends(devices: Devices): number[] {
  const found: number[] = [];
  const watch = new TurnEnds(devices);
  watch.ended.connect((_, end) => found.push(end.attemptId));
  return found;
}

void test('what ends while the page watches is told once, what ended before is not', () => {
  const devices = new Devices();
  devices.reset([device('here', { embedded: true })]);
  const found = ends(devices);
  const here = (...attempts: number[]): void =>
    devices.put(
      device('here', {
        embedded: true,
        running_tasks: attempts.map(id => running(1, id))
      })
    );
  here(10, 11);
  here(11);
  here(11);
  assert.deepEqual(found, [10]);
  here();
  assert.deepEqual(found, [10, 11]);
});

void test('turns end here only on devices that have the files of this computer', () => {
  const devices = new Devices();
  const put = (work: IRunningTask[]): void =>
    devices.reset([
      device('here', { embedded: true, machine: 'm' }),
      device('beside', { machine: 'm', running_tasks: work }),
      device('far', {
        machine: 'n',
        running_tasks: work.map(one => ({ ...one, subtask_id: 99 }))
      })
    ]);
  put([]);
  const found = ends(devices);
  put([running(1, 10)]);
  put([]);
  assert.deepEqual(found, [10]);
});

const FILE = {
  path: 'a.py',
  status: 'modified' as const,
  added: 1,
  removed: 0,
  now: 'as_left' as const
};
const CHANGES = {
  turn_id: 7,
  attempt_id: 10,
  workspace: '/srv',
  items: [FILE],
  total: 1
};

function item(attemptId: number, path: string): TaskEvent {
  return {
    type: 'item',
    task_id: 1,
    pos: attemptId,
    turn_id: 7,
    attempt_id: attemptId,
    data: {
      kind: 'changes',
      item_id: 'changes',
      index: 3,
      files: [{ ...FILE, path }],
      total: 1,
      note: null
    }
  };
}

/** What is told when attempt 10 of turn 7 ends in a state, in a task of 500 positions. */
async function told(state: TurnState, wanted = true): Promise<IChangedFiles[]> {
  const devices = new Devices();
  const turn = { id: 7, attempt_id: 10, state };
  const changed = new ChangedFiles(devices, {
    task: id =>
      Promise.resolve({
        ...task(id, { workspace: '/srv' }),
        turn_list: [turn],
        last_pos: 500
      } as unknown as ITaskDetail),
    events: (_, after) =>
      after > 0 && after < 500
        ? Promise.resolve({ items: [item(9, 'before.py'), item(10, 'a.py')] })
        : Promise.reject(new Error('all of it, or nothing'))
  });
  const news: IChangedFiles[] = [];
  changed.changed.connect((_, one) => news.push(one));
  changed.follow(() => wanted);
  const work = { embedded: true, running_tasks: [running(1, 10)] };
  devices.reset([device('here', work)]);
  devices.reset([device('here', { embedded: true })]);
  await new Promise(resolve => setImmediate(resolve));
  return news;
}

void test('the files of a turn that ended are told', async () => {
  const [news] = await told('completed');
  assert.deepEqual(news, {
    taskId: 1,
    turnId: 7,
    workspace: '/srv',
    files: [FILE],
    reverted: false
  });
});

void test('nothing is asked where nobody has a use for it, nor of a turn that goes back to the queue', async () => {
  assert.deepEqual(await told('completed', false), []);
  assert.deepEqual(await told('queued'), []);
});

void test('files that were reverted on this computer are told, and only those', () => {
  const devices = new Devices();
  devices.reset([device('here', { embedded: true }), device('far')]);
  const ask = (): Promise<never> => Promise.reject(new Error('not asked'));
  const changed = new ChangedFiles(devices, { task: ask, events: ask });
  const news: IChangedFiles[] = [];
  changed.changed.connect((_, one) => news.push(one));
  const other = { ...FILE, path: 'b.py' };
  const both = { ...CHANGES, items: [FILE, other] };
  changed.reverted({ deviceId: 'here', taskId: 1 }, both, ['b.py']);
  changed.reverted({ deviceId: 'far', taskId: 1 }, both, ['a.py']);
  assert.deepEqual(
    news.map(one => [one.files, one.reverted]),
    [[[other], true]]
  );
});
