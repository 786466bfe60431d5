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
    if (event.type === 'focus' && this.keepFocus(event)) {
      return;
    }
    // JupyterLab would accept at Enter, and enable the button with every key typed.
    if (!(enter && inField) && event.type !== 'input') {
      super.handleEvent(event);
    }
  }

  /** Give the focus back to what had it; JupyterLab would give it to the first button. Says whether it did. */
  private keepFocus(event: Event): boolean {
    const { target } = event;
    if (!(target instanceof HTMLElement)) {
      return false;
    }
    if (this.node.contains(target)) {
      this.focused = target;
      return false;
    }
    if (!this.focused || !this.node.contains(this.focused)) {
      return false;
    }
    event.stopPropagation();
    this.focused.focus();
    return true;
  }

  private focused: HTMLElement | null = null;
}
