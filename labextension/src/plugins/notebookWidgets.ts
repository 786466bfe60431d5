/** The notebooks that this page shows. What is needed of their widgets is declared here, so that their package is not needed. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import { LOCAL_DRIVES } from '../folder';
import type { ICellJson, ICellWhere } from '../model/cells';

const AREAS = ['main', 'left', 'right', 'down'];

interface IUndoing {
  stopCapturing: () => void;
}

export interface ICell {
  readonly isDisposed: boolean;
  readonly node: HTMLElement;
  readonly model: {
    readonly id: string;
    readonly type: string;
    /** Of code. */
    readonly outputs?: {
      readonly length: number;
      get: (at: number) => { type: string };
    };
    readonly contentChanged: ISignal<unknown, unknown>;
    readonly sharedModel: {
      getSource: () => string;
      setSource: (source: string) => void;
      readonly undoManager?: IUndoing | null;
    };
    getMetadata: (key: string) => unknown;
    toJSON: () => ICellJson;
  };
}

export interface INotebook {
  readonly widgets: readonly ICell[];
  readonly activeCell: ICell | null;
  activeCellIndex: number;
  mode: string;
  readonly activeCellChanged: ISignal<unknown, unknown>;
  readonly model: {
    readonly readOnly: boolean;
    readonly sharedModel: {
      insertCell: (
        at: number,
        cell: { cell_type: string; source: string; metadata: object }
      ) => unknown;
      readonly undoManager?: IUndoing | null;
    };
    getMetadata: (key: string) => unknown;
  } | null;
  deselectAll: () => void;
  scrollToItem: (at: number) => Promise<void>;
}

/** A notebook that is open. */
export interface IOpenNotebook {
  readonly widget: DocumentWidget;
  readonly notebook: INotebook;
}

/** A cell of one. */
export interface IFoundCell extends IOpenNotebook {
  readonly cell: ICell;
  /** From 0. */
  readonly at: number;
}

/** The notebook that a widget shows, if it does. */
export function notebookOf(widget: Widget | null): IOpenNotebook | null {
  if (!(widget instanceof DocumentWidget) || widget.isDisposed) {
    return null;
  }
  const content = widget.content as unknown as Partial<INotebook> & {
    isDisposed: boolean;
  };
  return !content.isDisposed &&
    'activeCellIndex' in content &&
    'activeCellChanged' in content
    ? { widget: widget as DocumentWidget, notebook: content as INotebook }
    : null;
}

export function openNotebooks({ shell }: JupyterFrontEnd): IOpenNotebook[] {
  return AREAS.flatMap(area =>
    [...shell.widgets(area)].flatMap(widget => notebookOf(widget) ?? [])
  );
}

/** The cell that an element of the page is part of. */
export function cellAround(
  app: JupyterFrontEnd,
  element: Element | undefined
): IFoundCell | null {
  const node = element?.closest('.jp-Cell');
  return node ? findCell(openNotebooks(app), cell => cell.node === node) : null;
}

export function activeCell(open: IOpenNotebook | null): IFoundCell | null {
  const cell = open?.notebook.activeCell;
  return open && cell ? findCell([open], one => one === cell) : null;
}

export function findCell(
  notebooks: readonly IOpenNotebook[],
  fits: (cell: ICell) => boolean
): IFoundCell | null {
  for (const open of notebooks) {
    const at = open.notebook.widgets.findIndex(fits);
    const cell = open.notebook.widgets[at];
    if (cell) {
      return { ...open, cell, at };
    }
  }
  return null;
}

export function nameOfNotebook({ widget }: IOpenNotebook): string {
  return PathExt.basename(widget.context.path);
}

/** A notebook's place on the server; null where it is not one of the server's files. */
export function serverPath(
  { serviceManager }: JupyterFrontEnd,
  { widget }: IOpenNotebook
): string | null {
  const { contents } = serviceManager;
  const { path } = widget.context;
  return LOCAL_DRIVES.includes(contents.driveName(path))
    ? contents.localPath(path)
    : null;
}

export function whereIs(app: JupyterFrontEnd, found: IFoundCell): ICellWhere {
  return {
    path: serverPath(app, found),
    notebook: nameOfNotebook(found),
    number: found.at + 1
  };
}

/** Whether a cell ended with an error; looked at often, so it must cost little. */
export function hasError(cell: ICell | undefined): boolean {
  const outputs = cell?.model.outputs;
  for (let at = 0; at < (outputs?.length ?? 0); at++) {
    if (outputs?.get(at).type === 'error') {
      return true;
    }
  }
  return false;
}
