import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { Commands } from '../commands';
import { PRACTICES } from '../model/practice';
import { SECTIONS } from '../model/sections';
import { IWegent } from '../tokens';

/** Everything that can be done without an argument, in the command palette. */
export const palettePlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:palette',
  description: 'Wegent in the command palette',
  autoStart: true,
  requires: [IWegent],
  optional: [ICommandPalette],
  activate: (
    _app: JupyterFrontEnd,
    { trans }: IWegent,
    palette: ICommandPalette | null
  ) => {
    const category = trans.__('Wegent');
    for (const command of [
      Commands.openPanel,
      Commands.newTask,
      Commands.openLatestTask,
      Commands.stopTask,
      Commands.endTerminal,
      Commands.addDevice,
      Commands.newProject,
      Commands.cleanUpWorktree,
      Commands.tryPracticeModel
    ]) {
      palette?.addItem({ command, category });
    }
    palette?.addItem({
      command: Commands.newTerminal,
      args: { isPalette: true },
      category
    });
    for (const section of SECTIONS) {
      palette?.addItem({
        command: Commands.openSettings,
        args: { section },
        category
      });
    }
    for (const which of PRACTICES) {
      palette?.addItem({
        command: Commands.tryPractice,
        args: { which },
        category
      });
    }
  }
};
