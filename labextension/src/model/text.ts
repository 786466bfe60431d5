/** Text measured in code points, as the gateway counts it. */

/** Count code points: a surrogate pair is one. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    if (isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1))) {
      count--;
    }
  }
  return count;
}

/** Cut off the first `count` code points. */
export function dropCodePoints(text: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) {
    at += isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1)) ? 2 : 1;
  }
  return text.slice(at);
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** Do to lines what a terminal does at a lone carriage return: later text covers earlier. */
export function overwriteLines(text: string): string {
  return text.includes('\r')
    ? text.replaceAll('\r\n', '\n').replace(/[^\n]*\r(?=[^\n])/g, '')
    : text;
}

/** Characters for the line that stands for what is left out. */
const GAP = 60;

/** Letters that are written joined or apart as a joiner between them says. */
const JOINING =
  '[\\p{sc=Arab}\\p{sc=Beng}\\p{sc=Deva}\\p{sc=Gujr}\\p{sc=Guru}\\p{sc=Knda}\\p{sc=Mlym}\\p{sc=Orya}\\p{sc=Sinh}\\p{sc=Taml}\\p{sc=Telu}]';
const EMOJI = '\\p{Extended_Pictographic}';

/** What of the characters without a look is part of how others are written. */
const SHAPING = [
  `(?<=${EMOJI})[\\ufe0e\\ufe0f]`,
  `(?<=${EMOJI}\\ufe0f?\\p{Emoji_Modifier}?)\\u200d(?=${EMOJI})`,
  `(?<=${JOINING})[\\u200c\\u200d](?=${JOINING})`
].join('|');

/** Characters that hide or reorder others, or have no look, which a person who has to judge a text must not miss. */
const HIDDEN = new RegExp(
  `(?!${SHAPING})[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufff9-\\ufffb\\p{Default_Ignorable_Code_Point}]`,
  'gu'
);

/** Write characters that cannot be seen as their code: U+202E. */
export function unhidden(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(HIDDEN, found => {
    const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `⟨U+${code.padStart(4, '0')}⟩`;
  });
}

/** Whether a text has characters that cannot be seen, or that change how others are seen. */
export function hides(text: string): boolean {
  return (
    unhidden(text) !== text || /\p{Default_Ignorable_Code_Point}/u.test(text)
  );
}

/** The last `limit` characters, from the start of a line where one begins there. */
export function tail(text: string, limit: number): string {
  if (text.length <= limit) {
    return text;
  }
  const cut = text.slice(-limit);
  return cut.slice(cut.indexOf('\n') + 1);
}

/** At most `limit` characters: the beginning and the end, and in a line between them how many are left out. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) {
    return text;
  }
  const half = Math.floor((limit - GAP) / 2);
  const left = text.length - 2 * half;
  return [
    text.slice(0, half).replace(/[\ud800-\udbff]$/, ''),
    `… ${left.toLocaleString('en')} characters are left out …`,
    text.slice(-half).replace(/^[\udc00-\udfff]/, '')
  ].join('\n');
}

/** A text that can be sent: half a pair of surrogates is replaced. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** How many bytes a text has as it is sent. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Write a size in bytes for people: 1.5 MB. */
export function size(bytes: number): string {
  if (bytes < 1e3) {
    return `${bytes} bytes`;
  }
  return bytes < 1e6
    ? `${Math.ceil(bytes / 1e3)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}
