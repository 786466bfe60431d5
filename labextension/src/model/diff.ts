/** A line diff that is good enough to read; exact for changes of up to `LIMIT` lines. */

/** Lines of a changed middle above which it is shown as all out, all in: the table is quadratic. */
const LIMIT = 1_000;

/** Unchanged lines shown around a change. */
const CONTEXT = 3;

export interface ILine {
  sign: '+' | '-' | ' ' | '…';
  text: string;
}

export interface ILineDiff {
  lines: ILine[];
  added: number;
  removed: number;
}

/** Compare two texts; `before` is null for a new file. */
export function lineDiff(before: string | null, after: string): ILineDiff {
  const lines = compare(splitLines(before ?? ''), splitLines(after));
  return {
    lines: withContext(lines),
    added: lines.filter(line => line.sign === '+').length,
    removed: lines.filter(line => line.sign === '-').length
  };
}

function splitLines(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function compare(a: string[], b: string[]): ILine[] {
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

function signed(sign: ILine['sign'], texts: string[]): ILine[] {
  return texts.map(text => ({ sign, text }));
}

function changed(a: string[], b: string[]): ILine[] {
  if (a.length > LIMIT || b.length > LIMIT) {
    return [...signed('-', a), ...signed('+', b)];
  }
  const lengths = commonLengths(a, b);
  const width = b.length + 1;
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  const lines: ILine[] = [];
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
function withContext(lines: ILine[]): ILine[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, at) => {
    if (line.sign !== ' ') {
      near.fill(1, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
    }
  });
  const shown: ILine[] = [];
  lines.forEach((line, at) => {
    if (near[at]) {
      shown.push(line);
    } else if (shown.at(-1)?.sign !== '…') {
      shown.push({ sign: '…', text: '' });
    }
  });
  return shown;
}
