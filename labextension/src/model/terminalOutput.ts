import type { IOutput } from '../api/terminals';

/** What makes a terminal forget what it shows, scrollback and modes included (RIS). */
export const CLEAR = '\x1bc';

/** How far one viewer has a terminal's output, and what is new in each message, as text. */
export class OutputCursor {
  /** Up to where it has the output, as an offset in bytes; null: it has nothing. */
  get position(): number | null {
    return this.at;
  }

  /** The next message may go back: it is the first after an attach. */
  attached(): void {
    this.first = true;
  }

  /** The text to show, which may end within a character; null for what was there before. */
  take(output: IOutput): string | null {
    const { at, first } = this;
    const { data, end, reset } = output;
    this.first = false;
    const ahead = at === null || end > at;
    if (!ahead && !(reset && first)) {
      return null;
    }
    this.at = end;
    if (reset) {
      this.decoder = makeDecoder();
      return CLEAR + this.decode(data);
    }
    return this.decode(unseen(output, at));
  }

  /** Bytes of a character may be spread over messages; text is whole characters. */
  private decode(data: IOutput['data']): string {
    return typeof data === 'string'
      ? this.decoder.decode() + data
      : this.decoder.decode(data, { stream: true });
  }

  private at: number | null = null;
  private first = false;
  private decoder = makeDecoder();
}

/** A terminal shows a byte order mark as it is. */
function makeDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** The part after the cursor, where the data is all there is between its offsets. */
function unseen(
  { data, offset, end }: IOutput,
  at: number | null
): IOutput['data'] {
  const known = at === null ? 0 : at - offset;
  const size = typeof data === 'string' ? data.length : data.byteLength;
  return known > 0 && size === end - offset ? data.slice(known) : data;
}
