import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { WidgetTracker } from '@jupyterlab/apputils';
import type { ITranslator } from '@jupyterlab/translation';

import type { IStartedTerminal, IStartTerminal } from '../api/terminals';
import type { ITerminalPlace } from '../model/terminals';
import { TerminalView } from '../model/terminalView';
import type { IWegent } from '../tokens';
import type { TerminalOptions } from '../widgets/terminalOptions';
import { TerminalTab } from '../widgets/terminalTab';

interface ITerminalTabsOptions {
  app: JupyterFrontEnd;
  wegent: IWegent;
  tracker: WidgetTracker<TerminalTab>;
  options: TerminalOptions;
  translator: ITranslator;
  area: 'main' | 'right';
  onMade: (tab: TerminalTab) => void;
}

/** The tabs that show terminals of devices. */
export class TerminalTabs {
  constructor(private readonly has: ITerminalTabsOptions) {}

  /** Start a shell and show it. */
  async start(device: string, request: IStartTerminal): Promise<TerminalTab> {
    const { terminalRest } = this.has.wegent.gateway;
    return this.showStarted(await terminalRest.start(device, request));
  }

  /** Start a shell in a project and show it. */
  async startInProject(project: number): Promise<TerminalTab> {
    const { projectRest } = this.has.wegent.gateway;
    return this.showStarted(await projectRest.terminal(project, {}));
  }

  /** Show a terminal: its tab of that number, made if there is none. */
  async show(
    place: ITerminalPlace,
    activate: boolean,
    number = 1
  ): Promise<TerminalTab> {
    const { app, area, options } = this.has;
    await options.ready;
    const tab =
      this.of(place.session).find(one => one.content.number === number) ??
      this.make(place, number);
    if (!tab.isAttached) {
      app.shell.add(tab, area, { type: 'Wegent Terminal' });
    }
    if (activate) {
      app.shell.activateById(tab.id);
    }
    return tab;
  }

  /** Show a terminal in one more tab. */
  showAgain(place: ITerminalPlace): Promise<TerminalTab> {
    const numbers = this.of(place.session).map(tab => tab.content.number);
    return this.show(place, true, Math.max(0, ...numbers) + 1);
  }

  /** The tabs that show a terminal. */
  of(session: string): TerminalTab[] {
    return this.has.tracker.filter(tab => tab.content.view.session === session);
  }

  private showStarted(started: IStartedTerminal): Promise<TerminalTab> {
    const { session_id: session, device_id: device, path } = started;
    return this.show({ session, device, path }, true);
  }

  private make(place: ITerminalPlace, number: number): TerminalTab {
    const { app, wegent, tracker, options, translator, onMade } = this.has;
    const { gateway } = wegent;
    const view = new TerminalView(place, {
      link: gateway.terminalLink,
      rest: gateway.terminalRest
    });
    const tab = new TerminalTab({
      face: { ...wegent, commands: app.commands },
      view,
      number,
      options,
      translator,
      serverSettings: app.serviceManager.serverSettings
    });
    view.place.changed.connect(() => void tracker.save(tab));
    void tracker.add(tab);
    onMade(tab);
    return tab;
  }
}
