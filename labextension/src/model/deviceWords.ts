/** Words for devices and their queues, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDevice, IRunningTask } from '../api/types';
import { hasNamesake, sharesMachine } from './devices';
import { ago, stateWord, statusWord, waitingWord } from './words';

const MINUTE = 60_000;

/** "Online", "Reconnecting, 24 s left", "Offline, 2 h ago". */
export function presenceLine(
  trans: TranslationBundle,
  device: IDevice,
  deadline: number | null,
  now: number
): string {
  const word = statusWord(trans, device.status);
  if (device.status === 'reconnecting' && deadline !== null) {
    return trans.__('Reconnecting, %1 s left', secondsTo(deadline, now));
  }
  const seen = device.last_heartbeat;
  return device.status === 'offline' && seen && now - Date.parse(seen) >= MINUTE
    ? trans.__('%1, %2', word, ago(trans, seen, now))
    : word;
}

/** Whole seconds until then; never negative. */
export function secondsTo(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / 1000));
}

export function slotsWord(trans: TranslationBundle, device: IDevice): string {
  return trans.__('%1/%2 slots in use', device.slot_used, device.slot_max);
}

/** What becomes of a turn that is sent to a device now; empty where it starts at once. */
export function sendingWord(trans: TranslationBundle, device: IDevice): string {
  switch (device.status) {
    case 'online':
      return '';
    case 'busy':
      return trans.__(
        'All slots of %1 are in use: the task waits for a free one.',
        device.name
      );
    case 'reconnecting':
      return trans.__(
        '%1 is reconnecting: the task waits until it is back.',
        device.name
      );
    case 'offline':
      return trans.__(
        '%1 is offline: the task waits until it is back.',
        device.name
      );
  }
}

/** What a turn that holds a slot is doing. */
export function workWord(trans: TranslationBundle, task: IRunningTask): string {
  return task.waiting
    ? waitingWord(trans)
    : stateWord(trans, task.status, false);
}

/** Which of several executors on one machine. */
export function executorWord(
  trans: TranslationBundle,
  device: IDevice
): string {
  return device.embedded ? trans.__('embedded') : trans.__('standalone');
}

/** What tells a device from one that it may be taken for; empty where its name does. No device can say it of itself. */
export function apartWord(
  trans: TranslationBundle,
  devices: readonly IDevice[],
  device: IDevice
): string {
  // Names can look the same in more ways than can be told: with others around, this computer always says what it is.
  const apart =
    (device.embedded && devices.length > 1) ||
    hasNamesake(devices, device) ||
    sharesMachine(devices, device);
  return apart ? executorWord(trans, device) : '';
}

/** How the machine is called on which several executors run. */
export function machineName(
  trans: TranslationBundle,
  devices: readonly IDevice[]
): string {
  const [first] = devices;
  return devices.some(device => device.embedded)
    ? trans.__('This computer')
    : (first?.reported_name ?? first?.name ?? '');
}
