import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import { addIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Commands } from '../commands';
import { AddDevice } from '../components/addDevice/AddDevice';
import type { IFace } from '../components/face';
import { IWegent } from '../tokens';
import { FaceWidget } from '../widgets/faceWidget';
import { StepsDialog } from '../widgets/stepsDialog';
import { reporting } from './report';

/** The dialog that makes another machine a device. */
export const addDevicePlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:add-device',
  description: 'Add devices to Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, wegent: IWegent) => {
    commands.addCommand(Commands.addDevice, {
      label: wegent.trans.__('Add a Device…'),
      caption: wegent.trans.__('Let agents run on another machine, too'),
      icon: addIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => reporting(() => ask({ ...wegent, commands }))
    });
  }
};

async function ask(face: IFace): Promise<void> {
  const { trans, gateway } = face;
  const info = await gateway.access.addDevice();
  const dialog = new StepsDialog({
    title: trans.__('Add a device'),
    body: new FaceWidget(
      face,
      <AddDevice info={info} onTested={works => dialog.allow(works)} />
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Close') }),
      Dialog.okButton({ label: trans.__('Done') })
    ],
    defaultButton: 0,
    focusNodeSelector: 'button'
  });
  dialog.allow(false);
  await dialog.launch();
}
