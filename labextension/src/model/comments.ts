/** What a person says about lines of a change, and how an agent is told of it. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { Cell, type Observable } from './observable';

/** Characters of a line that are quoted. */
const QUOTED = 300;

/** A line of a file, as a turn left or found it. */
export interface ILinePlace {
  path: string;
  line: number;
  /** It was taken out: its number is the one from before. */
  removed: boolean;
  text: string;
  /** Of a notebook: the first line of the cell. */
  cell: string | null;
}

export interface IComment {
  id: number;
  place: ILinePlace;
  text: string;
}

/** Comments that are not sent yet, task by task. */
export class Comments {
  of(taskId: number): Observable<readonly IComment[]> {
    return this.cell(taskId);
  }

  add(taskId: number, place: ILinePlace, text: string): void {
    const cell = this.cell(taskId);
    cell.set([...cell.value, { id: ++this.last, place, text }]);
  }

  /** Take some away: they were sent, or are not wanted any more. */
  remove(taskId: number, gone: readonly IComment[]): void {
    const ids = new Set(gone.map(one => one.id));
    const cell = this.cell(taskId);
    cell.set(cell.value.filter(one => !ids.has(one.id)));
  }

  private cell(taskId: number): Cell<readonly IComment[]> {
    let cell = this.cells.get(taskId);
    if (cell === undefined) {
      cell = new Cell<readonly IComment[]>([]);
      this.cells.set(taskId, cell);
    }
    return cell;
  }

  private readonly cells = new Map<number, Cell<readonly IComment[]>>();
  private last = 0;
}

/** "`utils.py`, line 12", as an agent and a person read it. */
export function placeWords(
  trans: TranslationBundle,
  place: ILinePlace
): string {
  const { line, removed } = place;
  const path = code(place.path);
  if (place.cell === null) {
    return removed
      ? trans.__('%1, removed line %2', path, line)
      : trans.__('%1, line %2', path, line);
  }
  const cell = code(shortened(place.cell));
  return removed
    ? trans.__(
        '%1, removed line %2 of the cell that began with %3',
        path,
        line,
        cell
      )
    : trans.__('%1, line %2 of the cell that begins with %3', path, line, cell);
}

/** One message of a text, which may be empty, and comments with the lines that they are about. */
export function promptOf(
  trans: TranslationBundle,
  text: string,
  comments: readonly Omit<IComment, 'id'>[]
): string {
  const blocks = comments.map(comment =>
    [
      `${placeWords(trans, comment.place)}:`,
      `> ${shortened(comment.place.text)}`,
      '',
      comment.text.trim()
    ].join('\n')
  );
  return [text.trim(), ...blocks].filter(Boolean).join('\n\n');
}

function code(text: string): string {
  return /[`\n]/.test(text) ? JSON.stringify(text) : `\`${text}\``;
}

/** The beginning of a line that is too long to be read. */
export function shortened(line: string, limit = QUOTED): string {
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
