/** A line diff that is good enough to read; the shortest one for changes of up to `LIMIT` lines. */

import { anchors } from './anchors';

/** Lines of a changed middle above which it is cut at lines that are there only once: the table is quadratic. */
const LIMIT = 1_000;

/** How often it is cut, one cut within another; what is too long after that is shown as all out, all in. */
const DEPTH = 16;

/** Unchanged lines shown around a change. */
const CONTEXT = 3;

export interface ILine {
  /** `…` stands for unchanged lines that are left out. */
  sign: '+' | '-' | ' ' | '…';
  text: string;
  /** Its number before and after, from 1; null where it is not there. */
  before: number | null;
  after: number | null;
  /** What was left out. */
  hidden?: readonly ILine[];
}

/** What style sheets call a line. */
export const LINE_WORDS: Record<ILine['sign'], string> = {
  '+': 'added',
  '-': 'removed',
  ' ': 'same',
  '…': 'gap'
};

export interface ILineDiff {
  lines: ILine[];
  added: number;
  removed: number;
}

/** Compare two texts; `before` is null for a new file. */
export function lineDiff(before: string | null, after: string): ILineDiff {
  const lines = compareTexts(before ?? '', after);
  return {
    lines: withContext(lines),
    added: lines.filter(line => line.sign === '+').length,
    removed: lines.filter(line => line.sign === '-').length
  };
}

/** All lines of two texts, in one order. */
export function compareTexts(before: string, after: string): ILine[] {
  const lines = compare(splitLines(before), splitLines(after));
  let [old, now] = [0, 0];
  return lines.map(({ sign, text }) => ({
    sign,
    text,
    before: sign === '+' ? null : ++old,
    after: sign === '-' ? null : ++now
  }));
}

interface ISigned {
  sign: '+' | '-' | ' ';
  text: string;
}

function splitLines(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function compare(a: string[], b: string[], depth = 0): ISigned[] {
  const start = commonStart(a, b);
  const end = commonStart(a.slice(start).reverse(), b.slice(start).reverse());
  const [old, now] = [a, b].map(all => all.slice(start, all.length - end));
  return [
    ...signed(' ', a.slice(0, start)),
    ...changed(old ?? [], now ?? [], depth),
    ...signed(' ', a.slice(a.length - end))
  ];
}

/** What is too long for a table, part by part between lines that both have once. */
function compareParts(a: string[], b: string[], depth: number): ISigned[] {
  const cuts = depth < DEPTH ? anchors(a, b) : [];
  if (cuts.length === 0) {
    return [...signed('-', a), ...signed('+', b)];
  }
  let [i, j] = [0, 0];
  return [...cuts, { before: a.length, after: b.length }].flatMap(cut => {
    const { before, after } = cut;
    const part = compare(a.slice(i, before), b.slice(j, after), depth + 1);
    [i, j] = [before + 1, after + 1];
    return [...part, ...signed(' ', a.slice(before, i))];
  });
}

function commonStart(a: string[], b: string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) {
    count++;
  }
  return count;
}

function signed(sign: ISigned['sign'], texts: string[]): ISigned[] {
  return texts.map(text => ({ sign, text }));
}

function changed(a: string[], b: string[], depth: number): ISigned[] {
  if (a.length > LIMIT || b.length > LIMIT) {
    return compareParts(a, b, depth);
  }
  const lengths = commonLengths(a, b);
  const width = b.length + 1;
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  const lines: ISigned[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: ' ', text: a[i++] ?? '' });
      j++;
    } else if (
      j === b.length ||
      (i < a.length && at(i + 1, j) >= at(i, j + 1))
    ) {
      lines.push({ sign: '-', text: a[i++] ?? '' });
    } else {
      lines.push({ sign: '+', text: b[j++] ?? '' });
    }
  }
  return lines;
}

/** Lengths of the longest common subsequence of `a` from i and `b` from j on. */
function commonLengths(a: string[], b: string[]): Uint16Array {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (k: number): number => lengths[k] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const k = i * width + j;
      lengths[k] =
        a[i] === b[j]
          ? at(k + width + 1) + 1
          : Math.max(at(k + width), at(k + 1));
    }
  }
  return lengths;
}

/** Leave out unchanged lines that are far from any change. */
export function withContext(lines: readonly ILine[]): ILine[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, at) => {
    if (line.sign !== ' ') {
      near.fill(1, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
    }
  });
  const shown: ILine[] = [];
  let hidden: ILine[] = [];
  const close = (): void => {
    if (hidden.length > 1) {
      shown.push({ sign: '…', text: '', before: null, after: null, hidden });
    } else {
      shown.push(...hidden);
    }
    hidden = [];
  };
  lines.forEach((line, at) => {
    if (near[at]) {
      close();
      shown.push(line);
    } else {
      hidden.push(line);
    }
  });
  close();
  return shown;
}
