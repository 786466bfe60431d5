import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TaskSocket } from '../src/api/socket';
import type { TaskEvent } from '../src/api/types';
import { Sessions } from '../src/model/sessions';
import { history, message, turn } from './history';

/** The gateway's end of the socket: what a page says of tasks, in order. */
class Peer {
  readonly said: string[] = [];
  readonly socket = {
    connected: true,
    timeout: () => this.socket,
    emit: (event: string, data: { task_id: number }) => {
      this.said.push(`${event} ${data.task_id}`);
    },
    emitWithAck: (
      event: string,
      data: { task_id: number; after_pos: number }
    ) => {
      this.said.push(`${event} ${data.task_id} after ${data.after_pos}`);
      return Promise.resolve({ ok: true });
    }
  };

  readonly sessions = new Sessions(this.socket as unknown as TaskSocket);
}

const EVENTS: TaskEvent[] = history(
  { type: 'turn', data: turn() },
  message(0, 'hello')
);

void test('a task that several views show is followed once, until the last one leaves', () => {
  const { said, sessions } = new Peer();
  const [one, two] = [sessions.open(1), sessions.open(1)];
  assert.equal(one.session, two.session);
  assert.deepEqual(said, ['task:join 1 after 0']);
  one.dispose();
  one.dispose();
  assert.deepEqual(said.slice(1), []);
  assert.ok(sessions.apply(1, EVENTS));
  assert.equal(two.session.lastPos, 2);
  two.dispose();
  assert.deepEqual(said.slice(1), ['task:leave 1']);
  assert.deepEqual(sessions.ids, []);
  assert.notEqual(sessions.open(1).session, one.session);
});

void test('who pauses keeps what is known and goes on from there', () => {
  const { said, sessions } = new Peer();
  const view = sessions.open(1);
  sessions.apply(1, EVENTS);
  view.pause();
  view.pause();
  sessions.join();
  assert.deepEqual(said, ['task:join 1 after 0', 'task:leave 1']);
  assert.equal(view.session.turns.value.length, 1);
  view.follow();
  view.follow();
  assert.deepEqual(said.slice(2), ['task:join 1 after 2']);
  view.dispose();
  view.follow();
  assert.deepEqual(said.slice(3), ['task:leave 1']);
});

void test('events of a task that was left while the gateway let us in end it there, too', () => {
  const { said, sessions } = new Peer();
  assert.ok(sessions.apply(5, EVENTS));
  assert.deepEqual(said, ['task:leave 5']);
});

void test('after a reconnect only what is looked at is caught up with', () => {
  const { said, sessions } = new Peer();
  sessions.open(1);
  sessions.open(2).pause();
  said.length = 0;
  sessions.join();
  assert.deepEqual(said, ['task:join 1 after 0']);
});
