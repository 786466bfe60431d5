/** Code units of one message of input: three bytes each in UTF-8 at most, so that it stays within 64 KiB. */
const PIECE = Math.floor((64 << 10) / 3);

/** Cut what is typed or pasted into pieces for one message each, between code points. */
export function inputPieces(text: string): string[] {
  const cut = [];
  for (let at = 0; at < text.length;) {
    const end = at + PIECE;
    const next = isPair(text, end - 1) ? end - 1 : end;
    cut.push(text.slice(at, next));
    at = next;
  }
  return cut;
}

/** Whether a surrogate pair begins there. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
