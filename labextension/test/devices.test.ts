import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  alternative,
  byMachine,
  Devices,
  hasNamesake,
  hasOurFiles,
  inGroup,
  ownAgent
} from '../src/model/devices';
import { apartWord, machineName, presenceLine } from '../src/model/deviceWords';
import { arrived, asCode, isWhole, presentIds } from '../src/model/joining';
import { Loaded } from '../src/model/loaded';
import { Presence } from '../src/model/presence';
import { placeFrom } from '../src/model/queueing';
import { inFuture, queueLine } from '../src/model/words';
import { agent, device, task } from './made';
import { trans } from './trans';

const NOW = Date.parse('2026-11-23T12:00:00Z');

function running(waiting = false) {
  return {
    task_id: 1,
    subtask_id: 1,
    title: 't',
    status: 'running' as const,
    created_at: null,
    waiting
  };
}

void test('executors of one machine stand together, wherever they are in the list', () => {
  const [one, two] = byMachine([
    device('a', { machine: 'm' }),
    device('b', { machine: null }),
    device('c', { machine: 'm' })
  ]);
  assert.deepEqual(
    one?.devices.map(each => each.device_id),
    ['a', 'c']
  );
  assert.deepEqual(
    two?.devices.map(each => each.device_id),
    ['b']
  );
});

void test('a machine is called this computer where the embedded executor runs, else as it calls itself', () => {
  const far = device('a', { name: 'mine', reported_name: 'box' });
  assert.equal(machineName(trans, [far]), 'box');
  assert.equal(
    machineName(trans, [far, device('b', { embedded: true })]),
    'This computer'
  );
});

void test('what a device says of itself hides nothing', () => {
  const devices = new Devices();
  const told = device('a', {
    name: 'This\u200b computer',
    reported_name: 'x\u202e',
    client_ip: '10\u20661',
    problem: 'full\u0007',
    agents: [
      {
        ...agent('claude', false),
        name: 'Claude\u200e',
        reason: 'not\u001b found',
        version: '1\u0000'
      }
    ]
  });
  for (const take of [
    () => devices.reset([told]),
    () => devices.put(told),
    () => devices.putAgents('a', told.agents)
  ]) {
    take();
    const shown = devices.get('a');
    assert.equal(shown?.name, 'This⟨U+200B⟩ computer');
    assert.equal(shown.reported_name, 'x⟨U+202E⟩');
    assert.equal(shown.client_ip, '10⟨U+2066⟩1');
    assert.equal(shown.problem, 'full⟨U+0007⟩');
    assert.equal(shown.agents[0]?.name, 'Claude⟨U+200E⟩');
    assert.equal(shown.agents[0].reason, 'not⟨U+001B⟩ found');
    assert.equal(shown.agents[0].version, '1⟨U+0000⟩');
  }
});

void test('this computer is told from a device that takes its name', () => {
  const here = device('here', { name: 'This computer', embedded: true });
  assert.equal(apartWord(trans, [here], here), '');
  for (const name of [
    'This computer',
    'this  Computer ',
    'This\u00a0computer',
    'This com\u200dputer',
    'Ｔhis computer'
  ]) {
    const there = device('there', { name });
    const devices = [here, there];
    assert.ok(hasNamesake(devices, here), name);
    assert.ok(hasNamesake(devices, there), name);
    assert.equal(apartWord(trans, devices, here), 'embedded');
    assert.equal(apartWord(trans, devices, there), 'standalone');
  }
  const other = device('other', { name: 'box' });
  assert.equal(apartWord(trans, [here, other], here), 'embedded');
  assert.equal(apartWord(trans, [here, other], other), '');
});

void test('only commands of this computer run in a terminal here', () => {
  const agents = [{ ...agent('claude', true), login_command: 'claude login' }];
  const here = device('here', { embedded: true, agents });
  assert.equal(ownAgent(here, 'claude')?.login_command, 'claude login');
  assert.equal(ownAgent(here, 'ghost'), undefined);
  assert.equal(ownAgent(device('there', { agents }), 'claude'), undefined);
  assert.equal(ownAgent(undefined, 'claude'), undefined);
});

void test('the groups of Connections hold devices that run coding agents only', () => {
  const devices = [
    device('local'),
    device('remote', { device_type: 'remote' }),
    device('app', { device_type: 'app' }),
    device('other', { bind_shell: 'openclaw' })
  ];
  const ids = (group: 'local' | 'remote' | 'cloud') =>
    inGroup(devices, group).map(each => each.device_id);
  assert.deepEqual(ids('local'), ['local', 'app']);
  assert.deepEqual(ids('remote'), ['remote']);
  assert.deepEqual(ids('cloud'), []);
});

void test('instead of a device that is away, one with a free slot is offered first', () => {
  const away = device('away', { status: 'offline' });
  const busy = device('busy', { status: 'busy' });
  const free = device('free');
  assert.equal(alternative([away, busy, free], away), free);
  assert.equal(alternative([away, busy], away), busy);
  assert.equal(alternative([away], away), undefined);
});

