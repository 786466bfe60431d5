/** What the composer offers and what it picks by itself. */

import type { IAgent, IDevice } from '../api/types';

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
export function usable(agent: IAgent): boolean {
  return agent.ready && agent.logged_in !== false;
}

/** Whether no real agent can work on the device, so that practice is all there is. */
export function onlyPractice(device: IDevice): boolean {
  return (
    device.agents.some(agent => agent.practice && agent.ready) &&
    !device.agents.some(agent => !agent.practice && usable(agent))
  );
}

/** The agents to pick from: practice only where no real one works. */
export function pickable(device: IDevice | undefined): IAgent[] {
  if (!device) {
    return [];
  }
  const practice = onlyPractice(device);
  return device.agents.filter(agent => practice || !agent.practice);
}

/** The picked agent if it is ready, else the first of the preferred and all that can work right away. */
export function chooseAgent(
  agents: readonly IAgent[],
  picked: string | null,
  preferred: string
): IAgent | undefined {
  const working = agents.filter(usable);
  return (
    agents.find(agent => agent.ready && agent.id === picked) ??
    working.find(agent => agent.id === preferred) ??
    working[0]
  );
}
