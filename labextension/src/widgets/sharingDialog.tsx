import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { ISharingReport } from '../api/skills';
import type { IDevice } from '../api/types';
import type { IFace } from '../components/face';
import { useTrans } from '../components/face';
import { useValue } from '../components/hooks';
import { Thrown } from '../components/Problem';
import { PushButton } from '../components/PushButton';
import { Plan } from '../components/skills/Plan';
import { SharingPlan } from '../model/sharingPlan';
import { FaceWidget } from './faceWidget';
import { SubmitDialog } from './submitDialog';

/** Show what sharing skills would do on a device, and do it where a person says so; null where nothing was done. */
export async function askSharing(
  face: IFace,
  device: IDevice
): Promise<ISharingReport | null> {
  const { gateway, trans } = face;
  const plan = new SharingPlan(device.device_id, gateway.skillRest);
  const dialog = new SubmitDialog(
    {
      title: trans.__('Share skills on %1', device.name),
      body: new FaceWidget(face, <Body plan={plan} device={device.name} />),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Share') })
      ],
      defaultButton: 0
    },
    () => plan.share()
  );
  const allow = (): void => dialog.allow(plan.possible);
  plan.changed.connect(allow);
  allow();
  void plan.look();
  await dialog.launch();
  return plan.report;
}

function Body(props: {
  plan: SharingPlan;
  device: string;
}): React.ReactElement {
  const trans = useTrans();
  const { plan, device } = props;
  const { sharing, problem, busy } = useValue(plan);
  const blocked = sharing !== null && sharing.obstacles.length > 0;
  return (
    <div className="wegent-SharingPlan">
      {sharing ? (
        <Plan sharing={sharing} />
      ) : (
        !problem && (
          <p className="wegent-Hint">{trans.__('Asking %1…', device)}</p>
        )
      )}
      <Thrown error={problem} />
      {(problem !== null || blocked) && (
        <div className="wegent-Buttons">
          <PushButton
            text={trans.__('Look again')}
            disabled={busy}
            onClick={() => void plan.look()}
          />
        </div>
      )}
    </div>
  );
}
