/** What of a notebook cell goes with a message: its source, its output, its error. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ContextKind, ICellPlace, IContextItem } from '../api/context';
import { joined, textOf, type IOutput } from './cellOutput';
import { cut, wellFormed } from './text';

/** As `wegent_jupyter/protocol/context.py` has them: characters of a text, and of a name or a detail. */
const MAX_CHARS = 16_000;
const MAX_LINE = 200;

/** Of one output, characters that are looked at; of a cell, outputs. */
const LOOKED_AT = 2 * MAX_CHARS;
const MAX_OUTPUTS = 200;

/** Ids as nbformat has them; notebooks without ids get new ones each time they are opened. */
const CELL_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const MAX_PATH = 4096;

/** A cell as nbformat has it, as far as it is used here. */
export interface ICellJson {
  cell_type?: unknown;
  id?: unknown;
  source?: unknown;
  outputs?: readonly IOutput[];
  execution_count?: unknown;
}

/** Where a cell is. */
export interface ICellWhere {
  /** The notebook, as the contents API of the server names it; null where it is not one of the server's. */
  path: string | null;
  /** Its file's name. */
  notebook: string;
  /** The cell's place in it, from 1. */
  number: number;
}

/** All of a cell that says something, each as an item of its own. */
export function cellItems(
  trans: TranslationBundle,
  cell: ICellJson,
  where: ICellWhere
): IContextItem[] {
  const place = placeOf(cell, where);
  const make = (
    kind: ContextKind,
    name: string,
    about: string,
    text: string
  ): IContextItem[] =>
    text.trim() ? [made(trans, { kind, name, about, text, cell: place })] : [];
  const outputs = (cell.outputs ?? []).slice(0, MAX_OUTPUTS);
  const errors = outputs.filter(isError);
  const others = outputs.filter(one => !isError(one));
  const said = others.map(one => textOf(one, LOOKED_AT)).filter(Boolean);
  const name = nameOf(trans, cell, where);
  return [
    ...make('cell', name, where.notebook, joined(cell.source)),
    ...make('output', trans.__('Output of %1', name), '', said.join('\n')),
    ...errors.slice(-1).flatMap(one => {
      const value = joined(one.evalue);
      const trace = textOf(one, LOOKED_AT) || value;
      return make(
        'error',
        joined(one.ename) || trans.__('Error'),
        value,
        trace
      );
    })
  ];
}

export function isError(output: IOutput): boolean {
  return output.output_type === 'error';
}

/** "In [3]", or its place where it was not run. */
export function nameOf(
  trans: TranslationBundle,
  { execution_count, cell_type }: ICellJson,
  { number }: Pick<ICellWhere, 'number'>
): string {
  if (Number.isSafeInteger(execution_count)) {
    return trans.__('In [%1]', String(execution_count));
  }
  return cell_type === 'markdown'
    ? trans.__('Text cell %1', number)
    : trans.__('Cell %1', number);
}

function placeOf({ id }: ICellJson, { path }: ICellWhere): ICellPlace | null {
  const known = typeof id === 'string' && CELL_ID.test(id);
  return known && path && path.length <= MAX_PATH
    ? { path, cell_id: id }
    : null;
}

function made(
  trans: TranslationBundle,
  one: Omit<IContextItem, 'detail'> & { about: string }
): IContextItem {
  const { about, text, name, ...rest } = one;
  const sent = cut(wellFormed(text), MAX_CHARS);
  const much =
    sent === text || text.length <= MAX_CHARS
      ? lineCount(trans, text)
      : trans.__(
          '%1 of %2 characters',
          MAX_CHARS.toLocaleString(),
          text.length.toLocaleString()
        );
  const detail = about ? trans.__('%1, %2', line(about, 120), much) : much;
  return { ...rest, name: line(name, MAX_LINE), detail, text: sent };
}

function lineCount(trans: TranslationBundle, text: string): string {
  const count = text.trimEnd().split('\n').length;
  return trans._n('%1 line', '%1 lines', count);
}

/** A text in one line. */
function line(text: string, limit: number): string {
  const one = wellFormed(text).replace(/\s+/g, ' ').trim();
  return one.length > limit ? `${one.slice(0, limit - 2)}…` : one;
}
