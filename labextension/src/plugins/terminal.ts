import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  IThemeManager,
  WidgetTracker,
  type MainAreaWidget
} from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITerminalTracker, type ITerminal } from '@jupyterlab/terminal';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Commands } from '../commands';
import { IWegent } from '../tokens';
import { TerminalOptions } from '../widgets/terminalOptions';
import type { TerminalTab } from '../widgets/terminalTab';
import { addTerminalCommands } from './terminalCommands';
import { TerminalTabs } from './terminalTabs';

/** Terminal tabs and the commands on them. */
export const terminalPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:terminal',
  description: 'Terminals on the devices of Wegent',
  autoStart: true,
  requires: [IWegent],
  optional: [
    ILabShell,
    ILayoutRestorer,
    ISettingRegistry,
    IThemeManager,
    ITerminalTracker,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    themes: IThemeManager | null,
    stock: ITerminalTracker | null,
    translator: ITranslator | null
  ) => {
    const tracker = new WidgetTracker<TerminalTab>({
      namespace: 'wegent-terminal'
    });
    const tabs = new TerminalTabs({
      app,
      wegent,
      tracker,
      options: new TerminalOptions(registry),
      translator: translator ?? nullTranslator,
      // Notebook's main area holds one widget only; the terminal goes beside it.
      area: labShell ? 'main' : 'right',
      // Notebook opens what comes into JupyterLab's tracker in a page of its own, as a terminal of the server.
      onMade: tab => shareWith(labShell && stock, tab)
    });
    addTerminalCommands(app, wegent, tabs);
    themes?.themeChanged.connect(() => tracker.forEach(inheritTheme));
    if (restorer) {
      void restorer.restore(tracker, {
        command: Commands.openTerminal,
        args: ({ content: { view, number } }) => ({
          ...view.place.value,
          number,
          activate: false
        }),
        name: ({ content: { view, number } }) => `${view.session}:${number}`
      });
    }
  }
};

type StockTracker = WidgetTracker<MainAreaWidget<ITerminal.ITerminal>>;

/** Let JupyterLab's own commands, menus and search work on one of ours: they look for its tracker's current tab. */
function shareWith(stock: ITerminalTracker | null, tab: TerminalTab): void {
  // `inject`, which the interface has, would never make it current, and keep our own tracker from storing it.
  if (stock instanceof WidgetTracker) {
    void (stock as StockTracker).add(tab);
  }
}

function inheritTheme({ content }: TerminalTab): void {
  if (content.getOption('theme') === 'inherit') {
    void content.ready.then(() => content.setOption('theme', 'inherit'));
  }
}
