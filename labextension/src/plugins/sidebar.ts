import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IProject } from '../api/projects';
import { Commands } from '../commands';
import { followFolder } from '../folder';
import { wegentIcon } from '../icons';
import { IWegent, IWegentSettings } from '../tokens';
import { WegentSide } from '../widgets/side';

/** The sidebar; it opens by itself once. */
export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:sidebar',
  description: 'The Wegent sidebar',
  autoStart: true,
  requires: [IWegent, IWegentSettings],
  optional: [ITranslator, ILayoutRestorer, IDefaultFileBrowser, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    settings: IWegentSettings,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    labShell: ILabShell | null
  ) => {
    const side = new WegentSide({
      face: { ...wegent, commands: app.commands },
      settings,
      folder: followFolder(app, browser, labShell === null),
      translator: translator ?? nullTranslator
    });
    app.shell.add(side, 'left', { rank: 300, type: 'Wegent' });
    restorer?.add(side, side.id);
    addCommands(app, wegent, side);
    void openOnce(app, settings, side);
  }
};

function addCommands(
  app: JupyterFrontEnd,
  { gateway, trans }: IWegent,
  side: WegentSide
): void {
  const describedBy = { args: { type: 'object', properties: {} } };
  const open = (): void => app.shell.activateById(side.id);
  app.commands.addCommand(Commands.openPanel, {
    label: trans.__('Show Wegent'),
    caption: trans.__('Show the tasks and devices of Wegent'),
    icon: wegentIcon,
    describedBy,
    execute: open
  });
  const projectOf = (args: { project?: unknown }): IProject | undefined =>
    gateway.projects.get(Number(args.project));
  app.commands.addCommand(Commands.newTask, {
    label: args =>
      args.project === undefined
        ? trans.__('Ask an Agent')
        : trans.__('New Task Here'),
    caption: trans.__('Write a message that starts a new task'),
    icon: args => (args.project === undefined ? wegentIcon : undefined),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          project: { type: 'integer', description: 'Start it in this project' }
        }
      }
    },
    isEnabled: args =>
      args.project === undefined || projectOf(args)?.state === 'ready',
    execute: args => {
      const project = projectOf(args);
      if (project) {
        side.aim.at(project);
      }
      open();
      side.focusComposer();
    }
  });
  gateway.projects.changed.connect(() =>
    app.commands.notifyCommandChanged(Commands.newTask)
  );
}

async function openOnce(
  app: JupyterFrontEnd,
  settings: IWegentSettings,
  side: WegentSide
): Promise<void> {
  await Promise.all([settings.ready, app.restored]);
  if (settings.value.openAtFirstRun) {
    app.shell.activateById(side.id);
    await settings.markOpened();
  }
}
