/** `@file` in a text that is being written. */

export interface IMention {
  /** Where its `@` is. */
  start: number;
  /** Up to where it was typed: the cursor. */
  end: number;
  /** What was typed of the path. */
  query: string;
}

/** An `@` that begins a word, and a path after it: quoted, or without spaces. */
const MENTION = /(?:^|[\s([{,;])@(?:"([^"\n]+)|([^\s"@]+))$/;

/** The mention that ends at the cursor. */
export function mentionAt(text: string, cursor: number): IMention | null {
  const found = MENTION.exec(text.slice(0, cursor));
  const query = found?.[1] ?? found?.[2];
  if (!found || query === undefined) {
    return null;
  }
  return { start: found.index + found[0].indexOf('@'), end: cursor, query };
}

/** The text with a path in place of what was typed of it, and where the cursor goes. */
export function withPath(
  text: string,
  mention: IMention,
  path: string
): { text: string; cursor: number } {
  const written = /[\s"]/.test(path)
    ? `@"${path.replaceAll('"', '\\"')}"`
    : `@${path}`;
  const before = text.slice(0, mention.start) + written;
  const rest = text.slice(mention.end).replace(/^"/, '');
  const space = /^\s/.test(rest) ? '' : ' ';
  return { text: before + space + rest, cursor: before.length + 1 };
}
