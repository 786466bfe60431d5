import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import type { IFace } from '../components/face';
import { LoginSteps } from '../components/login/LoginSteps';
import { AgentLogin } from '../model/agentLogin';
import { FaceWidget } from './faceWidget';
import { StepsDialog } from './stepsDialog';

/** Log an agent in on its device by a code; a login that is still waited for is called off when the dialog closes. */
export async function logIn(
  face: IFace,
  device: IDevice,
  agent: IAgent
): Promise<void> {
  const { gateway, trans } = face;
  const login = new AgentLogin(
    device.device_id,
    agent.id,
    gateway.personalRest
  );
  const dialog = new StepsDialog({
    title: trans.__('Log in to %1 on %2', agent.name, device.name),
    body: new FaceWidget(
      face,
      <LoginSteps login={login} agent={agent.name} device={device.name} />
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Done') })
    ],
    defaultButton: 0
  });
  const allow = (): void => dialog.allow(login.state === 'done');
  login.changed.connect(allow);
  allow();
  void login.start();
  await dialog.launch();
  await login.cancel();
}
