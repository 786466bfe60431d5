import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

import { Commands } from '../commands';
import { attachIcon } from '../icons';
import { outputFiles, type IOutput } from '../model/cellOutput';
import type { IBox } from '../model/boxes';
import { IWegent } from '../tokens';
import { reporting } from './report';

/** What of a notebook's widget is needed here, so that its package is not. */
interface INotebookLike {
  activeCell: {
    model: { toJSON(): { outputs?: IOutput[]; execution_count?: unknown } };
  } | null;
}

/** Attaches the output of the active cell to the message that is being written. */
export const attachOutputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:attach-output',
  description: 'Attach the output of a notebook cell to a message of Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: (app: JupyterFrontEnd, { gateway, trans }: IWegent) => {
    const { commands, shell } = app;
    commands.addCommand(Commands.attachOutput, {
      label: trans.__('Attach Output to a Message'),
      caption: trans.__(
        'Send the output of this cell to an agent with the message that you write'
      ),
      icon: attachIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => outputOf(shell.currentWidget) !== null,
      execute: () =>
        reporting(async () => {
          const output = outputOf(shell.currentWidget);
          const files = output ? outputFiles(output.outputs, output.name) : [];
          if (files.length === 0) {
            throw new Error(
              trans.__('This output is neither text nor an image.')
            );
          }
          if (!gateway.boxes.latest) {
            await commands.execute(Commands.newTask);
          }
          const box = gateway.boxes.latest;
          box?.uploads.add(files);
          show(app, box);
        })
    });
    shell.currentChanged?.connect(() =>
      commands.notifyCommandChanged(Commands.attachOutput)
    );
  }
};

interface ICellOutput {
  /** After the notebook and the cell. */
  name: string;
  outputs: readonly IOutput[];
}

/** The output of the active cell, if there is one. */
function outputOf(widget: Widget | null): ICellOutput | null {
  if (!(widget instanceof DocumentWidget)) {
    return null;
  }
  const { activeCell } = widget.content as unknown as Partial<INotebookLike>;
  const { outputs, execution_count } = activeCell?.model.toJSON() ?? {};
  if (!outputs?.length) {
    return null;
  }
  const document = widget as DocumentWidget;
  const { path } = document.context;
  const name = PathExt.basename(path, PathExt.extname(path));
  const number = Number(execution_count) || 0;
  return { name: number ? `${name}-${number}` : name, outputs };
}

/** Bring the box into view, in the sidebar, a task's tab or a notebook's card, and put the cursor into it. */
function show({ shell }: JupyterFrontEnd, box: IBox | undefined): void {
  const place = box?.element.closest(
    '#wegent-side, [id^="wegent-task-"], .jp-NotebookPanel'
  );
  if (box && place) {
    shell.activateById(place.id);
    box.element.querySelector('textarea')?.focus();
  }
}
