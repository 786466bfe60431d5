import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  codePoints,
  dropCodePoints,
  overwriteLines,
  tail
} from '../src/model/text';

void test('a surrogate pair is one code point', () => {
  for (const text of ['', 'abc', 'a😀b', '😀😀', 'é\u{10FFFF}', '\ud800x']) {
    assert.equal(
      codePoints(text),
      Array.from(text).length,
      JSON.stringify(text)
    );
  }
});

void test('code points are cut off whole', () => {
  assert.equal(dropCodePoints('a😀b', 1), '😀b');
  assert.equal(dropCodePoints('a😀b', 2), 'b');
  assert.equal(dropCodePoints('a😀b', 9), '');
});

void test('a lone carriage return lets later text cover earlier', () => {
  assert.equal(overwriteLines('10%\r20%\rdone\nnext\r\n'), 'done\nnext\n');
  assert.equal(overwriteLines('same'), 'same');
});

void test('a cut text begins with a line', () => {
  assert.equal(tail('one\ntwo\nthree', 9), 'three');
  assert.equal(tail('short', 9), 'short');
});
