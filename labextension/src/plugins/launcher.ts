import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';

import { Commands } from '../commands';
import { IWegent } from '../tokens';

/** Cards in the launcher. */
export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:launcher',
  description: 'Wegent in the launcher',
  autoStart: true,
  requires: [IWegent],
  optional: [ILauncher],
  activate: (
    _app: JupyterFrontEnd,
    { trans }: IWegent,
    launcher: ILauncher | null
  ) => {
    const category = trans.__('Other');
    launcher?.add({ command: Commands.newTask, category, rank: 10 });
    launcher?.add({ command: Commands.newTerminal, category, rank: 11 });
  }
};
