import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { stopIcon } from '@jupyterlab/ui-components';

import { Commands } from '../commands';
import { forAgents } from '../components/agentText';
import { wegentIcon } from '../icons';
import { currentShown, isFinal } from '../model/states';
import { ITaskTracker, IWegent } from '../tokens';
import { TaskTab } from '../widgets/taskTab';
import { reporting } from './report';

type TaskWidget = MainAreaWidget<TaskTab>;

const TASK_ARGS = {
  args: {
    type: 'object',
    properties: { id: { type: 'integer', description: 'The id of the task' } }
  }
};

/** Task tabs and the commands on them. */
export const taskPlugin: JupyterFrontEndPlugin<ITaskTracker> = {
  id: 'wegent-jupyter:task',
  description: 'Task tabs of Wegent',
  autoStart: true,
  requires: [IWegent, IRenderMimeRegistry],
  optional: [ILabShell, ILayoutRestorer],
  provides: ITaskTracker,
  activate: (
    app: JupyterFrontEnd,
    wegent: IWegent,
    rendermime: IRenderMimeRegistry,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ) => {
    const tracker = new WidgetTracker<TaskWidget>({ namespace: 'wegent-task' });
    const tabs = new TaskTabs(app, wegent, forAgents(rendermime), tracker);
    // Notebook's main area holds one widget only; the task goes beside it.
    tabs.area = labShell ? 'main' : 'right';
    addCommands(app, wegent, tracker, tabs);
    if (restorer) {
      void restorer.restore(tracker, {
        command: Commands.openTask,
        args: widget => ({ id: widget.content.taskId, activate: false }),
        name: widget => String(widget.content.taskId)
      });
    }
    return tracker;
  }
};

class TaskTabs {
  area: 'main' | 'right' = 'main';

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly wegent: IWegent,
    private readonly rendermime: IRenderMimeRegistry,
    private readonly tracker: WidgetTracker<TaskWidget>
  ) {}

  /** Show a task: its tab, made if there is none. */
  open(id: number, activate: boolean): TaskWidget {
    const widget = this.find(id) ?? this.make(id);
    if (!widget.isAttached) {
      this.app.shell.add(widget, this.area, { type: 'Wegent Task' });
    }
    if (activate) {
      this.app.shell.activateById(widget.id);
    }
    return widget;
  }

  private find(id: number): TaskWidget | undefined {
    return this.tracker.find(widget => widget.content.taskId === id);
  }

  private make(id: number): TaskWidget {
    const { gateway } = this.wegent;
    gateway.ensure(id).catch(() => undefined);
    const content = new TaskTab(
      { ...this.wegent, commands: this.app.commands },
      gateway.open(id),
      this.rendermime
    );
    const widget = new MainAreaWidget({ content });
    widget.id = `wegent-task-${id}`;
    widget.toolbar.hide();
    void this.tracker.add(widget);
    return widget;
  }
}

function addCommands(
  app: JupyterFrontEnd,
  { gateway, trans }: IWegent,
  tracker: WidgetTracker<TaskWidget>,
  tabs: TaskTabs
): void {
  const { commands } = app;
  commands.addCommand(Commands.openTask, {
    label: trans.__('Open Task'),
    icon: wegentIcon,
    describedBy: TASK_ARGS,
    execute: args => tabs.open(Number(args.id), args.activate !== false)
  });
  commands.addCommand(Commands.openLatestTask, {
    label: trans.__('Open the Latest Task'),
    icon: wegentIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => gateway.tasks.value.length > 0,
    execute: () => {
      const latest = gateway.tasks.value[0];
      return latest && tabs.open(latest.id, true);
    }
  });
  const current = (): number | undefined => stoppable(tracker);
  commands.addCommand(Commands.stopTask, {
    label: trans.__('Stop the Task'),
    caption: trans.__('Stop what the current task is doing'),
    icon: stopIcon,
    describedBy: TASK_ARGS,
    isEnabled: args => args.id !== undefined || current() !== undefined,
    execute: async args => {
      const id = args.id === undefined ? current() : Number(args.id);
      if (id !== undefined) {
        await reporting(() => gateway.stop(id));
      }
    }
  });
  const notify = (): void => {
    commands.notifyCommandChanged(Commands.openLatestTask);
    commands.notifyCommandChanged(Commands.stopTask);
  };
  gateway.tasks.changed.connect(notify);
  tracker.currentChanged.connect(notify);
}

/** The task of the current tab, if it has something to stop. */
function stoppable(tracker: WidgetTracker<TaskWidget>): number | undefined {
  const session = tracker.currentWidget?.content.session;
  const turn = session && currentShown(session.turns.value);
  return turn && !isFinal(turn.state) ? session.taskId : undefined;
}
