/** What goes with a message beside its text; mirrors `wegent_jupyter/protocol/context.py`, where every field is explained. */

export type ContextKind = 'variable' | 'cell' | 'output' | 'error';

/** A cell, by which it is found again. */
export interface ICellPlace {
  /** The notebook, as the contents API of the server names it. */
  path: string;
  cell_id: string;
}

/** One thing of a notebook that goes with a message, as text. */
export interface IContextItem {
  name: string;
  kind: ContextKind;
  /** What it is and how much of it was sent. */
  detail: string;
  text: string;
  cell: ICellPlace | null;
}
