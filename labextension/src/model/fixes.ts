/** A fix is a command to copy, or a sentence to read. */

/** Whether a text can be pasted into a terminal as it is. */
export function isCommand(fix: string): boolean {
  const sentence = /^[A-Z][a-z']* |[.!?…]$|`/.test(fix.trim());
  return !sentence && !fix.trim().includes('\n');
}

/** The pieces of a sentence; those between backticks are code. */
export function pieces(text: string): { text: string; code: boolean }[] {
  return text
    .split('`')
    .map((piece, at) => ({ text: piece, code: at % 2 === 1 }))
    .filter(piece => piece.text !== '');
}
