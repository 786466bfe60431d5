import { DOMUtils } from '@jupyterlab/apputils';
import * as React from 'react';

/** Between a popover and its button or the window's edge, in px. */
const GAP = 4;

interface IPopover {
  open: boolean;
  close: () => void;
  /** For the button that opens it. */
  button: { ref: React.RefObject<HTMLButtonElement>; popovertarget: string };
  /** For the element that pops up. */
  popup: { ref: React.RefObject<HTMLDivElement>; id: string };
}

/** A part of the page that pops up above all panels; the browser closes it with Escape and clicks elsewhere. */
export function usePopover(): IPopover {
  const [id] = React.useState(() => DOMUtils.createDomID());
  const [open, setOpen] = React.useState(false);
  const button = React.useRef<HTMLButtonElement>(null);
  const popup = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const element = popup.current;
    if (!element) {
      return;
    }
    element.popover = 'auto';
    const onToggle = (event: Event): void =>
      setOpen((event as ToggleEvent).newState === 'open');
    element.addEventListener('beforetoggle', onToggle);
    return () => element.removeEventListener('beforetoggle', onToggle);
  }, []);
  React.useLayoutEffect(() => {
    if (open && button.current && popup.current) {
      place(popup.current, button.current.getBoundingClientRect());
    }
  }, [open]);
  return {
    open,
    close: () => popup.current?.hidePopover(),
    button: { ref: button, popovertarget: id },
    popup: { ref: popup, id }
  };
}

/** Below the button, or above it where there is more room. */
function place(popup: HTMLElement, button: DOMRect): void {
  const { innerHeight, innerWidth } = window;
  const below = innerHeight - button.bottom;
  const { style } = popup;
  const up = below < 240 && button.top > below;
  const left = Math.min(button.left, innerWidth - popup.offsetWidth - GAP);
  style.left = `${Math.max(GAP, left)}px`;
  style.top = up ? 'auto' : `${button.bottom + GAP}px`;
  style.bottom = up ? `${innerHeight - button.top + GAP}px` : 'auto';
  style.maxHeight = `${(up ? button.top : below) - 2 * GAP}px`;
}
