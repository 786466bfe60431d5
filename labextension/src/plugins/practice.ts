import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import type { IDevice } from '../api/types';
import { Commands } from '../commands';
import { chooseDevice } from '../model/choices';
import {
  modelTask,
  practiceLabel,
  PRACTICES,
  practiceTasks,
  practisable,
  type Practice
} from '../model/practice';
import { IWegent } from '../tokens';
import { reporting } from './report';

/** The command behind the practice buttons, also there once a real agent works. */
export const practicePlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:practice',
  description: 'Try the practice agent of Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, { gateway, trans }: IWegent) => {
    const which = (name: unknown): Practice =>
      PRACTICES.find(one => one === name) ?? 'stream';
    commands.addCommand(Commands.tryPractice, {
      label: args =>
        trans.__('Practice: %1', practiceLabel(trans, which(args.which))),
      caption: trans.__('Run a script that behaves like an agent: no AI'),
      describedBy: {
        args: {
          type: 'object',
          properties: { which: { type: 'string', enum: [...PRACTICES] } }
        }
      },
      execute: args => reporting(() => start(which(args.which)))
    });

    const device = (): IDevice | undefined =>
      chooseDevice(gateway.devices.value, null);
    commands.addCommand(Commands.tryPracticeModel, {
      label: trans.__("Practice: An agent's own program, scripted model"),
      caption: trans.__('Run an installed agent without an account: no AI'),
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => practisable(device()) !== undefined,
      execute: () => reporting(startModel)
    });
    gateway.devices.changed.connect(() =>
      commands.notifyCommandChanged(Commands.tryPracticeModel)
    );

    async function startModel(): Promise<void> {
      const here = device();
      const agent = practisable(here);
      if (here && agent) {
        const task = await gateway.createTask(modelTask(trans, here, agent));
        await commands.execute(Commands.openTask, { id: task.id });
      }
    }

    async function start(practice: Practice): Promise<void> {
      const made = [];
      for (const request of practiceTasks(trans, practice)) {
        made.push(await gateway.createTask(request));
      }
      if (made.length === 1) {
        await commands.execute(Commands.openTask, { id: made[0]?.id });
      } else {
        await commands.execute(Commands.openPanel);
      }
    }
  }
};
