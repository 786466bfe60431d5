/** Codes that machines show, and what is known of a machine that was let in. */

import type { IDevice } from '../api/types';
import { present } from './devices';

const HALF = 4;

/** What was typed as the code that it means: upper case, with the dash in its place. */
export function asCode(typed: string): string {
  const letters = typed
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, 2 * HALF);
  return letters.length > HALF
    ? `${letters.slice(0, HALF)}-${letters.slice(HALF)}`
    : letters;
}

export function isWhole(code: string): boolean {
  return code.length === 2 * HALF + 1;
}

/** Devices that were not there, or away, when the dialog opened, and are online now. */
export function arrived(
  before: ReadonlySet<string>,
  devices: readonly IDevice[]
): IDevice | undefined {
  return devices.find(one => present(one) && !before.has(one.device_id));
}

/** The ids of the devices that are there now. */
export function presentIds(devices: readonly IDevice[]): ReadonlySet<string> {
  return new Set(devices.filter(present).map(device => device.device_id));
}
