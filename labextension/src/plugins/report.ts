import { Notification } from '@jupyterlab/apputils';

import { ApiError } from '../api/caller';

/** Do what a command asks; what it fails with is told by a notification. */
export async function reporting(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const fix = error instanceof ApiError && error.fix ? ` ${error.fix}` : '';
    const message = error instanceof Error ? error.message : String(error);
    Notification.error(message + fix);
  }
}
