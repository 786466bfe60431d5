import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';

import { Commands } from '../commands';
import { IWegent } from '../tokens';

/** A card in the launcher. */
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
    launcher?.add({
      command: Commands.newTask,
      category: trans.__('Other'),
      rank: 10
    });
  }
};
