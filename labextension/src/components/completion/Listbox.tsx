import * as React from 'react';

import type { ISuggestions } from './completer';

/** Between the list and its text, in px. */
const GAP = 2;

/** What a text can be completed with, above or below it. */
export function Listbox(props: {
  id: string;
  name: string;
  anchor: React.RefObject<HTMLTextAreaElement>;
  found: ISuggestions;
  at: number;
  option: (index: number) => string;
  onPick: (index: number) => void;
}): React.ReactElement {
  const { found, at, anchor } = props;
  const popup = React.useRef<HTMLDivElement>(null);
  // Above all panels, which would cut it off; it keeps the focus where it is.
  React.useLayoutEffect(() => {
    if (popup.current) {
      popup.current.popover = 'manual';
      popup.current.showPopover();
    }
  }, []);
  React.useLayoutEffect(() => {
    if (popup.current && anchor.current) {
      place(popup.current, anchor.current.getBoundingClientRect());
    }
  }, [anchor, found]);
  React.useEffect(() => {
    popup.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  return (
    <div ref={popup} className="wegent-Completion">
      <ul
        id={props.id}
        className="wegent-List"
        role="listbox"
        aria-label={props.name}
      >
        {found.items.map((item, index) => (
          <li
            key={item.key}
            id={props.option(index)}
            role="option"
            aria-selected={index === at}
            title={item.title}
            // The text keeps the focus.
            onMouseDown={event => {
              event.preventDefault();
              props.onPick(index);
            }}
          >
            {item.view}
          </li>
        ))}
      </ul>
      <div className="wegent-Hint wegent-Small" role="status">
        {found.hint}
      </div>
    </div>
  );
}

/** Where there is more room: above the text or below it. */
function place(popup: HTMLElement, text: DOMRect): void {
  const { innerHeight } = window;
  const below = innerHeight - text.bottom;
  const up = text.top > below;
  const { style } = popup;
  style.left = `${text.left}px`;
  style.width = `${text.width}px`;
  style.top = up ? 'auto' : `${text.bottom + GAP}px`;
  style.bottom = up ? `${innerHeight - text.top + GAP}px` : 'auto';
  style.maxHeight = `${Math.min(300, (up ? text.top : below) - 2 * GAP)}px`;
}
