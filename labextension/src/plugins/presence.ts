import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import type { IDevice } from '../api/types';
import { Commands } from '../commands';
import { Presence } from '../model/presence';
import { IWegent } from '../tokens';
import { reporting } from './report';

/** Says when a device with running tasks is lost, when it is back, and when tasks wait for a person's word. */
export const presencePlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:presence',
  description: 'Notifications about the devices of Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, wegent: IWegent) => {
    const { gateway, trans } = wegent;
    const presence = new Presence(gateway.devices);
    const lost = new Map<string, string>();
    const show: Notification.IAction = {
      label: trans.__('Show'),
      callback: () => void commands.execute(Commands.openPanel)
    };
    presence.lost.connect((_, { device, running }) => {
      const id = Notification.warning(lostText(wegent, device, running), {
        autoClose: false,
        actions: [show]
      });
      lost.set(device.device_id, id);
    });
    presence.back.connect((_, device) => {
      const id = lost.get(device.device_id);
      if (id !== undefined) {
        lost.delete(device.device_id);
        Notification.dismiss(id);
        Notification.info(trans.__('%1 is online again', device.name), {
          autoClose: 5000,
          actions: [show]
        });
      }
    });
    notifyPaused(wegent, commands);
  }
};

function lostText(
  { trans }: IWegent,
  device: IDevice,
  running: number
): string {
  return trans._n(
    '%2 went offline with %1 running task. What it comes back with corrects the verdict.',
    '%2 went offline with %1 running tasks. What it comes back with corrects the verdicts.',
    running,
    device.name
  );
}

/** Messages that wait behind one that failed need a word from a person. */
function notifyPaused(
  { gateway, trans }: IWegent,
  commands: JupyterFrontEnd['commands']
): void {
  const shown = new Map<number, string>();
  gateway.tasks.changed.connect(tasks => {
    for (const { id, paused, title } of tasks.value) {
      const notification = shown.get(id);
      if (paused && notification === undefined) {
        const text = trans.__('%1 is paused: an earlier message failed', title);
        const actions: Notification.IAction[] = [
          {
            label: trans.__('Show task'),
            displayType: 'accent',
            callback: () => void commands.execute(Commands.openTask, { id })
          },
          {
            label: trans.__('Go on'),
            callback: () => void reporting(() => gateway.rest.resume(id))
          }
        ];
        shown.set(
          id,
          Notification.warning(text, { autoClose: false, actions })
        );
      } else if (!paused && notification !== undefined) {
        Notification.dismiss(notification);
        shown.delete(id);
      }
    }
  });
}
