import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ITerminal } from '../src/api/terminals';
import { Devices } from '../src/model/devices';
import { deviceName, Terminals } from '../src/model/terminals';
import type { IEnding, ViewState } from '../src/model/terminalState';
import {
  hindrance,
  terminalLine,
  terminalTitle,
  viewLine
} from '../src/model/terminalWords';
import { device } from './made';
import { PLACE } from './terminalPeer';
import { trans } from './trans';

function terminal(session: string, fields: Partial<ITerminal> = {}): ITerminal {
  return {
    session_id: session,
    device_id: 'gpu',
    device_name: 'gpu-box',
    path: '/home/me/churn',
    created_at: '2026-11-23T08:00:00Z',
    state: 'open',
    busy: false,
    viewers: 1,
    exit_code: null,
    ...fields
  };
}

void test('every state says in words how it stands', () => {
  const say = (state: ViewState, status: 'reconnecting' | 'offline') =>
    viewLine(trans, state, 'gpu-box', status);
  assert.equal(say({ kind: 'attached' }, 'offline'), '');
  assert.equal(
    say({ kind: 'connecting' }, 'offline'),
    'Connecting to gpu-box…'
  );
  assert.equal(
    say({ kind: 'lost' }, 'offline'),
    'Reconnecting… What you type now is not sent.'
  );
  assert.equal(
    say({ kind: 'away' }, 'reconnecting'),
    'Reconnecting to gpu-box… What you type now is not sent.'
  );
  assert.equal(
    say({ kind: 'away' }, 'offline'),
    'gpu-box is offline. The shell may still run there. It comes back when the device does.'
  );
});

void test('every end says why', () => {
  const say = (reason: IEnding['reason'], more: Partial<IEnding> = {}) => {
    const ending = { reason, exitCode: null, error: null, ...more };
    return viewLine(trans, { kind: 'ended', ending }, 'gpu-box', 'online');
  };
  const exited = (exitCode: number) => say('exited', { exitCode });
  assert.equal(exited(0), 'Ended with exit code 0');
  assert.equal(exited(130), 'Ended with exit code 130');
  assert.equal(exited(-9), 'Ended by SIGKILL');
  assert.equal(exited(-42), 'Ended by signal 42');
  assert.equal(say('exited'), 'Ended');
  assert.equal(say('closed'), 'The shell was ended');
  assert.equal(say('unused'), 'Ended: nobody looked at it for too long');
  assert.equal(
    say('executor_ended'),
    "gpu-box's executor ended, and the shell with it"
  );
  assert.equal(
    say('device_removed'),
    'gpu-box was deleted, and the shell ended with it'
  );
  assert.equal(
    say('gone'),
    'This shell is over: it was ended, or the executor of gpu-box was'
  );
  assert.equal(
    say('refused', { error: 'bad \u202eid' }),
    'This terminal cannot be shown: bad ⟨U+202E⟩id'
  );
});

void test('a title is the device and the end of the path, and hides nothing', () => {
  const title = (path: string) => terminalTitle(trans, 'gpu-box', path);
  assert.equal(title('/home/me/churn'), 'gpu-box: …/me/churn');
  assert.equal(title('/tmp'), 'gpu-box: /tmp');
  assert.equal(title('/a\u202eb'), 'gpu-box: /a⟨U+202E⟩b');
  assert.equal(title(''), 'Terminal on gpu-box');
});

void test('the Running panel tells what is known of a terminal', () => {
  const line = (fields: Partial<ITerminal>) =>
    terminalLine(trans, terminal('s', fields));
  assert.equal(line({}), 'idle');
  assert.equal(line({ busy: true, viewers: 2 }), 'a program runs · 2 views');
  assert.equal(line({ state: 'away' }), 'device not connected · idle');
  assert.equal(
    line({ state: 'ended', exit_code: 0 }),
    'Ended with exit code 0'
  );
});

void test('no terminal is offered on a device that is not there, and it is said why', () => {
  const say = (status: 'online' | 'busy' | 'offline') =>
    hindrance(trans, device('gpu', { name: 'gpu-box', status }));
  assert.equal(say('online'), '');
  assert.equal(say('busy'), '');
  assert.equal(say('offline'), 'gpu-box: Offline');
  assert.equal(hindrance(trans, undefined), 'The device is not known');
});

void test('terminals are listed by age, each once, and go when they are removed', () => {
  const terminals = new Terminals();
  terminals.reset([
    terminal('b', { created_at: '2026-11-23T09:00:00Z' }),
    terminal('a')
  ]);
  terminals.put(terminal('a', { busy: true }));
  assert.deepEqual(
    terminals.value.map(one => [one.session_id, one.busy]),
    [
      ['a', true],
      ['b', false]
    ]
  );
  terminals.drop('a');
  assert.equal(terminals.get('a'), undefined);
});

void test('a terminal is named after its device, as that is called now', () => {
  const devices = new Devices();
  const terminals = new Terminals();
  const name = () => deviceName({ devices, terminals }, PLACE);
  assert.equal(name(), 'gpu');
  terminals.put(terminal('s1', { device_name: 'gpu\u0007box' }));
  assert.equal(name(), 'gpu⟨U+0007⟩box');
  devices.put(device('gpu', { name: 'My GPU' }));
  assert.equal(name(), 'My GPU');
});
