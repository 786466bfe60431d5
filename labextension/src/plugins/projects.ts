import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { addIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IProject } from '../api/projects';
import type { ITask } from '../api/types';
import { Commands } from '../commands';
import { attempt, confirmed } from '../components/confirm';
import type { IFace } from '../components/face';
import { capabilityNotice } from '../model/projectWords';
import { ITaskTracker, IWegent } from '../tokens';
import { createProject, editProject } from '../widgets/projectDialog';
import { cleanUp } from '../widgets/worktreeDialog';

type Args = ReadonlyPartialJSONObject;

const PROJECT_ARGS = {
  args: {
    type: 'object',
    properties: {
      project: { type: 'integer', description: 'The id of the project' }
    },
    required: ['project']
  }
};

/** Projects, and the worktrees of tasks: what can be done with them. */
export const projectsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:projects',
  description: 'Projects and worktrees of Wegent',
  autoStart: true,
  requires: [IWegent, ITaskTracker],
  activate: (
    { commands }: JupyterFrontEnd,
    wegent: IWegent,
    tracker: ITaskTracker
  ) => {
    const face = { ...wegent, commands };
    addProjectCommands(face);
    addWorktreeCommand(face, tracker);
  }
};

function addProjectCommands(face: IFace): void {
  const { commands, gateway, trans } = face;
  const find = (args: Args): IProject | undefined =>
    gateway.projects.get(Number(args.project));
  const add = (
    id: string,
    label: CommandRegistry.ICommandOptions['label'],
    act: (face: IFace, project: IProject) => Promise<void>
  ): void => {
    commands.addCommand(id, {
      label,
      describedBy: PROJECT_ARGS,
      isEnabled: args => find(args) !== undefined,
      execute: async args => {
        const project = find(args);
        if (project) {
          await act(face, project);
        }
      }
    });
  };
  commands.addCommand(Commands.newProject, {
    label: trans.__('New Project…'),
    caption: trans.__('Name a folder or a Git repository of a device'),
    icon: addIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          device: { type: 'string', description: 'On this device at first' }
        }
      }
    },
    execute: args =>
      createProject(face, typeof args.device === 'string' ? args.device : null)
  });
  add(Commands.editProject, trans.__('Edit…'), editProject);
  add(Commands.deleteProject, trans.__('Delete…'), remove);
  add(Commands.prepareProject, trans.__('Try Again'), prepare);
  commands.addCommand(Commands.projectTools, {
    label: args =>
      capabilityNotice(trans, gateway.devices.get(find(args)?.device_id ?? '')),
    describedBy: PROJECT_ARGS,
    isEnabled: () => false,
    execute: () => undefined
  });
}

function prepare(
  { gateway, trans }: IFace,
  { id, name }: IProject
): Promise<void> {
  return attempt(trans.__('%1 could not be prepared', name), () =>
    gateway.projectRest.prepare(id)
  );
}

async function remove(
  { gateway, trans }: IFace,
  { id, name, path }: IProject
): Promise<void> {
  const title = trans.__('Delete the project %1?', name);
  const text = path
    ? trans.__(
        'It leaves the list. Its files stay in %1, and its tasks stay.',
        path
      )
    : trans.__('It leaves the list. Files stay, and its tasks stay.');
  if (await confirmed(trans, title, text, trans.__('Delete'))) {
    await attempt(trans.__('%1 was not deleted', name), async () => {
      await gateway.projectRest.remove(id);
      gateway.projects.drop(id);
    });
  }
}

function addWorktreeCommand(face: IFace, tracker: ITaskTracker): void {
  const { commands, gateway, trans } = face;
  const find = (args: Args): ITask | undefined => {
    const id = args.id ?? tracker.currentWidget?.content.taskId;
    const task = gateway.tasks.get(Number(id));
    return task?.workspace_source === 'git_worktree' ? task : undefined;
  };
  commands.addCommand(Commands.cleanUpWorktree, {
    label: trans.__('Clean Up Worktree…'),
    caption: trans.__(
      'See what would be lost with the worktree of the task, and remove it if that is nothing'
    ),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: {
            type: 'integer',
            description: 'The id of the task; else the one of the current tab'
          }
        }
      }
    },
    isEnabled: args => Boolean(find(args)?.workspace),
    execute: async args => {
      const task = find(args);
      if (task && (await cleanUp(face, task))) {
        Notification.success(trans.__('The worktree was removed.'), {
          autoClose: 5000
        });
      }
    }
  });
  const notify = (): void =>
    commands.notifyCommandChanged(Commands.cleanUpWorktree);
  gateway.tasks.changed.connect(notify);
  tracker.currentChanged.connect(notify);
}
