import type { IAgent, IDevice } from '../api/types';
import { Observable } from './observable';

/** The devices as the gateway last told, the default one first. */
export class Devices extends Observable<readonly IDevice[]> {
  constructor() {
    super([]);
  }

  get(id: string): IDevice | undefined {
    return this.value.find(device => device.device_id === id);
  }

  reset(devices: readonly IDevice[]): void {
    this.replace([...devices].sort(inOrder));
  }

  put(device: IDevice): void {
    this.reset([...this.others(device.device_id), device]);
  }

  /** Take a device's agents as it has just found them. */
  putAgents(id: string, agents: IAgent[]): void {
    const device = this.get(id);
    if (device) {
      this.put({ ...device, agents });
    }
  }

  drop(id: string): void {
    this.replace(this.others(id));
  }

  private others(id: string): IDevice[] {
    return this.value.filter(device => device.device_id !== id);
  }
}

function inOrder(a: IDevice, b: IDevice): number {
  return (
    Number(b.is_default) - Number(a.is_default) ||
    Number(b.embedded) - Number(a.embedded) ||
    a.name.localeCompare(b.name)
  );
}

/** Whether turns can start there now. */
export function present(device: IDevice): boolean {
  return device.status === 'online' || device.status === 'busy';
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
