import { Dialog } from '@jupyterlab/apputils';

/** What Tab stops at. */
const STOPS = ['button', 'input', 'select', 'textarea']
  .map(name => `${name}:enabled`)
  .concat('a[href]', '[tabindex]')
  .join();

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
    const escape = event instanceof KeyboardEvent && event.key === 'Escape';
    const inField = event.target instanceof HTMLInputElement;
    if (event.type === 'focus' && this.keepFocus(event)) {
      return;
    }
    if (event instanceof KeyboardEvent && event.key === 'Tab') {
      this.turnAround(event);
      return;
    }
    if (escape && this.node.querySelector(':popover-open')) {
      return; // The browser closes that, and the dialog stays.
    }
    // JupyterLab would accept at Enter, and enable the button with every key typed.
    if (!(enter && inField) && event.type !== 'input') {
      super.handleEvent(event);
    }
  }

  /** Let Tab go round in the dialog; JupyterLab's way knows the buttons only: its body is rendered later. */
  private turnAround(event: KeyboardEvent): void {
    const stops = [...this.node.querySelectorAll<HTMLElement>(STOPS)].filter(
      one => one.tabIndex >= 0 && one.checkVisibility()
    );
    const [from, to] = event.shiftKey
      ? [stops[0], stops.at(-1)]
      : [stops.at(-1), stops[0]];
    if (document.activeElement === from) {
      event.preventDefault();
      event.stopPropagation();
      to?.focus();
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
