import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  codePoints,
  dropCodePoints,
  overwriteLines,
  tail,
  unhidden
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

void test('what cannot be seen is written as its code', () => {
  for (const code of [
    0x7, 0xad, 0x34f, 0x115f, 0x1160, 0x180e, 0x200b, 0x200c, 0x200d, 0x202e,
    0x2028, 0x2066, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xe0041, 0xe0100
  ]) {
    const name = code.toString(16).toUpperCase().padStart(4, '0');
    assert.equal(unhidden(`a${String.fromCodePoint(code)}b`), `a⟨U+${name}⟩b`);
  }
});

void test('what belongs to emoji and to words that are written joined stays', () => {
  for (const text of ['❤️', '👩‍💻', '👩🏽‍💻', '🏳️‍🌈', 'می‌خواهم', 'क्‍ष', 'a\tb\nc']) {
    assert.equal(unhidden(text), text);
  }
  assert.equal(unhidden('a\r\nb'), 'a\nb');
});
