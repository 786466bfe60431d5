import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import type { IApproval, ITask } from '../api/types';
import { Commands } from '../commands';
import { isSeenInCard } from '../components/card/seen';
import { commandOf, wants } from '../model/asking';
import { unhidden } from '../model/text';
import { reasonWord, stateWord } from '../model/words';
import { ITaskTracker, IWegent } from '../tokens';
import { reporting } from './report';

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
    notifyApprovals(app, wegent, tracker, announce);
    gateway.tasks.stateChanged.connect((_, { after }) => {
      const word = stateWord(trans, after.state, after.cancelling);
      const reason =
        after.state === 'queued' ? reasonWord(trans, after.queue_reason) : '';
      announce(`${after.title}: ${[word, reason].filter(Boolean).join(', ')}`);
      if (!isSeen(tracker, after.id)) {
        notify(app, wegent, after);
      }
    });
  }
};

/** What of a message JupyterLab shows; it cuts off the rest. */
const SHOWN = 140;

/** Say once that an agent needs the user, and no longer than it does. */
function notifyApprovals(
  app: JupyterFrontEnd,
  wegent: IWegent,
  tracker: ITaskTracker,
  announce: (text: string) => void
): void {
  const { approvals } = wegent.gateway;
  const shown = new Map<string, string>();
  approvals.opened.connect((_, approval) => {
    const message = askingText(wegent, approval);
    announce(message);
    if (!isSeen(tracker, approval.task_id)) {
      shown.set(approval.id, notifyApproval(app, wegent, approval, message));
    }
  });
  approvals.closed.connect((_, id) => {
    const notification = shown.get(id);
    if (notification !== undefined) {
      Notification.dismiss(notification);
      shown.delete(id);
    }
  });
}

function askingText({ gateway, trans }: IWegent, approval: IApproval): string {
  const device = gateway.devices.get(approval.device_id);
  const agent = device?.agents.find(one => one.id === approval.agent);
  const name = agent?.name ?? approval.agent;
  const what = commandOf(approval.input) ?? approval.title;
  return trans.__('%1: %2', wants(trans, approval, name), unhidden(what));
}

/** Nobody can allow from a notification what it does not show as a whole. */
function notifyApproval(
  app: JupyterFrontEnd,
  { gateway, trans }: IWegent,
  approval: IApproval,
  message: string
): string {
  const allow: Notification.IAction = {
    label: trans.__('Allow once'),
    callback: () =>
      void reporting(() => gateway.decide(approval.id, { decision: 'allow' }))
  };
  const show: Notification.IAction = {
    label: trans.__('Show task'),
    displayType: 'accent',
    callback: () =>
      void app.commands.execute(Commands.openTask, { id: approval.task_id })
  };
  const whole = approval.asks === 'tool' && message.length <= SHOWN;
  return Notification.warning(message, {
    autoClose: false,
    actions: whole ? [show, allow] : [show]
  });
}

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
  const seen = tab?.isVisible === true || isSeenInCard(taskId);
  return !document.hidden && seen;
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
    const reason = unhidden(task.error?.message ?? '');
    Notification.error(trans.__('%1 failed: %2', title, reason), {
      ...options,
      autoClose: false
    });
  }
}
