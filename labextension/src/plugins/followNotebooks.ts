import type { JupyterFrontEnd } from '@jupyterlab/application';

import type { Notebooks } from '../model/notebooks';
import {
  hasError,
  nameOfNotebook,
  notebookOf,
  openNotebooks,
  type ICell,
  type IOpenNotebook
} from './notebookWidgets';

/** Knows which notebook and cell are being worked in. */
export class NotebookFollower {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly notebooks: Notebooks,
    /** What can be done with the active cell became something else. */
    private readonly changed: () => void
  ) {
    app.shell.currentChanged?.connect(() => this.look());
    void app.restored.then(() => this.look());
  }

  /** The notebook that was used last, or any that is open. */
  get latest(): IOpenNotebook | null {
    const used = this.used && notebookOf(this.used.widget);
    return used ?? openNotebooks(this.app)[0] ?? null;
  }

  private look(): void {
    this.used = notebookOf(this.app.shell.currentWidget) ?? this.used;
    const { latest } = this;
    this.notebooks.latest.set(latest && nameOfNotebook(latest));
    this.follow(latest);
  }

  private follow(open: IOpenNotebook | null): void {
    const before = this.followed;
    if (open?.notebook !== before?.notebook) {
      this.followed = open;
      before?.notebook.activeCellChanged.disconnect(this.onCell, this);
      before?.widget.disposed.disconnect(this.look, this);
      before?.widget.context.pathChanged.disconnect(this.look, this);
      open?.notebook.activeCellChanged.connect(this.onCell, this);
      open?.widget.disposed.connect(this.look, this);
      open?.widget.context.pathChanged.connect(this.look, this);
    }
    this.onCell();
  }

  private onCell(): void {
    // It is the active one before it is among the notebook's cells.
    const active = this.latest?.notebook.activeCell;
    const cell = active && !active.isDisposed ? active : null;
    if (cell !== this.cell) {
      const before = this.content;
      this.cell = cell;
      this.content = cell?.model.contentChanged ?? null;
      before?.disconnect(this.onContent, this);
      this.content?.connect(this.onContent, this);
    }
    this.onContent();
  }

  /** At every key that is pressed in the cell. */
  private onContent(): void {
    const now = this.cell ? (hasError(this.cell) ? 'error' : 'cell') : 'none';
    if (now !== this.state) {
      this.state = now;
      this.changed();
    }
  }

  private used: IOpenNotebook | null = null;
  private followed: IOpenNotebook | null = null;
  private cell: ICell | null = null;
  /** Of the cell's model; a cell that was closed has none any more. */
  private content: ICell['model']['contentChanged'] | null = null;
  private state = '';
}
