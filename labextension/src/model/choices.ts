/** What the composer offers and what it picks by itself. */

import type { ProviderKind } from '../api/models';
import type { IAgent, IDevice } from '../api/types';

/** The kinds of providers that give an account, so that an agent needs no login of its own. */
export type Issued = ReadonlySet<ProviderKind>;

const NONE: Issued = new Set();

/** The picked device while it exists, else the starred, else this computer, else the first. */
export function chooseDevice(
  devices: readonly IDevice[],
  picked: string | null
): IDevice | undefined {
  return (
    devices.find(device => device.device_id === picked) ??
    devices.find(device => device.is_default) ??
    devices.find(device => device.embedded) ??
    devices[0]
  );
}

/** Whether an agent can work right away. */
export function usable(agent: IAgent, issued = NONE): boolean {
  const { ready, logged_in, provider } = agent;
  return ready && (logged_in !== false || (!!provider && issued.has(provider)));
}

/** Whether no real agent can work on the device, so that practice is all there is. */
export function onlyPractice(device: IDevice, issued = NONE): boolean {
  return (
    device.agents.some(agent => agent.practice && agent.ready) &&
    !device.agents.some(agent => !agent.practice && usable(agent, issued))
  );
}

/** The agents to pick from: practice only where no real one works. */
export function pickable(device: IDevice | undefined, issued = NONE): IAgent[] {
  if (!device) {
    return [];
  }
  const practice = onlyPractice(device, issued);
  return device.agents.filter(agent => practice || !agent.practice);
}

/** The picked agent if it is ready, else the first of the preferred and all that can work right away. */
export function chooseAgent(
  agents: readonly IAgent[],
  picked: string | null,
  preferred: string,
  issued = NONE
): IAgent | undefined {
  const working = agents.filter(agent => usable(agent, issued));
  return (
    agents.find(agent => agent.ready && agent.id === picked) ??
    working.find(agent => agent.id === preferred) ??
    working[0]
  );
}
