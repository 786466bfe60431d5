import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { Mode } from '../api/types';
import { Observable } from '../model/observable';
import { IWegentSettings, type ISettingsValue } from '../tokens';

/** The schema of this id is in schema/plugin.json. */
const ID = 'wegent-jupyter:plugin';

const DEFAULTS: ISettingsValue = {
  openAtFirstRun: true,
  defaultAgent: '',
  defaultMode: 'ask'
};

class Settings extends Observable<ISettingsValue> implements IWegentSettings {
  readonly ready: Promise<void>;

  constructor(registry: ISettingRegistry | null) {
    super(DEFAULTS);
    this.ready = registry ? this.load(registry) : Promise.resolve();
  }

  async markOpened(): Promise<void> {
    await this.stored?.set('openAtFirstRun', false);
  }

  private async load(registry: ISettingRegistry): Promise<void> {
    try {
      this.stored = await registry.load(ID);
      this.stored.changed.connect(() => this.read());
      this.read();
    } catch (error) {
      console.warn('Wegent: the settings could not be read', error);
    }
  }

  private read(): void {
    const get = (key: keyof ISettingsValue): unknown =>
      this.stored?.get(key).composite;
    this.replace({
      openAtFirstRun: get('openAtFirstRun') === true,
      defaultAgent: get('defaultAgent') as string,
      defaultMode: get('defaultMode') as Mode
    });
  }

  private stored: ISettingRegistry.ISettings | null = null;
}

/** The user's settings, with defaults where the application keeps none. */
export const settingsPlugin: JupyterFrontEndPlugin<IWegentSettings> = {
  id: ID,
  description: 'Settings of Wegent',
  autoStart: true,
  optional: [ISettingRegistry],
  provides: IWegentSettings,
  activate: (_app: JupyterFrontEnd, registry: ISettingRegistry | null) =>
    new Settings(registry)
};
