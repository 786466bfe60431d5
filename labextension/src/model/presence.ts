import { Signal, type ISignal } from '@lumino/signaling';

import type { IDevice } from '../api/types';
import { present, type Devices } from './devices';

export interface ILoss {
  device: IDevice;
  /** How many turns ran there when it was last there. */
  running: number;
}

/** Tells when devices that had work are lost, and when devices are back. */
export class Presence {
  constructor(devices: Devices) {
    devices.changed.connect(({ value }) => value.forEach(one => this.see(one)));
  }

  /** A device counts as offline now, and turns ran on it. */
  get lost(): ISignal<this, ILoss> {
    return this.losses;
  }

  /** A device that was offline is there. */
  get back(): ISignal<this, IDevice> {
    return this.returns;
  }

  private see(device: IDevice): void {
    const { device_id: id, status } = device;
    const before = this.known.get(id);
    const count = device.running_tasks.length;
    // Its turns may have ended before it counts as lost.
    const running = present(device)
      ? count
      : Math.max(count, before?.running ?? 0);
    this.known.set(id, { status, running });
    if (before === undefined || before.status === status) {
      return;
    }
    if (status === 'offline' && running > 0) {
      this.losses.emit({ device, running });
    } else if (before.status === 'offline') {
      this.returns.emit(device);
    }
  }

  private readonly known = new Map<
    string,
    { status: IDevice['status']; running: number }
  >();
  private readonly losses = new Signal<this, ILoss>(this);
  private readonly returns = new Signal<this, IDevice>(this);
}
