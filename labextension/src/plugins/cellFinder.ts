import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICellPlace } from '../api/context';
import { unhidden } from '../model/text';
import type { NotebookFollower } from './followNotebooks';
import {
  findCell,
  openNotebooks,
  serverPath,
  type IFoundCell,
  type IOpenNotebook
} from './notebookWidgets';

/** A cell that a message is about, as it is now. */
export interface ISentCellFound extends IFoundCell {
  /** Its notebook is not where it was: renamed, or another one that has a cell of this id. */
  moved: boolean;
}

/** Finds the cells that messages are about. */
export class CellFinder {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly trans: TranslationBundle,
    private readonly follower: NotebookFollower
  ) {}

  /** A cell as it is now, its notebook opened for that if need be; null where there is none any more. */
  async find({ path, cell_id }: ICellPlace): Promise<ISentCellFound | null> {
    const known = openNotebooks(this.app).filter(
      one => serverPath(this.app, one) === path
    );
    const opened =
      known.length > 0 || !(await this.exists(path))
        ? known
        : [await this.open(path)];
    await Promise.all(opened.map(({ widget }) => widget.context.ready));
    // A notebook that was renamed, or moved, has its cells still.
    const among = opened.length > 0 ? opened : openNotebooks(this.app);
    const found = findCell(among, cell => cell.model.id === cell_id);
    return found && { ...found, moved: opened.length === 0 };
  }

  private async exists(path: string): Promise<boolean> {
    try {
      const { contents } = this.app.serviceManager;
      const { type } = await contents.get(path, { content: false });
      return type === 'notebook';
    } catch (error) {
      if (
        error instanceof ServerConnection.ResponseError &&
        error.response.status === 404
      ) {
        return false;
      }
      throw error;
    }
  }

  /** Notebook 7 gives each notebook a tab of the browser's, where this page cannot reach it. */
  private async open(path: string): Promise<IOpenNotebook> {
    if (PageConfig.getOption('notebookPage')) {
      const name = URLExt.encodeParts(path);
      window.open(URLExt.join(PageConfig.getBaseUrl(), 'notebooks', name));
    } else {
      await this.app.commands.execute('docmanager:open', { path });
    }
    const found = openNotebooks(this.app).find(
      one => serverPath(this.app, one) === path
    );
    if (!found) {
      throw new Error(
        this.trans.__(
          '%1 opens in a tab of its own. Open this task there, and insert the code from it.',
          unhidden(path)
        )
      );
    }
    return found;
  }

  /** Where code goes whose cell is gone. */
  alternative({ path }: ICellPlace): IOpenNotebook | null {
    const same = openNotebooks(this.app).find(
      one => serverPath(this.app, one) === path
    );
    return same ?? this.follower.latest;
  }
}
