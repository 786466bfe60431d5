import type { IAgent, IDevice } from '../api/types';
import { Observable } from './observable';
import { unhidden } from './text';

/** The devices as the gateway last told, in words that hide nothing: this computer first; a star moves no row away under the pointer. */
export class Devices extends Observable<readonly IDevice[]> {
  constructor() {
    super([]);
  }

  get(id: string): IDevice | undefined {
    return this.value.find(device => device.device_id === id);
  }

  /** When a device that is away counts as lost, in ms since the epoch; null where that is not known. */
  deadline(id: string): number | null {
    return this.deadlines.get(id) ?? null;
  }

  reset(devices: readonly IDevice[]): void {
    this.deadlines.clear();
    devices.forEach(device => this.stamp(device));
    this.replace(devices.map(legible).sort(inOrder));
  }

  put(device: IDevice): void {
    this.stamp(device);
    this.replace(
      [...this.others(device.device_id), legible(device)].sort(inOrder)
    );
  }

  /** Take a device's agents as it has just found them. */
  putAgents(id: string, agents: IAgent[]): void {
    const device = this.get(id);
    if (device) {
      this.put({ ...device, agents });
    }
  }

  drop(id: string): void {
    this.deadlines.delete(id);
    this.replace(this.others(id));
  }

  private stamp(device: IDevice): void {
    const { device_id, status, reconnect_seconds } = device;
    if (status === 'reconnecting' && reconnect_seconds !== null) {
      this.deadlines.set(device_id, Date.now() + reconnect_seconds * 1000);
    } else {
      this.deadlines.delete(device_id);
    }
  }

  private others(id: string): IDevice[] {
    return this.value.filter(device => device.device_id !== id);
  }

  private readonly deadlines = new Map<string, number>();
}

/** What a device says of itself, with hidden characters shown; commands stay as they are, `CopyLine` shows theirs. */
function legible(device: IDevice): IDevice {
  const { reported_name, client_ip, problem, executor_version } = device;
  return {
    ...device,
    name: unhidden(device.name),
    reported_name: reported_name && unhidden(reported_name),
    client_ip: client_ip && unhidden(client_ip),
    problem: problem && unhidden(problem),
    executor_version: executor_version && unhidden(executor_version),
    agents: device.agents.map(legibleAgent)
  };
}

function legibleAgent(agent: IAgent): IAgent {
  const { reason, version } = agent;
  return {
    ...agent,
    name: unhidden(agent.name),
    reason: reason && unhidden(reason),
    version: version && unhidden(version)
  };
}

function inOrder(a: IDevice, b: IDevice): number {
  return (
    Number(b.embedded) - Number(a.embedded) || a.name.localeCompare(b.name)
  );
}

/** Whether turns can start there now. */
export function present(device: IDevice): boolean {
  return device.status === 'online' || device.status === 'busy';
}

/** Whether a device has the files of this computer: it is the embedded one, or runs beside it. */
export function hasOurFiles(
  devices: readonly IDevice[],
  device: IDevice
): boolean {
  const { embedded, machine } = device;
  const here = devices.find(one => one.embedded)?.machine ?? null;
  return embedded || (machine !== null && machine === here);
}

/** An agent of this computer. Nobody else's commands may run in a terminal here. */
export function ownAgent(
  device: IDevice | undefined,
  id: string
): IAgent | undefined {
  return device?.embedded
    ? device.agents.find(agent => agent.id === id)
    : undefined;
}

/** Whether another device is called the same, as people see it. */
export function hasNamesake(
  devices: readonly IDevice[],
  device: IDevice
): boolean {
  const seen = toTheEye(device.name);
  return devices.some(
    one => one.device_id !== device.device_id && toTheEye(one.name) === seen
  );
}

function toTheEye(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** Whether another executor runs on its machine. */
export function sharesMachine(
  devices: readonly IDevice[],
  { device_id, machine }: IDevice
): boolean {
  return (
    machine !== null &&
    devices.some(one => one.device_id !== device_id && one.machine === machine)
  );
}

/** Another device that can take a turn right away, one with a free slot first. */
export function alternative(
  devices: readonly IDevice[],
  to: IDevice
): IDevice | undefined {
  const others = devices.filter(one => one.device_id !== to.device_id);
  return others.find(one => one.status === 'online') ?? others.find(present);
}

/** Slots in use and in all of the devices that are there. */
export function slots(devices: readonly IDevice[]): {
  used: number;
  max: number;
} {
  const there = devices.filter(present);
  return {
    used: there.reduce((sum, device) => sum + device.slot_used, 0),
    max: there.reduce((sum, device) => sum + device.slot_max, 0)
  };
}

/** How many of a device's turns wait for a person. */
export function waitingOn(device: IDevice): number {
  return device.running_tasks.filter(task => task.waiting).length;
}

/** The executors of one machine. */
export interface IMachine {
  key: string;
  devices: readonly IDevice[];
}

/** Devices by machine, in the order of each machine's first. */
export function byMachine(devices: readonly IDevice[]): IMachine[] {
  const machines = new Map<string, IDevice[]>();
  for (const device of devices) {
    const key = device.machine ?? device.device_id;
    machines.set(key, [...(machines.get(key) ?? []), device]);
  }
  return [...machines].map(([key, all]) => ({ key, devices: all }));
}

export type DeviceGroup = 'cloud' | 'local' | 'remote';

/** The devices of a group of *Connections*: those that run coding agents. */
export function inGroup(
  devices: readonly IDevice[],
  group: DeviceGroup
): IDevice[] {
  return devices.filter(
    ({ bind_shell, device_type }) =>
      bind_shell === 'claudecode' &&
      (device_type === 'app' ? 'local' : device_type) === group
  );
}
