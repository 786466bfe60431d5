import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { IFace } from '../components/face';
import {
  TerminalWhere,
  type ITerminalWhere
} from '../components/TerminalWhere';
import { FaceWidget } from './faceWidget';
import { StepsDialog } from './stepsDialog';

/** The place of the button that accepts. */
const OPEN = 1;

/** Ask where to open a terminal; null when nowhere. */
export async function askWhere(face: IFace): Promise<ITerminalWhere | null> {
  const { trans } = face;
  let where: ITerminalWhere | null = null;
  const dialog = new StepsDialog({
    title: trans.__('Open a terminal'),
    body: new FaceWidget(
      face,
      <TerminalWhere
        onChosen={chosen => {
          where = chosen;
          dialog.allow(chosen !== null);
        }}
        onEnter={() => dialog.resolve(OPEN)}
      />
    ),
    focusNodeSelector: 'input',
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Open') })
    ]
  });
  dialog.allow(false);
  const { button } = await dialog.launch();
  return button.accept ? where : null;
}
