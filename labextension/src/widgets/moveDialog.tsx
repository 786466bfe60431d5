import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { IRequeue } from '../api/managing';
import type { ITurn } from '../api/types';
import type { IFace } from '../components/face';
import { MoveTurn } from '../components/MoveTurn';
import { FaceWidget } from './faceWidget';
import { StepsDialog } from './stepsDialog';

/** Ask on which other device a waiting turn shall run; null when it stays. */
export async function askTarget(
  face: IFace,
  turn: ITurn
): Promise<IRequeue | null> {
  const { trans } = face;
  let target: IRequeue | null = null;
  const dialog = new StepsDialog({
    title: trans.__('Move to another device'),
    body: new FaceWidget(
      face,
      <MoveTurn
        turn={turn}
        onTarget={found => {
          target = found;
          dialog.allow(found !== null);
        }}
      />
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Move') })
    ]
  });
  dialog.allow(false);
  const { button } = await dialog.launch();
  return button.accept ? target : null;
}