void test('how a device stands says for how long it may stay away, and when it was last there', () => {
  const at = (fields: Parameters<typeof device>[1], deadline: number | null) =>
    presenceLine(trans, device('d', fields), deadline, NOW);
  assert.equal(at({}, null), 'Online');
  assert.equal(
    at({ status: 'reconnecting' }, NOW + 23_400),
    'Reconnecting, 24 s left'
  );
  assert.equal(
    at({ status: 'reconnecting' }, NOW - 1),
    'Reconnecting, 0 s left'
  );
  assert.equal(
    at({ status: 'offline', last_heartbeat: '2026-11-23T09:59:00Z' }, null),
    'Offline, 2 h ago'
  );
});

void test('the time left counts from when the gateway told it, and ends with the return', () => {
  const devices = new Devices();
  devices.put(device('d', { status: 'reconnecting', reconnect_seconds: 30 }));
  const deadline = devices.deadline('d') ?? 0;
  assert.ok(Math.abs(deadline - Date.now() - 30_000) < 1_000);
  devices.put(device('d'));
  assert.equal(devices.deadline('d'), null);
});

void test('the folder in sight is offered to whatever runs on this computer, and to nobody else', () => {
  const here = device('here', { embedded: true, machine: 'm' });
  const beside = device('beside', { machine: 'm' });
  const far = device('far', { machine: 'x' });
  const unknown = device('unknown');
  const all = [here, beside, far, unknown];
  assert.deepEqual(
    all.filter(one => hasOurFiles(all, one)),
    [here, beside]
  );
  const bare = device('bare', { embedded: true });
  assert.equal(hasOurFiles([bare, unknown], unknown), false);
});

void test('a code is understood however it is typed', () => {
  assert.equal(asCode('abcd'), 'ABCD');
  assert.equal(asCode('abcde'), 'ABCD-E');
  assert.equal(asCode(' abcd-efgh '), 'ABCD-EFGH');
  assert.equal(asCode('ABCD EFGHIJ'), 'ABCD-EFGH');
  assert.ok(isWhole(asCode('abcdefgh')));
  assert.ok(!isWhole(asCode('abcdefg')));
});

void test('a machine with a join code is the one that was not there before', () => {
  const before = presentIds([
    device('old'),
    device('away', { status: 'offline' })
  ]);
  assert.equal(arrived(before, [device('old')]), undefined);
  const back = device('away');
  assert.equal(arrived(before, [device('old'), back]), back);
});

void test('a place in the queue is never before the first', () => {
  assert.equal(placeFrom(3, 'first'), 1);
  assert.equal(placeFrom(3, 'earlier'), 2);
  assert.equal(placeFrom(1, 'earlier'), 1);
  assert.equal(placeFrom(3, 'later'), 4);
  assert.ok(placeFrom(3, 'last') > 1000);
});

void test('a paused task says so instead of its place', () => {
  const paused = task(1, {
    state: 'queued',
    paused: true,
    queue_position: 2,
    queue_reason: 'paused'
  });
  assert.equal(queueLine(trans, paused), 'Paused: an earlier message failed');
});

void test('a new token is good for seven days, and one that is over is said to be', () => {
  const at = (iso: string) => inFuture(trans, iso, NOW);
  assert.equal(at('2026-11-30T11:59:59Z'), 'in 7 days');
  assert.equal(at('2026-11-23T12:14:30Z'), 'in 15 min');
  assert.equal(at('2026-11-23T11:00:00Z'), 'expired');
});

void test('a device is lost once, with what ran on it when it was last there', () => {
  const devices = new Devices();
  const presence = new Presence(devices);
  const seen: string[] = [];
  presence.lost.connect((_, { device: { device_id }, running }) =>
    seen.push(`lost ${device_id} ${running}`)
  );
  presence.back.connect((_, { device_id }) => seen.push(`back ${device_id}`));
  const put = (fields: Parameters<typeof device>[1]) =>
    devices.put(device('d', fields));
  put({ running_tasks: [running(), running()] });
  put({ status: 'reconnecting', running_tasks: [running(), running()] });
  put({ status: 'reconnecting' });
  put({ status: 'offline' });
  put({ status: 'offline', queued: 1 });
  put({});
  put({ status: 'reconnecting' });
  put({ status: 'offline' });
  assert.deepEqual(seen, ['lost d 2', 'back d']);
});

void test('an answer that comes late does not cover a newer one', async () => {
  const answers: ((value: string) => void)[] = [];
  const loaded = new Loaded(
    () => new Promise<string>(resolve => answers.push(resolve))
  );
  const first = loaded.load();
  const second = loaded.load();
  answers[1]?.('new');
  answers[0]?.('old');
  await Promise.all([first, second]);
  assert.equal(loaded.value.value, 'new');
});
