import type { JupyterFrontEnd } from '@jupyterlab/application';

import type { Notebooks } from '../model/notebooks';
import {
  activeCell,
  hasError,
  nameOfNotebook,
  notebookOf,
  openNotebooks,
  type ICell,
  type INotebook,
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
    const current = notebookOf(this.app.shell.currentWidget);
    if (current && current.widget !== this.used?.widget) {
      this.used = current;
      current.widget.disposed.connect(this.look, this);
      current.widget.context.pathChanged.connect(this.look, this);
    }
    const { latest } = this;
    this.notebooks.latest.set(latest && nameOfNotebook(latest));
    this.followNotebook(latest?.notebook ?? null);
  }

  private followNotebook(notebook: INotebook | null): void {
    if (notebook !== this.notebook) {
      this.notebook?.activeCellChanged.disconnect(this.onCell, this);
      this.notebook = notebook;
      notebook?.activeCellChanged.connect(this.onCell, this);
    }
    this.onCell();
  }

  private onCell(): void {
    const cell = activeCell(this.latest)?.cell ?? null;
    if (cell !== this.cell) {
      this.cell?.model.contentChanged.disconnect(this.onContent, this);
      this.cell = cell;
      cell?.model.contentChanged.connect(this.onContent, this);
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
  private notebook: INotebook | null = null;
  private cell: ICell | null = null;
  private state = '';
}
