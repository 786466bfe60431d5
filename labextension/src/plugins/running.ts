import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  IRunningSessionManagers,
  type IRunningSessions
} from '@jupyterlab/running';
import { Signal } from '@lumino/signaling';

import type { ITask } from '../api/types';
import { Commands } from '../commands';
import { wegentIcon } from '../icons';
import { holdsSlot } from '../model/states';
import { stateWord, waitingWord } from '../model/words';
import { IWegent } from '../tokens';
import { reporting } from './report';
import { terminalManager } from './runningTerminals';

/** Tasks that wait or run, and terminals, in the Running panel. */
export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:running',
  description: 'Tasks and terminals of Wegent in the Running panel',
  autoStart: true,
  requires: [IWegent],
  optional: [IRunningSessionManagers],
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    running: IRunningSessionManagers | null
  ) => {
    running?.add(manager(app, wegent));
    running?.add(terminalManager(app, wegent));
  }
};

function manager(
  app: JupyterFrontEnd,
  wegent: IWegent
): IRunningSessions.IManager {
  const { gateway, trans } = wegent;
  const runningChanged = new Signal<object, void>({});
  gateway.tasks.changed.connect(() => runningChanged.emit());
  return {
    name: trans.__('Wegent Tasks'),
    supportsMultipleViews: false,
    running: () => gateway.tasks.active.map(task => item(app, wegent, task)),
    shutdownAll: () =>
      gateway.tasks.active.forEach(task => void stop(wegent, task)),
    refreshRunning: () => undefined,
    runningChanged,
    shutdownLabel: trans.__('Stop'),
    shutdownAllLabel: trans.__('Stop All'),
    shutdownAllConfirmationText: trans.__(
      'Stop all Wegent tasks that wait or run?'
    )
  };
}

function item(
  { commands }: JupyterFrontEnd,
  wegent: IWegent,
  task: ITask
): IRunningSessions.IRunningItem {
  const { trans } = wegent;
  const word =
    task.waiting > 0 && holdsSlot(task.state)
      ? waitingWord(trans)
      : stateWord(trans, task.state, task.cancelling);
  const practice = task.practice ? `${trans.__('PRACTICE')} · ` : '';
  return {
    label: () => task.title,
    icon: () => wegentIcon,
    detail: () => practice + word,
    open: () => void commands.execute(Commands.openTask, { id: task.id }),
    shutdown: () => void stop(wegent, task)
  };
}

function stop({ gateway }: IWegent, task: ITask): Promise<void> {
  return reporting(() => gateway.stop(task.id));
}
