/** Where two long texts certainly correspond, as in a patience diff. */

/** The indexes of a line in both texts. */
export interface IAnchor {
  before: number;
  after: number;
}

/** Lines that each text has exactly once: as many as come in the same order in both. */
export function anchors(
  a: readonly string[],
  b: readonly string[]
): readonly IAnchor[] {
  const [inA, inB] = [onlyOnes(a), onlyOnes(b)];
  const common = [...inA].flatMap(([line, before]) => {
    const after = inB.get(line);
    return after === undefined ? [] : [{ before, after }];
  });
  return longestRising(common);
}

/** The lines that occur once, and where, in their order. */
function onlyOnes(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  const several = new Set<string>();
  lines.forEach((line, at) => {
    if (found.delete(line)) {
      several.add(line);
    } else if (!several.has(line)) {
      found.set(line, at);
    }
  });
  return found;
}

interface ILink {
  anchor: IAnchor;
  previous: ILink | undefined;
}

/** A longest part of a list, in its order, in which `after` rises. */
function longestRising(list: readonly IAnchor[]): IAnchor[] {
  // The lowest end of a rising part of each length.
  const ends: ILink[] = [];
  for (const anchor of list) {
    const length = countBelow(ends, anchor.after);
    ends[length] = { anchor, previous: ends[length - 1] };
  }
  const found: IAnchor[] = [];
  for (let link = ends.at(-1); link; link = link.previous) {
    found.push(link.anchor);
  }
  return found.reverse();
}

/** How many ends, which rise, are below a place. */
function countBelow(ends: readonly ILink[], after: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.anchor.after ?? after) < after) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
