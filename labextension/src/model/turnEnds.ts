import { Signal, type ISignal } from '@lumino/signaling';

import type { IDevice } from '../api/types';
import { hasOurFiles, type Devices } from './devices';

export interface ITurnEnd {
  taskId: number;
  attemptId: number;
}

/**
 * Tells of each attempt that is no longer running on a device with this computer's files, whoever started it and
 * whether or not its task is open here; never of what ended before the page was loaded.
 */
export class TurnEnds {
  constructor(devices: Devices) {
    devices.changed.connect(() => this.look(devices.value));
    this.look(devices.value);
  }

  get ended(): ISignal<this, ITurnEnd> {
    return this.ends;
  }

  private look(devices: readonly IDevice[]): void {
    const running = new Map(
      devices
        .filter(device => hasOurFiles(devices, device))
        .flatMap(device => device.running_tasks)
        .map(({ task_id, subtask_id }) => [subtask_id, task_id])
    );
    const gone = [...this.running].filter(([id]) => !running.has(id));
    this.running = running;
    gone.forEach(([attemptId, taskId]) =>
      this.ends.emit({ taskId, attemptId })
    );
  }

  private running: ReadonlyMap<number, number> = new Map();
  private readonly ends = new Signal<this, ITurnEnd>(this);
}
