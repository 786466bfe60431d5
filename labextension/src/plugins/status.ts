import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import * as React from 'react';

import { StatusItem } from '../components/StatusItem';
import { IWegent } from '../tokens';
import { FaceWidget } from '../widgets/faceWidget';

/** Slots in use, in the status bar. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:status',
  description: 'Wegent in the status bar',
  autoStart: true,
  requires: [IWegent],
  optional: [IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    statusBar: IStatusBar | null
  ) => {
    statusBar?.registerStatusItem('wegent-jupyter:status', {
      item: new FaceWidget(
        { ...wegent, commands: app.commands },
        React.createElement(StatusItem)
      ),
      align: 'right',
      rank: 90,
      priority: 1,
      isActive: () => true
    });
  }
};
