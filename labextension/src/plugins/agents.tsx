import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { Commands } from '../commands';
import { usable } from '../model/choices';
import { ownAgent, present } from '../model/devices';
import type { Gateway } from '../model/gateway';
import { runInTerminal } from '../model/labTerminal';
import { unhidden } from '../model/text';
import { IWegent } from '../tokens';
import { logIn } from '../widgets/loginDialog';
import { reporting } from './report';

/** How often a device is asked whether its agent works now, and for how long, in ms. */
const PERIOD = 3_000;
const PATIENCE = 600_000;

const ARGS = {
  args: {
    type: 'object',
    properties: {
      device: { type: 'string', description: 'The id of the device' },
      agent: { type: 'string', description: 'The id of the agent' }
    },
    required: ['device', 'agent']
  }
};

/** Installs agents of this computer and logs in to them, in a terminal before the user's eyes. */
export const agentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:agents',
  description: 'Install agents of Wegent and log in to them',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, wegent: IWegent) => {
    const { gateway, trans } = wegent;
    const run = async (
      device: string,
      agent: IAgent,
      command: string,
      done: (agent: IAgent) => boolean
    ): Promise<void> => {
      await runInTerminal(commands, command);
      void refreshUntil(gateway, device, agent.id, done);
    };
    commands.addCommand(Commands.installAgent, {
      label: trans.__('Install an Agent'),
      describedBy: ARGS,
      execute: args =>
        reporting(async () => {
          const { device, agent } = find(gateway, args);
          const command = agent?.install_command;
          if (agent && command && (await confirmed(wegent, agent, command))) {
            await run(device, agent, command, one => one.ready);
          }
        })
    });
    commands.addCommand(Commands.logIn, {
      label: args => {
        const name = byCode(gateway, args)?.agent.name;
        return name
          ? trans.__('Log in to %1…', name)
          : trans.__('Log in to an Agent');
      },
      describedBy: ARGS,
      isEnabled: args => {
        const found = byCode(gateway, args);
        return found === undefined || present(found.device);
      },
      execute: args =>
        reporting(async () => {
          const found = byCode(gateway, args);
          if (found) {
            await logIn({ ...wegent, commands }, found.device, found.agent);
            return;
          }
          const { device, agent } = find(gateway, args);
          if (agent?.login_command) {
            await run(device, agent, agent.login_command, usable);
          }
        })
    });
  }
};

function find(
  gateway: Gateway,
  args: { device?: unknown; agent?: unknown }
): { device: string; agent: IAgent | undefined } {
  const device = String(args.device);
  const agent = ownAgent(gateway.devices.get(device), String(args.agent));
  return { device, agent };
}

/** An agent that can be logged in on its device by a code, wherever that is. */
function byCode(
  gateway: Gateway,
  args: { device?: unknown; agent?: unknown }
): { device: IDevice; agent: IAgent } | undefined {
  const device = gateway.devices.get(String(args.device));
  const agent = device?.agents.find(one => one.id === args.agent);
  return device && agent?.device_login ? { device, agent } : undefined;
}

/** Show the very command that will run, and ask. */
async function confirmed(
  { trans }: IWegent,
  agent: IAgent,
  command: string
): Promise<boolean> {
  const size = agent.install_mb;
  const body = (
    <div className="wegent-Install">
      <p>{trans.__('This command will run in a terminal here:')}</p>
      <pre>{unhidden(command)}</pre>
      {size !== null && <p>{trans.__('It downloads about %1 MB.', size)}</p>}
    </div>
  );
  const { button } = await showDialog({
    title: trans.__('Install %1?', agent.name),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Install') })
    ]
  });
  return button.accept;
}

/** Agents that are being looked for, so that a second terminal does not double the questions. */
const watched = new Set<string>();

/** Ask the device again and again until its agent is as it should be. */
async function refreshUntil(
  gateway: Gateway,
  device: string,
  agent: string,
  done: (agent: IAgent) => boolean
): Promise<void> {
  const key = `${device} ${agent}`;
  if (watched.has(key)) {
    return;
  }
  watched.add(key);
  const end = Date.now() + PATIENCE;
  const isDone = (): boolean => {
    const found = find(gateway, { device, agent }).agent;
    return found === undefined || done(found);
  };
  while (Date.now() < end && !isDone()) {
    await sleep(PERIOD);
    // The device may be away for a moment.
    await gateway.refreshAgents(device).catch(() => undefined);
  }
  watched.delete(key);
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
