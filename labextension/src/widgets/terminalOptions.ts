import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ITerminal } from '@jupyterlab/terminal';

import { Observable } from '../model/observable';

/** Where JupyterLab keeps what the user wants of terminals: font, theme, scrollback. */
const ID = '@jupyterlab/terminal-extension:plugin';

/** The user's settings of terminals as they are now; empty where the application has none. */
export class TerminalOptions extends Observable<Partial<ITerminal.IOptions>> {
  /** Settled once the stored settings were read, or could not be. */
  readonly ready: Promise<void>;

  constructor(registry: ISettingRegistry | null) {
    super({});
    this.ready = registry ? this.load(registry) : Promise.resolve();
  }

  private async load(registry: ISettingRegistry): Promise<void> {
    try {
      const settings = await registry.load(ID);
      const read = (): void => this.replace({ ...settings.composite });
      settings.changed.connect(read);
      read();
    } catch (error) {
      console.warn('Wegent: no settings of terminals', error);
    }
  }
}
