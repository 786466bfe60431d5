import { Dialog } from '@jupyterlab/apputils';

/** A dialog whose body decides when it may be accepted, and what Enter does in its fields. */
export class StepsDialog extends Dialog<void> {
  constructor(options: Partial<Dialog.IOptions<void>>) {
    super(options);
    this.addClass('wegent-Dialog');
  }

  /** Enable or disable the button that accepts. */
  allow(accept: boolean): void {
    this.node
      .querySelectorAll<HTMLButtonElement>('.jp-Dialog-footer .jp-mod-accept')
      .forEach(button => (button.disabled = !accept));
  }

  override handleEvent(event: Event): void {
    const enter = event instanceof KeyboardEvent && event.key === 'Enter';
    const inField = event.target instanceof HTMLInputElement;
    // JupyterLab would accept at Enter, and enable the button with every key typed.
    if (!(enter && inField) && event.type !== 'input') {
      super.handleEvent(event);
    }
  }
}
