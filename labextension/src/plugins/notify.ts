import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import type { ITask } from '../api/types';
import { Commands } from '../commands';
import { stateWord } from '../model/words';
import { ITaskTracker, IWegent } from '../tokens';

/** Says when tasks change their state: to screen readers always, by a notification when nobody looks. */
export const notifyPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:notify',
  description: 'Notifications of Wegent',
  autoStart: true,
  requires: [IWegent, ITaskTracker],
  activate: (app: JupyterFrontEnd, wegent: IWegent, tracker: ITaskTracker) => {
    const { gateway, trans } = wegent;
    const announce = liveRegion();
    announceConnection(wegent, announce);
    gateway.tasks.stateChanged.connect((_, { after }) => {
      const word = stateWord(trans, after.state, after.cancelling);
      announce(`${after.title}: ${word}`);
      if (!isSeen(tracker, after.id)) {
        notify(app, wegent, after);
      }
    });
  }
};

/** Make the one live region of Wegent, which never speaks per token; returns how to say something. */
function liveRegion(): (text: string) => void {
  const region = document.createElement('div');
  region.className = 'wegent-Live jp-sr-only';
  region.setAttribute('role', 'status');
  region.setAttribute('aria-live', 'polite');
  document.body.append(region);
  return text => {
    region.textContent = text;
  };
}

function announceConnection(
  { gateway, trans }: IWegent,
  announce: (text: string) => void
): void {
  let { state } = gateway.connection.value;
  gateway.connection.changed.connect(({ value }) => {
    if (value.state === 'lost' && state === 'open') {
      announce(trans.__('Wegent: connection lost, reconnecting'));
    } else if (value.state === 'open' && state === 'lost') {
      announce(trans.__('Wegent: connected again'));
    }
    state = value.state;
  });
}

function isSeen(tracker: ITaskTracker, taskId: number): boolean {
  const tab = tracker.find(widget => widget.content.taskId === taskId);
  return !document.hidden && tab?.isVisible === true;
}

function notify(app: JupyterFrontEnd, { trans }: IWegent, task: ITask): void {
  const title = task.practice
    ? trans.__('%1 (practice)', task.title)
    : task.title;
  const options = {
    actions: [
      {
        label: trans.__('Open'),
        callback: () =>
          void app.commands.execute(Commands.openTask, { id: task.id })
      }
    ]
  };
  if (task.state === 'completed') {
    Notification.success(trans.__('%1 is done', title), {
      ...options,
      autoClose: 5000
    });
  } else if (task.state === 'failed') {
    const reason = task.error?.message ?? '';
    Notification.error(trans.__('%1 failed: %2', title, reason), {
      ...options,
      autoClose: false
    });
  }
}
