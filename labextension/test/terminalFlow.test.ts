import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inputPieces } from '../src/model/terminalInput';
import { CLEAR } from '../src/model/terminalOutput';
import { bytes, connectionOf, Peer, screenOf, settle } from './terminalPeer';

const KIB = 1 << 10;

// Output.

void test('output is shown in order, and what comes twice is shown once', async () => {
  const peer = new Peer();
  const screen = screenOf(await peer.attached());
  peer.output(0, 'one ');
  peer.output(0, 'one ');
  peer.output(4, bytes('two '));
  peer.output(0, 'one ');
  peer.output(4, bytes('two three'));
  assert.equal(screen.text, 'one two three');
});

void test('the cursor follows the offsets, also where questions were taken out of a replay', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const screen = screenOf(view);
  peer.output(100, 'prompt', { end: 200 });
  peer.output(100, 'prompt', { end: 200 });
  peer.output(200, '$ ');
  assert.equal(screen.text, 'prompt$ ');
  peer.down();
  await peer.up();
  assert.equal(peer.attaches.at(-1)?.since, 202);
});

void test('a character that is cut between messages is shown whole', async () => {
  const peer = new Peer();
  const screen = screenOf(await peer.attached());
  const all = bytes('aé€😀z');
  all.forEach((_, at) => peer.output(at, all.slice(at, at + 1)));
  assert.equal(screen.text, 'aé€😀z');
});

void test('what a browser gets as an ArrayBuffer is read as such', async () => {
  const peer = new Peer();
  const screen = screenOf(await peer.attached());
  const { buffer } = bytes('é'.repeat(10)).slice();
  peer.output(0, buffer);
  assert.equal(screen.text, 'é'.repeat(10));
});

void test('a reset clears the screen and what was left of a character', async () => {
  const peer = new Peer();
  const screen = screenOf(await peer.attached());
  peer.output(0, bytes('é').slice(0, 1));
  peer.output(500, 'new', { reset: true });
  assert.equal(screen.text, `${CLEAR}new`);
  peer.output(500, 'new', { reset: true });
  assert.equal(screen.text, `${CLEAR}new`);
});

void test('a terminal that counts from the start again is shown after the attach that tells so', async () => {
  const peer = new Peer();
  const screen = screenOf(await peer.attached());
  peer.output(0, 'a long way');
  peer.down();
  await peer.up();
  peer.output(0, 'anew', { reset: true });
  peer.output(4, ' on');
  assert.equal(screen.text, `a long way${CLEAR}anew on`);
});

// Credit.

void test('credit is given for what was shown, not for what has arrived', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const waiting: (() => void)[] = [];
  view.whenShown = callback => waiting.push(callback);
  for (let at = 0; at < 256; at += 32) {
    peer.output(at * KIB, 'x'.repeat(32 * KIB));
  }
  assert.deepEqual(peer.of('terminal:credit'), []);
  waiting.shift()?.();
  assert.deepEqual(
    peer.of('terminal:credit').map(one => one.offset),
    [64 * KIB]
  );
  waiting.forEach(shown => shown());
  assert.deepEqual(
    peer.of('terminal:credit').map(one => one.offset),
    [64 * KIB, 128 * KIB, 192 * KIB, 256 * KIB]
  );
});

void test('credit counts from where a replay begins, and after a reset from there', async () => {
  const peer = new Peer();
  await peer.attached();
  peer.output(1000 * KIB, 'x'.repeat(63 * KIB));
  assert.deepEqual(peer.of('terminal:credit'), []);
  peer.output(5000 * KIB, 'x'.repeat(32 * KIB), { reset: true });
  assert.deepEqual(peer.of('terminal:credit'), []);
  peer.output(5032 * KIB, 'x'.repeat(32 * KIB));
  const [credit] = peer.of('terminal:credit');
  assert.equal(credit?.offset, 5064 * KIB);
});

void test('credit is given also while the answer to the attach is on its way', async () => {
  const peer = new Peer();
  peer.answer = new Promise(() => undefined);
  await peer.attached();
  peer.output(0, 'x'.repeat(64 * KIB));
  assert.equal(peer.of('terminal:credit').length, 1);
});

void test('no credit is sent to a server that is not there', async () => {
  const peer = new Peer();
  const view = await peer.attached();
  const waiting: (() => void)[] = [];
  view.whenShown = callback => waiting.push(callback);
  peer.output(0, 'x'.repeat(64 * KIB));
  peer.down();
  waiting.forEach(shown => shown());
  assert.deepEqual(peer.of('terminal:credit'), []);
});

// Input.

void test('a large paste goes in pieces of at most 64 KiB, in order and whole', async () => {
  const peer = new Peer();
  const connection = connectionOf(await peer.attached());
  const pasted = `${'😀é€a'.repeat(40_000)}\r`;
  connection.send({ type: 'stdin', content: [pasted] });
  const sent = peer.of('terminal:input').map(one => String(one.data));
  assert.ok(sent.length > 1);
  assert.equal(sent.join(''), pasted);
  for (const piece of sent) {
    assert.ok(bytes(piece).length <= 64 * KIB);
    assert.doesNotMatch(piece, /\p{Surrogate}/u);
  }
});

void test('no piece is cut within a code point, wherever the pairs are', () => {
  for (const before of ['', 'a', 'ab']) {
    const text = before + '😀'.repeat(30_000);
    const cut = inputPieces(text);
    assert.equal(cut.join(''), text);
    assert.ok(cut.every(piece => !/\p{Surrogate}/u.test(piece)));
  }
  assert.deepEqual(inputPieces(''), []);
});

void test('a half of a surrogate pair is no reason to stop', () => {
  const halves = '\ud83d'.repeat(50_000);
  assert.equal(inputPieces(halves).join(''), halves);
});

void test('what is typed while nobody gets it is dropped, and never sent later', async () => {
  const peer = new Peer();
  const view = peer.view();
  view.resize(24, 80);
  view.type('before');
  await peer.up();
  view.type('a');
  peer.tell('terminal:away');
  view.type('away');
  peer.tell('terminal:back');
  await settle();
  view.type('b');
  peer.down();
  view.type('lost');
  await peer.up();
  view.type('c');
  peer.exit({ exit_code: 0 });
  view.type('over');
  const typed = peer.of('terminal:input').map(one => one.data);
  assert.deepEqual(typed, ['a', 'b', 'c']);
});
