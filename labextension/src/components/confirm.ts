import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api/caller';

/** Ask before something that cannot be taken back. */
export async function confirmed(
  trans: TranslationBundle,
  title: string,
  body: string,
  word: string
): Promise<boolean> {
  const { button } = await showDialog({
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: word })
    ]
  });
  return button.accept;
}

/** Do something; show in a dialog what it is refused with. */
export async function attempt(
  title: string,
  action: () => Promise<unknown>
): Promise<void> {
  try {
    await action();
  } catch (error) {
    const fix = error instanceof ApiError && error.fix ? ` ${error.fix}` : '';
    const message = error instanceof Error ? error.message : String(error);
    await showErrorMessage(title, message + fix);
  }
}
