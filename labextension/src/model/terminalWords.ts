/** Words for terminals, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ITerminal } from '../api/terminals';
import type { DeviceStatus, IDevice } from '../api/types';
import { present } from './devices';
import type { IEnding, ViewState } from './terminalState';
import { unhidden } from './text';
import { statusWord } from './words';
import { shortPath } from './workspace';

/** "gpu-box: …/me/churn"; the device alone where the path is not known. */
export function terminalTitle(
  trans: TranslationBundle,
  device: string,
  path: string
): string {
  return path
    ? trans.__('%1: %2', device, unhidden(shortPath(path)))
    : trans.__('Terminal on %1', device);
}

/** As the title, with the whole path. */
export function terminalCaption(
  trans: TranslationBundle,
  device: string,
  path: string
): string {
  return path
    ? trans.__('Terminal on %1 in %2', device, unhidden(path))
    : trans.__('Terminal on %1', device);
}

/** How a terminal stands that nobody here has to look at. */
export function terminalLine(
  trans: TranslationBundle,
  { state, busy, exit_code, viewers }: ITerminal
): string {
  if (state === 'ended') {
    return exitWord(trans, exit_code);
  }
  return [
    state === 'away' ? trans.__('device not connected') : '',
    busy ? trans.__('a program runs') : trans.__('idle'),
    viewers > 1 ? trans.__('%1 views', viewers) : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Why no terminal can be opened on a device now; empty where one can. */
export function hindrance(
  trans: TranslationBundle,
  device: IDevice | undefined
): string {
  if (!device) {
    return trans.__('The device is not known');
  }
  return present(device)
    ? ''
    : trans.__('%1: %2', device.name, statusWord(trans, device.status));
}

/** What a view says about itself; empty where the shell is all there is to see. */
export function viewLine(
  trans: TranslationBundle,
  state: ViewState,
  device: string,
  status: DeviceStatus | undefined
): string {
  switch (state.kind) {
    case 'attached':
      return '';
    case 'connecting':
      return trans.__('Connecting to %1…', device);
    case 'lost':
      return trans.__('Reconnecting… What you type now is not sent.');
    case 'away':
      return status === 'offline'
        ? trans.__(
            '%1 is offline. The shell may still run there. It comes back when the device does.',
            device
          )
        : trans.__(
            'Reconnecting to %1… What you type now is not sent.',
            device
          );
    case 'ended':
      return endingLine(trans, state.ending, device);
  }
}

function endingLine(
  trans: TranslationBundle,
  { reason, exitCode, error }: IEnding,
  device: string
): string {
  const line = {
    exited: exitWord(trans, exitCode),
    closed: trans.__('The shell was ended'),
    unused: trans.__('Ended: nobody looked at it for too long'),
    executor_ended: trans.__(
      "%1's executor ended, and the shell with it",
      device
    ),
    device_removed: trans.__(
      '%1 was deleted, and the shell ended with it',
      device
    ),
    gone: trans.__(
      'This shell is over: it was ended, or the executor of %1 was',
      device
    ),
    refused: trans.__('This terminal cannot be shown')
  }[reason];
  return error ? trans.__('%1: %2', line, unhidden(error)) : line;
}

/** "Ended with exit code 0", "Ended by SIGKILL". */
function exitWord(trans: TranslationBundle, code: number | null): string {
  if (code === null) {
    return trans.__('Ended');
  }
  return code < 0
    ? trans.__('Ended by %1', signalName(trans, -code))
    : trans.__('Ended with exit code %1', code);
}

/** Those with the same number on Linux and macOS. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM'
};

function signalName(trans: TranslationBundle, signal: number): string {
  return SIGNALS[signal] ?? trans.__('signal %1', signal);
}
