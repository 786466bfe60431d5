import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IDeviceAuth, IRuntimeConfig } from '../src/api/personal';
import { readAuth } from '../src/model/authFile';
import { News } from '../src/model/news';
import {
  fileWord,
  ownLoginHelp,
  shortDigest,
  warnsOfCopies
} from '../src/model/personalWords';
import { trans } from './trans';

const SECRET = 'refresh-token-that-nobody-may-see';

function file(text: string): Blob {
  return new Blob([text]);
}

void test('a login file is read as the object that it is', async () => {
  const found = await readAuth(trans, file(`\ufeff{"tokens": "${SECRET}"}`));
  assert.deepEqual(found, { tokens: SECRET });
});

void test('what is no login file is refused without a word of what is in it', async () => {
  const texts = [
    `{"tokens": "${SECRET}"`,
    `["${SECRET}"]`,
    `"${SECRET}"`,
    '',
    'null'
  ];
  for (const text of texts) {
    await assert.rejects(readAuth(trans, file(text)), (error: Error) => {
      assert.match(error.message, /not a JSON object/);
      assert.ok(!error.message.includes(SECRET));
      return true;
    });
  }
});

void test('a file that is too large is refused before it is read', async () => {
  const large = {
    size: (512 << 10) + 1,
    text: () => assert.fail('it was read')
  };
  await assert.rejects(readAuth(trans, large), /up to 525 kB/);
});

function config(fields: Partial<IRuntimeConfig> = {}): IRuntimeConfig {
  return {
    runtime: 'codex',
    display_name: 'Codex',
    use_user_config: false,
    use_proxy: false,
    configured: false,
    target_path: '~/.codex/auth.json',
    auth_json_sha256: null,
    auth_json_updated_at: null,
    proxy_configured: false,
    proxy_url_masked: null,
    proxy_updated_at: null,
    updated_at: null,
    auth_kind: null,
    upload_allowed: true,
    problem: null,
    ...fields
  };
}

void test('of copies is warned wherever a login could be one of ChatGPT', () => {
  assert.equal(warnsOfCopies(config()), true);
  const saved = { configured: true };
  assert.equal(warnsOfCopies(config({ ...saved, auth_kind: 'chatgpt' })), true);
  assert.equal(warnsOfCopies(config({ ...saved, auth_kind: null })), true);
  assert.equal(
    warnsOfCopies(config({ ...saved, auth_kind: 'api_key' })),
    false
  );
});

void test('the switch says what it does as things stand', () => {
  assert.match(ownLoginHelp(trans, config()), /^Off: .*Nothing is sent/);
  const on = { use_user_config: true };
  assert.match(ownLoginHelp(trans, config(on)), /No login is saved/);
  const saved = config({ ...on, configured: true });
  assert.match(ownLoginHelp(trans, saved), /never overwritten/);
});

void test('each state of a login file has its words and its sign', () => {
  const now = Date.parse('2026-11-23T08:10:00Z');
  const auth: IDeviceAuth = {
    device_id: 'd',
    name: 'd',
    online: true,
    exists: null,
    target_path: null,
    status: 'unknown',
    error: null,
    synced_at: '2026-11-23T08:00:00Z'
  };
  const found = (
    [
      'unknown',
      'present',
      'missing',
      'writing',
      'written',
      'skipped_existing',
      'failed'
    ] as const
  ).map(status => {
    const { word, sign } = fileWord(trans, { ...auth, status }, now, false);
    return `${sign}: ${word}`;
  });
  assert.deepEqual(found, [
    'none: Not reported yet',
    'good: Has a login',
    'none: Has none',
    'busy: Is being sent…',
    'good: Got the saved one, 10 min ago',
    'good: Skipped: has its own, which is kept',
    'bad: Could not be written'
  ]);
  const present = { ...auth, status: 'present' as const };
  assert.match(fileWord(trans, present, now, true).word, /^Skipped/);
});

void test('a digest is shortened to what tells two files apart', () => {
  assert.equal(shortDigest('0123456789abcdef'.repeat(4)), '0123456789ab');
  assert.equal(shortDigest(null), '');
});

void test('news of one part of the settings is news of that part alone', () => {
  const news = new News();
  news.tell('codex');
  assert.deepEqual(news.value, { codex: 1, proxy: 0, models: 0 });
  news.tellAll();
  assert.deepEqual(news.value, { codex: 2, proxy: 1, models: 1 });
});
