import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { CLEAR } from '../src/model/terminalOutput';
import {
  bytes,
  connectionOf,
  Peer,
  PLACE,
  screenOf,
  settle
} from './terminalPeer';

// Attaching.

void test('after a reconnect, output goes on where it stopped', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const screen = screenOf(view);
  peer.output(0, 'one ');
  peer.down();
  assert.equal(view.state.value.kind, 'lost');
  await peer.up();
  assert.equal(view.state.value.kind, 'attached');
  const [first, second] = peer.attaches;
  assert.equal(first?.since, null);
  assert.equal(second?.since, 4);
  assert.equal(second.viewer, first.viewer);
  peer.output(0, 'one ');
  peer.output(4, 'two');
  assert.equal(screen.text, 'one two');
});

void test('a terminal of a device that is away is asked for again until it is there', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const peer = new Peer();
    peer.answer = { error: 'away', code: 'device_offline', status: 409 };
    const view = await peer.attached();
    assert.equal(view.state.value.kind, 'away');
    mock.timers.tick(2_000);
    await settle();
    assert.equal(peer.attaches.length, 2);
    peer.answer = { success: true };
    mock.timers.tick(2_000);
    await settle();
    assert.equal(view.state.value.kind, 'attached');
    mock.timers.tick(60_000);
    assert.equal(peer.attaches.length, 3);
  } finally {
    mock.timers.reset();
  }
});

void test('a device that is back is asked at once', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  peer.output(0, 'x');
  peer.tell('terminal:away');
  assert.equal(view.state.value.kind, 'away');
  peer.tell('terminal:back');
  await settle();
  assert.equal(view.state.value.kind, 'attached');
  assert.equal(peer.attaches.at(-1)?.since, 1);
});

void test('what another terminal has is not told here', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const screen = screenOf(view);
  const other = { session_id: 's9', viewer: 'another', message: 'no' };
  peer.tell('terminal:away', other);
  peer.tell('terminal:notice', other);
  peer.tell('terminal:exit', { ...other, exit_code: 1, reason: 'exited' });
  peer.tell('terminal:output', { ...other, offset: 0, end: 1, data: 'x' });
  assert.equal(view.state.value.kind, 'attached');
  assert.equal(view.notice.value, null);
  assert.equal(screen.text, '');
});

void test('a server that does not answer is asked again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const peer = new Peer();
    peer.answer = null;
    const view = await peer.attached();
    assert.equal(view.state.value.kind, 'lost');
    peer.answer = { success: true };
    mock.timers.tick(2_000);
    await settle();
    assert.equal(view.state.value.kind, 'attached');
  } finally {
    mock.timers.reset();
  }
});

void test('a socket that the server closed is opened again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const peer = new Peer();
    await peer.attached();
    assert.equal(peer.dialled, 1);
    peer.active = false;
    peer.down();
    mock.timers.tick(3_000);
    assert.equal(peer.dialled, 2);
  } finally {
    mock.timers.reset();
  }
});

void test('a terminal that nobody knows is over, and is not asked for again', async () => {
  const peer = new Peer();
  peer.answer = { error: 'gone', code: 'not_found', status: 404 };
  const view = await peer.attached();
  assert.equal(view.state.value.kind, 'ended');
  peer.down();
  await peer.up();
  assert.equal(view.state.value.kind, 'ended');
  assert.equal(peer.attaches.length, 1);
});

void test('a new shell starts in the same directory, and late words of the old one are not its own', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const screen = screenOf(view);
  view.resize(30, 100);
  peer.output(0, 'old');
  peer.exit({ exit_code: 1 });
  const late = { ...peer.attaches[0], offset: 3, end: 7, data: 'late' };
  await view.renew();
  assert.deepEqual(peer.started, [
    { device: 'gpu', request: { path: PLACE.path, rows: 30, cols: 100 } }
  ]);
  peer.tell('terminal:output', late);
  peer.output(0, 'new');
  assert.equal(screen.text, `old${CLEAR}new`);
  assert.equal(view.state.value.kind, 'attached');
  assert.equal(view.place.value.session, 's2');
  assert.equal(peer.attaches.at(-1)?.session_id, 's2');
  assert.equal(peer.attaches.at(-1)?.since, null);
});

