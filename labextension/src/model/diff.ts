/** A line diff that is good enough to read; exact for changes of up to `LIMIT` lines. */

/** Lines of a changed middle above which it is shown as all out, all in: the table is quadratic. */
const LIMIT = 1_000;

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

function compare(a: string[], b: string[]): ISigned[] {
  const start = commonStart(a, b);
  const end = commonStart(a.slice(start).reverse(), b.slice(start).reverse());
  return [
    ...signed(' ', a.slice(0, start)),
    ...changed(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...signed(' ', a.slice(a.length - end))
  ];
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

function changed(a: string[], b: string[]): ISigned[] {
  if (a.length > LIMIT || b.length > LIMIT) {
    return [...signed('-', a), ...signed('+', b)];
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
