import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IAgentLogin, LoginState } from '../src/api/personal';
import { AgentLogin } from '../src/model/agentLogin';

function login(state: LoginState): IAgentLogin {
  const waits = state === 'waiting';
  return {
    device_id: 'd',
    agent: 'codex',
    state,
    url: waits ? 'https://vendor.test/device' : null,
    code: waits ? 'ABCD-EFGH' : null,
    message: null,
    fix: null
  };
}

/** A device that answers what the test says, and what it was asked. */
class Peer {
  readonly asked: string[] = [];
  states: LoginState[] = [];

  startLogin(): Promise<IAgentLogin> {
    return this.answer('start');
  }

  login(): Promise<IAgentLogin> {
    return this.answer('show');
  }

  cancelLogin(): Promise<IAgentLogin> {
    this.asked.push('cancel');
    return Promise.resolve(login('cancelled'));
  }

  private answer(what: string): Promise<IAgentLogin> {
    this.asked.push(what);
    const state = this.states.shift();
    return state
      ? Promise.resolve(login(state))
      : Promise.reject(new Error('gpu-box is offline'));
  }
}

/** Settled once the login is as it should be. */
function until(watched: AgentLogin, is: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = (): void => {
      if (is()) {
        watched.changed.disconnect(look);
        resolve();
      }
    };
    watched.changed.connect(look);
    look();
  });
}

void test('a login is followed until it is done, and no further', async () => {
  const peer = new Peer();
  peer.states = ['starting', 'waiting', 'waiting', 'done'];
  const watched = new AgentLogin('d', 'codex', peer, 0);
  const codes: (string | null)[] = [];
  watched.changed.connect(() => codes.push(watched.value.login?.code ?? null));
  void watched.start();
  await until(watched, () => watched.state === 'done');
  await new Promise(resolve => setTimeout(resolve));
  assert.deepEqual(peer.asked, ['start', 'show', 'show', 'show']);
  assert.ok(codes.includes('ABCD-EFGH'));
});

void test('a device that is away for a moment does not end it', async () => {
  const peer = new Peer();
  peer.states = ['waiting'];
  const watched = new AgentLogin('d', 'codex', peer, 0);
  void watched.start();
  await until(watched, () => watched.value.problem !== null);
  assert.equal(watched.value.login?.code, 'ABCD-EFGH');
  peer.states = ['done'];
  await until(watched, () => watched.state === 'done');
  assert.equal(watched.value.problem, null);
});

void test('closing the dialog calls off what still waits, once', async () => {
  const peer = new Peer();
  peer.states = ['waiting'];
  const watched = new AgentLogin('d', 'codex', peer, 100_000);
  await watched.start();
  await watched.cancel();
  assert.equal(watched.state, 'cancelled');
  await watched.cancel();
  assert.deepEqual(peer.asked, ['start', 'cancel']);
});

void test('closing the dialog of a login that has ended calls nothing off', async () => {
  const peer = new Peer();
  peer.states = ['failed'];
  const watched = new AgentLogin('d', 'codex', peer, 0);
  await watched.start();
  await watched.cancel();
  assert.deepEqual(peer.asked, ['start']);
});

void test('why it could not begin is told, and it can be tried again', async () => {
  const peer = new Peer();
  const watched = new AgentLogin('d', 'codex', peer, 0);
  await watched.start();
  assert.equal(watched.value.problem?.message, 'gpu-box is offline');
  peer.states = ['done'];
  await watched.start();
  assert.equal(watched.state, 'done');
});