// What JupyterLab's widget asks for.

void test('closing a tab leaves the shell alone, shutting down ends it', async () => {
  const peer = new Peer();
  const closed = connectionOf(await peer.attached());
  closed.dispose();
  assert.ok(closed.isDisposed);
  assert.equal(peer.of('terminal:detach').length, 1);
  assert.deepEqual(peer.ended, []);
  const view = await peer.attached();
  const connection = connectionOf(view);
  let told = 0;
  connection.disposed.connect(() => told++);
  await connection.shutdown();
  assert.deepEqual(peer.ended, ['s1']);
  assert.equal(told, 1);
  assert.equal(view.state.value.kind, 'ended');
});

void test('nothing is asked for before there is a size, so that what was printed for it fits', async () => {
  const peer = new Peer();
  const view = peer.view();
  await peer.up();
  const connection = connectionOf(view);
  const statuses: string[] = [];
  connection.connectionStatusChanged.connect((_, one) => statuses.push(one));
  connection.send({ type: 'set_size', content: [1, 2, 0, 0] });
  await settle();
  assert.equal(peer.attaches.length, 0);
  assert.equal(connection.connectionStatus, 'connecting');
  connection.send({ type: 'set_size', content: [40, 5_000, 600, 900] });
  connection.send({ type: 'set_size', content: [40, 5_000, 600, 900] });
  await settle();
  assert.deepEqual(statuses, ['connected']);
  const [attach, ...others] = peer.attaches;
  assert.equal(attach?.rows, 40);
  assert.equal(attach.cols, 1_000);
  assert.deepEqual(others, []);
  assert.deepEqual(peer.of('terminal:resize'), []);
});

void test('a new size is told once, and by every attach', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  view.resize(40, 100);
  view.resize(40, 100);
  const [size, ...others] = peer.of('terminal:resize');
  assert.equal(size?.rows, 40);
  assert.equal(size.focus, false);
  assert.deepEqual(others, []);
  peer.down();
  await peer.up();
  assert.equal(peer.attaches.at(-1)?.rows, 40);
  assert.equal(peer.of('terminal:resize').length, 1);
  view.focus();
  assert.equal(peer.of('terminal:resize').at(-1)?.focus, true);
});

void test('who focuses a terminal before it is there is told of when it is', async () => {
  const peer = new Peer();
  const view = peer.view();
  view.focus();
  view.resize(24, 80);
  await peer.up();
  const sizes = peer.of('terminal:resize');
  assert.equal(sizes.length, 1);
  assert.equal(sizes[0]?.focus, true);
});

void test('the widget gets text, and no name that JupyterLab would start a terminal of its own with', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const connection = connectionOf(view);
  const got: unknown[] = [];
  connection.messageReceived.connect((_, message) => got.push(message));
  peer.output(0, bytes('hi'));
  assert.deepEqual(got, [{ type: 'stdout', content: ['hi'] }]);
  assert.equal(connection.name, '');
  const { viewer } = view;
  await connection.reconnect();
  assert.notEqual(view.viewer, viewer);
  assert.equal(peer.attaches.at(-1)?.since, null);
});

void test('two views of one terminal are told each for itself', async () => {
  const peer = new Peer();
  const [one, two] = [peer.view(), peer.view()];
  one.resize(24, 80);
  two.resize(24, 80);
  await peer.up();
  assert.equal(peer.attaches.length, 2);
  for (const view of [one, two]) {
    const { session, viewer } = view;
    peer.tell('terminal:away', { session_id: session, viewer });
  }
  assert.deepEqual(
    [one.state.value.kind, two.state.value.kind],
    ['away', 'away']
  );
  peer.tell('terminal:back', { session_id: one.session, viewer: one.viewer });
  await settle();
  assert.deepEqual(
    [one.state.value.kind, two.state.value.kind],
    ['attached', 'away']
  );
  assert.equal(peer.attaches.length, 3);
});
