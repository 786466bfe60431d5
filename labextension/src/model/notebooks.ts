import type { ICellPlace, IContextItem } from '../api/context';
import type { ICodeBlock } from './codeBlocks';
import { Cell } from './observable';

/** A cell that went with a message. */
export interface ISentCell {
  place: ICellPlace;
  /** What was sent of its source; null where it was not, or not as a whole. */
  source: string | null;
}

/** Code of an answer, and what tells where it belongs. */
export interface IAnswerCode {
  block: ICodeBlock;
  /** What the user pressed; within a notebook where the answer is shown in the output of a cell. */
  from: Element;
  cell: ISentCell | null;
}

/** Changes notebooks as a person asks for it. */
export interface ICellEditor {
  /** Put code into a new cell: below the cell that shows the answer, else the one it is about, else the active one. */
  insertBelow: (code: IAnswerCode) => Promise<void>;
  /** Show what would change in the cell that an answer is about, and change it when that is agreed to. */
  replace: (code: IAnswerCode) => Promise<void>;
}

/** The notebooks of this page, as far as answers have to do with them. */
export class Notebooks {
  /** The name of the one that was used last; null while none is open. */
  readonly latest = new Cell<string | null>(null);
  /** Null until the plugin for cells is there. */
  editor: ICellEditor | null = null;
}

/** The cell that a message is about. */
export function sentCell(items: readonly IContextItem[]): ISentCell | null {
  const item =
    items.find(one => one.cell && one.kind === 'cell') ??
    items.find(one => one.cell);
  return item?.cell
    ? { place: item.cell, source: item.kind === 'cell' ? item.text : null }
    : null;
}
