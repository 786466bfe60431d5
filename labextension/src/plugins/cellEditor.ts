import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';

import type { ICellPlace } from '../api/context';
import type { IFace } from '../components/face';
import { nameOf } from '../model/cells';
import { asCell, type ICodeBlock, type INewCell } from '../model/codeBlocks';
import type { IAnswerCode, ICellEditor } from '../model/notebooks';
import { unhidden } from '../model/text';
import { confirmReplacing } from '../widgets/replaceDialog';
import { CellFinder, type ISentCellFound } from './cellFinder';
import type { NotebookFollower } from './followNotebooks';
import {
  cellAround,
  nameOfNotebook,
  type IFoundCell,
  type IOpenNotebook
} from './notebookWidgets';

/** Brings code of answers into notebooks, each time because a person asked for it, and so that it can be undone. */
export class CellEditor implements ICellEditor {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly face: IFace,
    private readonly follower: NotebookFollower
  ) {
    this.finder = new CellFinder(app, face.trans, follower);
  }

  async insertBelow({ block, from, cell }: IAnswerCode): Promise<void> {
    const host = cellAround(this.app, from);
    const sent = !host && cell ? await this.finder.find(cell.place) : null;
    const there = host ?? sent;
    if (cell && sent?.moved && !(await this.moved(cell.place, sent))) {
      return;
    }
    if (there) {
      if (!isThere(there)) {
        throw new Error(
          this.face.trans.__('The cell went away meanwhile. Try again.')
        );
      }
      const at = there.notebook.widgets.indexOf(there.cell);
      this.insert(there, block, at + 1);
    } else if (!cell) {
      this.insertActive(block, this.follower.latest);
    } else if (await this.elsewhere(cell.place)) {
      this.insertActive(block, this.finder.alternative(cell.place));
    }
  }

  async replace({ block, cell }: IAnswerCode): Promise<void> {
    const { trans } = this.face;
    if (!cell) {
      return;
    }
    const found = await this.finder.find(cell.place);
    if (!found) {
      if (await this.elsewhere(cell.place)) {
        this.insertActive(block, this.finder.alternative(cell.place));
      }
      return;
    }
    this.refuseReadOnly(found);
    this.refuseFixed(found);
    const { type, sharedModel } = found.cell.model;
    const source = type === 'code' ? made(found, block).source : block.code;
    if (sharedModel.getSource() === source) {
      this.reveal(found, found.at);
      throw new Error(trans.__('The cell has exactly this code already.'));
    }
    if (await this.agreed(found, source, cell.source)) {
      sharedModel.undoManager?.stopCapturing();
      sharedModel.setSource(source);
      sharedModel.undoManager?.stopCapturing();
      // The cell takes back what was done in it; the notebook what was done with cells.
      this.reveal(found, found.notebook.widgets.indexOf(found.cell), 'edit');
    }
  }

  /** Show what would change until that is what is agreed to; false where it is not. */
  private async agreed(
    found: ISentCellFound,
    after: string,
    sent: string | null
  ): Promise<boolean> {
    const { trans } = this.face;
    const { model } = found.cell;
    let known = sent;
    for (;;) {
      const before = model.sharedModel.getSource();
      const name = nameOf(trans, model.toJSON(), { number: found.at + 1 });
      const agreed = await confirmReplacing(this.face, {
        name: `${found.moved ? found.widget.context.path : nameOfNotebook(found)}, ${name}`,
        before,
        after,
        changed: known !== null && known !== before
      });
      if (!agreed) {
        return false;
      }
      if (!isThere(found)) {
        throw new Error(
          trans.__(
            'The cell went away meanwhile. Insert the code below instead.'
          )
        );
      }
      if (model.sharedModel.getSource() === before) {
        return true;
      }
      known = before;
    }
  }

  private insertActive(block: ICodeBlock, open: IOpenNotebook | null): void {
    if (!open) {
      throw new Error(
        this.face.trans.__('Open the notebook first into which it shall go.')
      );
    }
    const { widgets, activeCellIndex } = open.notebook;
    this.insert(open, block, Math.min(activeCellIndex + 1, widgets.length));
  }

  private insert(open: IOpenNotebook, block: ICodeBlock, at: number): void {
    this.refuseReadOnly(open);
    const shared = open.notebook.model?.sharedModel;
    // A step of its own for those who undo it.
    shared?.undoManager?.stopCapturing();
    shared?.insertCell(at, { ...made(open, block), metadata: {} });
    shared?.undoManager?.stopCapturing();
    this.reveal(open, at);
  }

  private refuseReadOnly(open: IOpenNotebook): void {
    const { contentsModel } = open.widget.context;
    if (open.notebook.model?.readOnly || contentsModel?.writable === false) {
      throw new Error(
        this.face.trans.__(
          '%1 can only be read here. Save a copy of it, and insert the code there.',
          unhidden(nameOfNotebook(open))
        )
      );
    }
  }

  private refuseFixed({ cell }: IFoundCell): void {
    if (cell.model.getMetadata('editable') === false) {
      throw new Error(
        this.face.trans.__(
          'This cell may not be edited. Insert the code below, or make the cell editable in the property inspector.'
        )
      );
    }
  }

  private reveal(
    { widget, notebook }: IOpenNotebook,
    at: number,
    mode: 'command' | 'edit' = 'command'
  ): void {
    this.app.shell.activateById(widget.id);
    notebook.deselectAll();
    notebook.activeCellIndex = at;
    notebook.mode = mode;
    void notebook.scrollToItem(at).catch(() => undefined);
  }

  /** Whether code whose cell is gone shall go below the active cell. */
  private async elsewhere(place: ICellPlace): Promise<boolean> {
    const { trans } = this.face;
    const name = unhidden(PathExt.basename(place.path));
    const gone = trans.__('The cell is not in %1 any more.', name);
    const open = this.finder.alternative(place);
    if (!open) {
      throw new Error(
        trans.__('%1 Open the notebook first into which it shall go.', gone)
      );
    }
    return this.asked(
      trans.__(
        '%1 Insert the code below the active cell of %2?',
        gone,
        unhidden(nameOfNotebook(open))
      )
    );
  }

  /** Whether code shall go into another notebook, which has a cell of the same id; a copy has it, too. */
  private moved(place: ICellPlace, found: IFoundCell): Promise<boolean> {
    return this.asked(
      this.face.trans.__(
        '%1 is not there any more. Insert the code into %2, below a cell that may be the one that was sent?',
        unhidden(place.path),
        unhidden(found.widget.context.path)
      )
    );
  }

  private async asked(body: string): Promise<boolean> {
    const { trans } = this.face;
    const { button } = await showDialog({
      title: trans.__('Insert it elsewhere?'),
      body,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Insert') })
      ]
    });
    return button.accept;
  }

  private readonly finder: CellFinder;
}

function made({ notebook }: IOpenNotebook, block: ICodeBlock): INewCell {
  const about = (key: string): Record<string, unknown> =>
    (notebook.model?.getMetadata(key) ?? {}) as Record<string, unknown>;
  const spoken = about('language_info').name ?? about('kernelspec').language;
  return asCell(block, typeof spoken === 'string' ? spoken : 'python');
}

function isThere({ widget, notebook, cell }: IFoundCell): boolean {
  return !widget.isDisposed && notebook.widgets.includes(cell);
}
