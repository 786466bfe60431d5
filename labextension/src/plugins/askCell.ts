import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { bugIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Commands } from '../commands';
import { wegentIcon } from '../icons';
import type { IBox } from '../model/boxes';
import { cellItems } from '../model/cells';
import { imageFiles } from '../model/cellOutput';
import { IWegent } from '../tokens';
import { CellEditor } from './cellEditor';
import { NotebookFollower } from './followNotebooks';
import {
  activeCell,
  cellAround,
  hasError,
  whereIs,
  type IFoundCell
} from './notebookWidgets';
import { reporting } from './report';

/** Asks agents about cells, and brings the code of their answers into notebooks. */
export const askCellPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:ask-cell',
  description: 'Ask an agent of Wegent about the cells of notebooks',
  autoStart: true,
  requires: [IWegent],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    palette: ICommandPalette | null
  ) => {
    const { commands } = app;
    const { trans, notebooks } = wegent;
    const follower = new NotebookFollower(app, notebooks, () => {
      commands.notifyCommandChanged(Commands.askCell);
      commands.notifyCommandChanged(Commands.fixCell);
    });
    const face = { ...wegent, commands };
    notebooks.editor = new CellEditor(app, face, follower);
    const describedBy = {
      args: {
        type: 'object',
        properties: {
          context: {
            type: 'boolean',
            description: 'The cell under the mouse, not the active one'
          }
        }
      }
    };
    const found = (args: ReadonlyPartialJSONObject): IFoundCell | null =>
      meant(app, follower, args);
    commands.addCommand(Commands.askCell, {
      label: ({ toolbar }) => (toolbar ? '' : trans.__('Ask About This Cell')),
      caption: trans.__('Ask an agent about this cell'),
      icon: wegentIcon,
      describedBy,
      isEnabled: args => found(args) !== null,
      execute: args =>
        reporting(async () => {
          const cell = found(args);
          if (cell) {
            await ask(app, wegent, cell);
          }
        })
    });
    commands.addCommand(Commands.fixCell, {
      label: ({ toolbar }) => (toolbar ? '' : trans.__('Fix This Error')),
      caption: trans.__('Let an agent fix the error of this cell'),
      icon: bugIcon,
      describedBy,
      isEnabled: args => hasError(found(args)?.cell),
      isVisible: args => hasError(found(args)?.cell),
      execute: args =>
        reporting(async () => {
          const cell = found(args);
          if (cell && hasError(cell.cell)) {
            await ask(app, wegent, cell, fixing(wegent));
          }
        })
    });
    for (const command of [Commands.askCell, Commands.fixCell]) {
      palette?.addItem({ command, category: trans.__('Wegent') });
    }
  }
};

/** The cell that a command is for. */
function meant(
  app: JupyterFrontEnd,
  follower: NotebookFollower,
  { context }: ReadonlyPartialJSONObject
): IFoundCell | null {
  if (context !== true) {
    return activeCell(follower.latest);
  }
  // A click with the other button leaves the active cell what it was.
  const node = app.contextMenuHitTest(one => one.classList.contains('jp-Cell'));
  return cellAround(app, node);
}

function fixing({ trans }: IWegent): string {
  return trans.__(
    'Fix this error. Answer with the whole cell as it should be, in one block of code.'
  );
}

/** Put a cell into the message that is being written. Nothing is sent but images, which wait at the gateway for the message. */
async function ask(
  app: JupyterFrontEnd,
  wegent: IWegent,
  found: IFoundCell,
  text = ''
): Promise<void> {
  const { trans } = wegent;
  const where = whereIs(app, found);
  const cell = found.cell.model.toJSON();
  const items = cellItems(trans, cell, where);
  const stem = PathExt.basename(
    where.notebook,
    PathExt.extname(where.notebook)
  );
  const images = text
    ? []
    : imageFiles(cell.outputs ?? [], `${stem}-${where.number}`);
  if (items.length + images.length === 0) {
    throw new Error(trans.__('This cell is empty.'));
  }
  const box = await boxFor(app, wegent);
  box.pending.add(items);
  const known = box.uploads.value;
  box.uploads.add(
    images.filter(
      ({ name, file }) =>
        !known.some(one => one.name === name && one.file.size === file.size)
    )
  );
  if (text) {
    box.suggest(text);
  }
  box.element.scrollIntoView({ block: 'nearest' });
  box.element.querySelector('textarea')?.focus();
}

/** The box that was used last, where it can be seen; else that of a new task. */
async function boxFor(
  { commands }: JupyterFrontEnd,
  { gateway, trans }: IWegent
): Promise<IBox> {
  const seen = gateway.boxes.find(
    ({ element }) => element.getClientRects().length > 0
  );
  if (seen && seen === gateway.boxes.latest) {
    return seen;
  }
  await commands.execute(Commands.newTask);
  const made = gateway.boxes.find(
    ({ element }) => element.closest('#wegent-side') !== null
  );
  if (!made) {
    throw new Error(trans.__('Wegent’s sidebar is not there yet. Try again.'));
  }
  return made;
}
