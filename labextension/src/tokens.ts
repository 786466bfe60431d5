import type { IWidgetTracker, MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import type { Mode } from './api/types';
import type { Gateway } from './model/gateway';
import type { Notebooks } from './model/notebooks';
import type { Observable } from './model/observable';
import type { TaskTab } from './widgets/taskTab';

/** What every surface of Wegent works with. */
export interface IWegent {
  readonly gateway: Gateway;
  readonly notebooks: Notebooks;
  readonly trans: TranslationBundle;
}

export const IWegent = new Token<IWegent>(
  'wegent-jupyter:IWegent',
  'The connection of this page to the Wegent gateway'
);

/** The user's settings, as they are now. */
export interface ISettingsValue {
  readonly openAtFirstRun: boolean;
  readonly defaultAgent: string;
  readonly defaultMode: Mode;
}

export interface IWegentSettings extends Observable<ISettingsValue> {
  /** Settled once the stored settings were read, or could not be. */
  readonly ready: Promise<void>;
  /** Remember that the sidebar opened by itself. */
  markOpened(): Promise<void>;
}

export const IWegentSettings = new Token<IWegentSettings>(
  'wegent-jupyter:IWegentSettings',
  "The user's settings of Wegent"
);

export type ITaskTracker = IWidgetTracker<MainAreaWidget<TaskTab>>;

export const ITaskTracker = new Token<ITaskTracker>(
  'wegent-jupyter:ITaskTracker',
  'The open task tabs'
);
