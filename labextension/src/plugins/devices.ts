import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { InputDialog } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';

import type { IDevice } from '../api/types';
import { Commands } from '../commands';
import { IWegent } from '../tokens';
import { attempt, confirmed } from '../components/confirm';

const MAX_SLOTS = 20;
/** 1 to 20. */
const SLOTS = '[1-9]|1[0-9]|20';

const ARGS = {
  args: {
    type: 'object',
    properties: {
      device: { type: 'string', description: 'The id of the device' }
    },
    required: ['device']
  }
};

/** What can be done with a device: its name, its slots, its star, its end. */
export const devicesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:devices',
  description: 'Manage the devices of Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, wegent: IWegent) => {
    const { gateway, trans } = wegent;
    const find = (args: { device?: unknown }): IDevice | undefined =>
      gateway.devices.get(String(args.device));
    const add = (
      id: string,
      label: CommandRegistry.ICommandOptions['label'],
      act: (wegent: IWegent, device: IDevice) => Promise<void>
    ): void => {
      commands.addCommand(id, {
        label,
        describedBy: ARGS,
        isEnabled: args => find(args) !== undefined,
        execute: async args => {
          const device = find(args);
          if (device) {
            await act(wegent, device);
          }
        }
      });
    };
    add(Commands.renameDevice, trans.__('Rename…'), rename);
    add(Commands.setSlots, trans.__('Slots…'), setSlots);
    add(
      Commands.toggleDefault,
      args =>
        find(args)?.is_default
          ? trans.__('Remove Default')
          : trans.__('Set as Default'),
      toggleDefault
    );
    add(Commands.deleteDevice, trans.__('Delete…'), remove);
    add(Commands.revokeDevice, trans.__('Delete and Revoke…'), revoke);
  }
};

async function rename(
  { gateway, trans }: IWegent,
  device: IDevice
): Promise<void> {
  const title = trans.__('Rename %1', device.name);
  const { value } = await InputDialog.getText({
    title,
    label: trans.__('Name'),
    text: device.name,
    required: true,
    okLabel: trans.__('Rename')
  });
  const name = value?.trim();
  if (name && name !== device.name) {
    await attempt(title, () =>
      gateway.deviceRest.rename(device.device_id, name)
    );
  }
}

async function setSlots(
  { gateway, trans }: IWegent,
  device: IDevice
): Promise<void> {
  const title = trans.__('Slots of %1', device.name);
  const { value } = await InputDialog.getText({
    title,
    label: trans.__(
      'How many tasks may run there at once (1 to %1). Fewer end nothing that runs.',
      MAX_SLOTS
    ),
    text: String(device.slot_max),
    pattern: SLOTS,
    required: true,
    okLabel: trans.__('Set')
  });
  if (value !== null) {
    await attempt(title, () =>
      gateway.deviceRest.setSlots(device.device_id, Number(value))
    );
  }
}

function toggleDefault(
  { gateway, trans }: IWegent,
  { device_id, is_default }: IDevice
): Promise<void> {
  return attempt(trans.__('Default device'), () =>
    gateway.deviceRest.setDefault(device_id, !is_default)
  );
}

function remove(wegent: IWegent, device: IDevice): Promise<void> {
  const { trans } = wegent;
  const text = trans.__(
    'It leaves the list, and what waits for it is cancelled. Its files stay. If its executor still runs, or connects again, it is back: stop it there first, or delete and revoke.'
  );
  return drop(wegent, device, false, text, trans.__('Delete'));
}

function revoke(wegent: IWegent, device: IDevice): Promise<void> {
  const { trans } = wegent;
  const text = trans.__(
    'It leaves the list, what waits for it is cancelled, and its key is worth nothing any more: it cannot connect again until somebody lets it in anew. Its files stay.'
  );
  return drop(wegent, device, true, text, trans.__('Delete and Revoke'));
}

async function drop(
  { gateway, trans }: IWegent,
  device: IDevice,
  forGood: boolean,
  text: string,
  word: string
): Promise<void> {
  const title = trans.__('Delete %1?', device.name);
  if (await confirmed(trans, title, text, word)) {
    await attempt(trans.__('%1 was not deleted', device.name), async () => {
      await gateway.deviceRest.remove(device.device_id, forGood);
      gateway.devices.drop(device.device_id);
    });
  }
}
