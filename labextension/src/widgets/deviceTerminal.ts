import type { ServerConnection } from '@jupyterlab/services';
import { Terminal, type ITerminal } from '@jupyterlab/terminal';
import type { ITranslator } from '@jupyterlab/translation';
import { terminalIcon } from '@jupyterlab/ui-components';

import type { IFace } from '../components/face';
import { TerminalConnection } from '../model/terminalConnection';
import { deviceName } from '../model/terminals';
import type { TerminalView } from '../model/terminalView';
import { terminalCaption, terminalTitle } from '../model/terminalWords';
import type { TerminalOptions } from './terminalOptions';

export interface IDeviceTerminalOptions {
  face: IFace;
  view: TerminalView;
  /** Which of several tabs that show the same terminal; 1 is the first. */
  number: number;
  options: TerminalOptions;
  serverSettings: ServerConnection.ISettings;
  translator: ITranslator;
}

/** JupyterLab's terminal, on one of our devices. Closing it leaves the shell alone. */
export class DeviceTerminal extends Terminal {
  readonly view: TerminalView;
  readonly number: number;

  constructor(made: IDeviceTerminalOptions) {
    super(
      new TerminalConnection(made.view, made.serverSettings),
      made.options.value,
      made.translator
    );
    this.view = made.view;
    this.number = made.number;
    this.face = made.face;
    this.options = made.options;
    this.addClass('wegent-Terminal');
    this.title.icon = terminalIcon;
    this.view.whenShown = callback => this.afterParsing(callback);
    this.options.changed.connect(this.onOptions, this);
    this.view.place.changed.connect(this.onPlace, this);
    this.face.gateway.devices.changed.connect(this.onPlace, this);
    this.title.changed.connect(this.onPlace, this);
    this.node.addEventListener('focusin', () => this.view.focus());
    this.onPlace();
  }

  /** JupyterLab's would clear the screen after what comes anew. */
  override async refresh(): Promise<void> {
    await this.session.reconnect();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.options.changed.disconnect(this.onOptions, this);
      this.face.gateway.devices.changed.disconnect(this.onPlace, this);
      super.dispose();
      this.session.dispose();
    }
  }

  /** Device and path stay the title, whatever JupyterLab or the programs in the terminal call it. */
  private onPlace(): void {
    const { gateway, trans } = this.face;
    const place = this.view.place.value;
    const name = deviceName(gateway, place);
    this.title.label = terminalTitle(trans, name, place.path);
    this.title.caption = terminalCaption(trans, name, place.path);
    if (this.node.dataset.wegentTerminal !== place.session) {
      this.node.dataset.wegentTerminal = place.session;
      // JupyterLab finds the widget of a tab by the `id` that it keeps there, too.
      this.title.dataset = {
        ...this.title.dataset,
        'wegent-terminal': place.session
      };
    }
  }

  private onOptions(): void {
    const options = Object.entries(this.options.value) as [
      keyof ITerminal.IOptions,
      never
    ][];
    void this.ready.then(() => {
      if (!this.isDisposed) {
        options.forEach(([name, value]) => this.setOption(name, value));
      }
    });
  }

  /** Call back when xterm.js has parsed all that it got, which only its own `write` can tell. */
  private afterParsing(callback: () => void): void {
    void this.ready.then(() => {
      const { _term: term } = this as unknown as { _term?: Partial<IParser> };
      if (this.isDisposed) {
        return;
      }
      if (typeof term?.write === 'function') {
        term.write('', callback);
      } else {
        callback();
      }
    });
  }

  private readonly face: IFace;
  private readonly options: TerminalOptions;
}

interface IParser {
  write: (data: string, callback: () => void) => void;
}
