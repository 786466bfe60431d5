import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Gateway } from '../model/gateway';
import { Notebooks } from '../model/notebooks';
import { IWegent } from '../tokens';

/** Connects the page to the gateway; everything else works with what this gives. */
export const clientPlugin: JupyterFrontEndPlugin<IWegent> = {
  id: 'wegent-jupyter:client',
  description: 'The connection to the Wegent gateway',
  autoStart: true,
  optional: [ITranslator],
  provides: IWegent,
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => ({
    gateway: new Gateway(app.serviceManager.serverSettings),
    notebooks: new Notebooks(),
    trans: (translator ?? nullTranslator).load('wegent_jupyter')
  })
};
