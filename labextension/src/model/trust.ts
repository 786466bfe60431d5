import type { DeviceRest } from '../api/deviceRest';
import type { ITrustedPath } from '../api/types';
import { Cell, type Observable } from './observable';

type Known = readonly ITrustedPath[] | null;

/** Which folders' agent configuration may be used, device by device; asked for when it is looked at. */
export class Trust {
  constructor(private readonly rest: DeviceRest) {}

  /** What is decided on a device; null while that is not known. */
  of(deviceId: string): Observable<Known> {
    return this.cell(deviceId);
  }

  /** Ask the device. */
  async load(deviceId: string): Promise<void> {
    const { items } = await this.rest.trusted(deviceId);
    this.cell(deviceId).set(items);
  }

  async decide(
    deviceId: string,
    path: string,
    trusted: boolean
  ): Promise<void> {
    const { items } = await this.rest.trust(deviceId, path, trusted);
    this.cell(deviceId).set(items);
  }

  private cell(deviceId: string): Cell<Known> {
    let cell = this.cells.get(deviceId);
    if (cell === undefined) {
      cell = new Cell<Known>(null);
      this.cells.set(deviceId, cell);
    }
    return cell;
  }

  private readonly cells = new Map<string, Cell<Known>>();
}
