import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MAX_BYTES, type IAttachment } from '../src/api/attachments';
import { ApiError } from '../src/api/caller';
import { Boxes } from '../src/model/boxes';
import { outputFiles } from '../src/model/cellOutput';
import { PendingItems } from '../src/model/pendingItems';
import { notSendable, Uploads, type INamed } from '../src/model/uploads';
import { trans } from './trans';

/** A gateway that answers when it is told to. */
class Peer {
  readonly removed: number[] = [];
  private readonly waiting: ((error?: Error) => void)[] = [];
  private last = 0;

  upload(name: string, file: Blob): Promise<IAttachment> {
    const id = ++this.last;
    return new Promise((resolve, reject) =>
      this.waiting.push(error =>
        error
          ? reject(error)
          : resolve({ id, name, type: file.type, size: file.size })
      )
    );
  }

  remove(id: number): Promise<{ message: string }> {
    this.removed.push(id);
    return Promise.resolve({ message: '' });
  }

  async answer(error?: Error): Promise<void> {
    this.waiting.shift()?.(error);
    await new Promise(resolve => setImmediate(resolve));
  }
}

function made(): { peer: Peer; uploads: Uploads } {
  const peer = new Peer();
  return { peer, uploads: new Uploads(peer, trans) };
}

function named(name: string, bytes = 3): INamed {
  return { name, file: new Blob([new Uint8Array(bytes)]) };
}

void test('a message waits for its files and takes them along', async () => {
  const { peer, uploads } = made();
  uploads.add([named('a.csv'), named('b.csv')]);
  assert.match(notSendable(trans, uploads.value) ?? '', /still/);
  await peer.answer();
  await peer.answer();
  assert.equal(notSendable(trans, uploads.value), null);
  assert.deepEqual(uploads.ids, [1, 2]);
  uploads.sent([1]);
  assert.deepEqual(uploads.ids, [2]);
  assert.deepEqual(peer.removed, []); // what was sent stays
});

void test('a failed upload says why, holds the message back and can be tried again', async () => {
  const { peer, uploads } = made();
  uploads.add([named('a.csv')]);
  await peer.answer(
    new ApiError('Nothing was stored.', 503, 'store_failed', 'Free disk space.')
  );
  const [failed] = uploads.value;
  assert.equal(
    failed?.problem?.message,
    'Nothing was stored. Free disk space.'
  );
  assert.match(notSendable(trans, uploads.value) ?? '', /try it again/);
  uploads.retry(failed.key);
  assert.equal(uploads.value[0]?.state, 'uploading');
  await peer.answer();
  assert.deepEqual(uploads.ids, [2]);
});

void test('a file that is too large is not even sent', () => {
  const { uploads } = made();
  uploads.add([named('a.bin', MAX_BYTES + 1), named('b.bin', MAX_BYTES)]);
  const [large, fitting] = uploads.value;
  assert.match(large?.problem?.message ?? '', /too large.*10\.5 MB/);
  assert.equal(large?.again, false);
  assert.equal(fitting?.state, 'uploading');
});

void test('too many files are refused as a whole', () => {
  const { uploads } = made();
  uploads.add(Array.from({ length: 19 }, () => named('a')));
  assert.throws(() => uploads.add([named('b'), named('c')]), /up to 20/);
  assert.equal(uploads.value.length, 19);
});

void test('what is taken away is forgotten by the gateway, also while it is on its way', async () => {
  const { peer, uploads } = made();
  uploads.add([named('a'), named('b')]);
  const [a, b] = uploads.value;
  await peer.answer();
  uploads.remove(a?.key ?? 0);
  assert.deepEqual(peer.removed, [1]);
  uploads.remove(b?.key ?? 0);
  await peer.answer();
  assert.deepEqual(peer.removed, [1, 2]);
  assert.deepEqual(uploads.value, []);
});

void test('a file from elsewhere goes into the box that was used last', () => {
  const boxes = new Boxes();
  const box = () => ({
    uploads: made().uploads,
    pending: new PendingItems(trans),
    suggest: () => undefined,
    element: null as unknown as Element
  });
  const [composer, reply] = [box(), box()];
  boxes.enter(composer);
  const leave = boxes.enter(reply);
  assert.equal(boxes.latest, composer);
  boxes.use(reply);
  assert.equal(boxes.latest, reply);
  assert.equal(
    boxes.find(one => one !== reply),
    composer
  );
  leave();
  assert.equal(boxes.latest, composer);
});

void test('the output of a cell is its images, and its text in one file', async () => {
  const files = outputFiles(
    [
      { output_type: 'stream', text: ['one\n', '\u001b[31mtwo\u001b[0m'] },
      {
        output_type: 'display_data',
        data: { 'image/png': 'iVBO\nRw==', 'text/plain': '<Figure>' }
      },
      { output_type: 'execute_result', data: { 'text/plain': '42' } },
      { output_type: 'error', traceback: ['\u001b[0;31mE\u001b[0m', 'end'] }
    ],
    'eda-3'
  );
  assert.deepEqual(
    files.map(one => [one.name, one.file.type]),
    [
      ['eda-3.png', 'image/png'],
      ['eda-3.txt', 'text/plain']
    ]
  );
  assert.deepEqual(
    [...new Uint8Array((await files[0]?.file.arrayBuffer()) ?? [])],
    [0x89, 0x50, 0x4e, 0x47]
  );
  assert.equal(await files[1]?.file.text(), 'one\ntwo\n42\nE\nend');
});

void test('a cell without text and images gives no file', () => {
  const widget = { 'application/vnd.jupyter.widget-view+json': {} };
  assert.deepEqual(
    outputFiles([{ output_type: 'display_data', data: widget }], 'a'),
    []
  );
});
