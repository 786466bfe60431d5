import type { JupyterFrontEnd } from '@jupyterlab/application';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { terminalIcon } from '@jupyterlab/ui-components';

import { Commands } from '../commands';
import { attempt, confirmed } from '../components/confirm';
import { chooseDevice } from '../model/choices';
import { present } from '../model/devices';
import { placeOf, type ITerminalPlace } from '../model/terminals';
import type { IWegent } from '../tokens';
import { askWhere } from '../widgets/terminalDialog';
import type { TerminalTab } from '../widgets/terminalTab';
import { targetOf } from './terminalTarget';
import type { TerminalTabs } from './terminalTabs';

type Args = ReadonlyPartialJSONObject;

const aText = (description: string): ReadonlyJSONObject => ({
  type: 'string',
  description
});

const OPEN_ARGS = {
  args: {
    type: 'object',
    properties: {
      device: aText('The id of the device; else the default one'),
      path: aText('The directory in which the shell starts'),
      task: {
        type: 'integer',
        description: 'The id of a task: the shell starts where it works'
      },
      project: {
        type: 'integer',
        description: 'The id of a project: the shell starts there'
      },
      session: aText('The id of a terminal that is there already'),
      number: {
        type: 'integer',
        description: 'Which of several tabs that show that terminal'
      },
      activate: { type: 'boolean' }
    }
  }
};

const TARGET_ARGS = {
  args: {
    type: 'object',
    properties: {
      session: aText('The id of the terminal; else the current tab'),
      clicked: {
        type: 'boolean',
        description: 'The one whose context menu is open'
      }
    }
  }
};

/** Add what can be done with terminals. */
export function addTerminalCommands(
  app: JupyterFrontEnd,
  wegent: IWegent,
  tabs: TerminalTabs
): void {
  const { commands } = app;
  const { gateway, trans } = wegent;
  const enabled = (args: Args): boolean =>
    args.session !== undefined || deviceOf(wegent, args) !== undefined;
  commands.addCommand(Commands.openTerminal, {
    label: trans.__('Open a Terminal'),
    caption: trans.__('Open a shell on the device'),
    icon: terminalIcon,
    describedBy: OPEN_ARGS,
    isEnabled: enabled,
    execute: args => open(wegent, tabs, args)
  });
  commands.addCommand(Commands.newTerminal, {
    label: args =>
      args.isPalette
        ? trans.__('New Terminal on a Device…')
        : trans.__('Terminal on…'),
    caption: trans.__('Open a shell on one of your devices'),
    icon: args => (args.isPalette ? undefined : terminalIcon),
    describedBy: {
      args: { type: 'object', properties: { isPalette: { type: 'boolean' } } }
    },
    isEnabled: () => enabled({}),
    execute: async () => {
      const only = gateway.devices.value.length === 1;
      const where = only ? {} : await askWhere({ ...wegent, commands });
      if (where) {
        await commands.execute(Commands.openTerminal, { ...where });
      }
    }
  });
  commands.addCommand(Commands.viewTerminal, {
    label: trans.__('Open in Another Tab'),
    caption: trans.__('Show the same terminal once more'),
    describedBy: TARGET_ARGS,
    isEnabled: args => targetOf(app, args) !== undefined,
    execute: async args => {
      const place = placeIn(wegent, tabs, targetOf(app, args));
      if (place) {
        await tabs.showAgain(place);
      }
    }
  });
  commands.addCommand(Commands.endTerminal, {
    label: trans.__('Close and End the Shell'),
    caption: trans.__('End the shell of this terminal, and what runs in it'),
    describedBy: TARGET_ARGS,
    isEnabled: args => targetOf(app, args) !== undefined,
    execute: args => end(wegent, tabs, targetOf(app, args))
  });
  gateway.devices.changed.connect(() => {
    commands.notifyCommandChanged(Commands.openTerminal);
    commands.notifyCommandChanged(Commands.newTerminal);
  });
  app.shell.currentChanged?.connect(() => {
    commands.notifyCommandChanged(Commands.viewTerminal);
    commands.notifyCommandChanged(Commands.endTerminal);
  });
}

/** The device on which a shell would start, if it can. */
function deviceOf({ gateway }: IWegent, args: Args): string | undefined {
  const devices = gateway.devices.value.filter(present);
  const id =
    args.device ??
    gateway.tasks.get(Number(args.task))?.device_id ??
    gateway.projects.get(Number(args.project))?.device_id;
  const device =
    id === undefined
      ? chooseDevice(devices, null)
      : devices.find(one => one.device_id === id);
  return device?.device_id;
}

/** Where a terminal is, as far as anybody here knows. */
function placeIn(
  { gateway }: IWegent,
  tabs: TerminalTabs,
  session: string | undefined
): ITerminalPlace | undefined {
  if (session === undefined) {
    return undefined;
  }
  const terminal = gateway.terminals.get(session);
  return terminal
    ? placeOf(terminal)
    : tabs.of(session)[0]?.content.view.place.value;
}

/** Show the terminal that is named, or a new one. */
async function open(
  wegent: IWegent,
  tabs: TerminalTabs,
  args: Args
): Promise<TerminalTab | undefined> {
  let tab: TerminalTab | undefined;
  await attempt(wegent.trans.__('No terminal was opened'), async () => {
    tab =
      args.session === undefined
        ? await startIn(wegent, tabs, args)
        : await tabs.show(
            storedPlace(wegent, tabs, args),
            args.activate !== false,
            Number(args.number ?? 1)
          );
  });
  return tab;
}

/** Where a terminal was when the layout was stored, unless more is known. */
function storedPlace(
  wegent: IWegent,
  tabs: TerminalTabs,
  args: Args
): ITerminalPlace {
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : '';
  const session = text(args.session);
  const stored = { session, device: text(args.device), path: text(args.path) };
  return placeIn(wegent, tabs, session) ?? stored;
}

async function startIn(
  wegent: IWegent,
  tabs: TerminalTabs,
  args: Args
): Promise<TerminalTab> {
  const { trans } = wegent;
  const device = deviceOf(wegent, args);
  if (device === undefined) {
    throw new Error(trans.__('The device is not online.'));
  }
  if (args.project !== undefined) {
    return tabs.startInProject(Number(args.project));
  }
  return tabs.start(device, {
    ...(typeof args.path === 'string' ? { path: args.path } : {}),
    ...(args.task === undefined ? {} : { task_id: Number(args.task) })
  });
}

/** End a shell and close its tabs; ask first while a program runs in it. */
function end(
  { gateway, trans }: IWegent,
  tabs: TerminalTabs,
  session: string | undefined
): Promise<void> {
  return attempt(trans.__('The shell was not ended'), async () => {
    if (session === undefined) {
      return;
    }
    const isBusy = gateway.terminals.get(session)?.busy === true;
    const title = trans.__('End the shell?');
    const body = trans.__('A program runs in it, and ends with it.');
    if (!isBusy || (await confirmed(trans, title, body, trans.__('End')))) {
      await gateway.terminalRest.end(session);
      tabs.of(session).forEach(tab => tab.dispose());
    }
  });
}
