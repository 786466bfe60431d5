import { Dialog } from '@jupyterlab/apputils';

import { StepsDialog } from './stepsDialog';

/** The place of the button that accepts, beside the one that cancels. */
export const ACCEPT = 1;

/** A dialog that closes when what it asks for was done, and stays with the reason when it was not. */
export class SubmitDialog extends StepsDialog {
  constructor(
    options: Partial<Dialog.IOptions<void>>,
    /** Says whether it was done. */
    private readonly submit: () => Promise<boolean>
  ) {
    super({ defaultButton: ACCEPT, ...options });
  }

  override resolve(index = ACCEPT): void {
    if (index === ACCEPT) {
      void this.finish();
    } else {
      super.resolve(index);
    }
  }

  private async finish(): Promise<void> {
    if (await this.submit()) {
      super.resolve(ACCEPT);
    }
  }
}
