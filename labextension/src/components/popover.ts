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

/**
 * A part of the page that pops up above all panels; the browser closes it with Escape and clicks elsewhere.
 * It stands at `anchor`, else at its button.
 */
export function usePopover(anchor?: React.RefObject<HTMLElement>): IPopover {
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
    const onToggle = (event: Event): void => {
      const opens = (event as ToggleEvent).newState === 'open';
      if (!opens && element.contains(document.activeElement)) {
        // The browser would, if what has the focus were still there then.
        button.current?.focus();
      }
      setOpen(opens);
    };
    element.addEventListener('beforetoggle', onToggle);
    return () => element.removeEventListener('beforetoggle', onToggle);
  }, []);
  React.useLayoutEffect(() => {
    const at = anchor?.current ?? button.current;
    if (open && at && popup.current) {
      place(popup.current, at.getBoundingClientRect());
    }
  }, [open, anchor]);
  return {
    open,
    close: () => popup.current?.hidePopover(),
    button: { ref: button, popovertarget: id },
    popup: { ref: popup, id }
  };
}

/** Below its place, or above it where there is more room. */
function place(popup: HTMLElement, at: DOMRect): void {
  const { innerHeight, innerWidth } = window;
  const below = innerHeight - at.bottom;
  const { style } = popup;
  const up = below < 240 && at.top > below;
  const left = Math.min(at.left, innerWidth - popup.offsetWidth - GAP);
  style.left = `${Math.max(GAP, left)}px`;
  style.top = up ? 'auto' : `${at.bottom + GAP}px`;
  style.bottom = up ? `${innerHeight - at.top + GAP}px` : 'auto';
  style.maxHeight = `${(up ? at.top : below) - 2 * GAP}px`;
}
