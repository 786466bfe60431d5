/** A fix is a command to copy, or a sentence to read. */

import { hides } from './text';

/** Whether a text can be pasted into a terminal as it is: it does there what a person sees here. */
export function isCommand(fix: string): boolean {
  const sentence = /^[A-Z][a-z']* |[.!?…]$|`/.test(fix.trim());
  return !sentence && !/[\n\t]/.test(fix) && !hides(fix);
}

/** The pieces of a sentence; those between backticks are code. */
export function pieces(text: string): { text: string; code: boolean }[] {
  return text
    .split('`')
    .map((piece, at) => ({ text: piece, code: at % 2 === 1 }))
    .filter(piece => piece.text !== '');
}
