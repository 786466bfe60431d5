import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { Commands } from '../commands';
import { IWegent } from '../tokens';
import { askSharing } from '../widgets/sharingDialog';

/** The dialog that shows what sharing skills would do, and does it. */
export const skillsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:skills',
  description: 'Share skills between the agents of a device of Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, wegent: IWegent) => {
    const { gateway, trans } = wegent;
    commands.addCommand(Commands.shareSkills, {
      label: trans.__('Share Skills…'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            device: { type: 'string', description: 'The id of the device' }
          },
          required: ['device']
        }
      },
      execute: async ({ device: id }) => {
        const device = gateway.devices.value.find(one => one.device_id === id);
        return device ? askSharing({ ...wegent, commands }, device) : null;
      }
    });
  }
};
