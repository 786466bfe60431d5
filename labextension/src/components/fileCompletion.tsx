import * as React from 'react';

import type { IPlace } from '../api/fileRest';
import { FileSearch, type IFound } from '../model/fileSearch';
import { mentionAt, withPath, type IMention } from '../model/mentions';
import { unhidden } from '../model/text';
import { useFace, useTrans } from './face';
import { useValue } from './hooks';

/** Between the list and its text, in px. */
const GAP = 2;

interface ICompletion {
  /** For the text area. */
  area: React.AriaAttributes & {
    onInput: () => void;
    onSelect: () => void;
    onBlur: () => void;
  };
  /** Says whether the key was for the list. */
  onKey: (event: React.KeyboardEvent) => boolean;
  popup: React.ReactElement | null;
}

/** Completes `@path` in a text from the files of a workspace. */
export function useFileCompletion(options: {
  area: React.RefObject<HTMLTextAreaElement>;
  place: IPlace | null;
  text: string;
  onText: (text: string) => void;
}): ICompletion {
  const { area, place, text, onText } = options;
  const { gateway } = useFace();
  const [search] = React.useState(() => new FileSearch(gateway.fileRest));
  const found = useValue(search);
  const id = React.useId();
  const [mention, setMention] = React.useState<IMention | null>(null);
  /** The mention at which somebody closed the list. */
  const [closed, setClosed] = React.useState<number | null>(null);
  const [chosen, choose] = React.useState({ query: '', at: 0 });
  const cursor = React.useRef<number | null>(null);

  const look = (): void => {
    const element = area.current;
    const here = element && mentionAt(element.value, element.selectionEnd);
    if (here?.start !== closed) {
      setClosed(null);
    }
    if (!isSame(here, mention)) {
      setMention(here);
    }
  };
  React.useLayoutEffect(() => {
    if (cursor.current !== null) {
      area.current?.setSelectionRange(cursor.current, cursor.current);
      cursor.current = null;
    }
  }, [area, text]);

  const query = place && mention && closed === null ? mention.query : null;
  const { deviceId, path } = place ?? {};
  React.useEffect(() => {
    if (query !== null && deviceId !== undefined && path !== undefined) {
      search.ask({ deviceId, path }, query);
    } else {
      search.stop();
    }
  }, [search, query, deviceId, path]);
  React.useEffect(() => () => search.stop(), [search]);

  const items = query === null ? [] : (found?.items ?? []);
  const open = query !== null && found !== null;
  // With every other query, the first is chosen.
  const at = chosen.query === query ? Math.min(chosen.at, items.length - 1) : 0;
  const move = (steps: number): void =>
    choose({ query: query ?? '', at: (at + steps) % items.length });
  const option = (index: number): string => `${id}-${index}`;

  const pick = (item: string | undefined): void => {
    if (mention && item !== undefined) {
      const made = withPath(text, mention, item);
      cursor.current = made.cursor;
      setMention(null);
      onText(made.text);
    }
  };
  const onKey = (event: React.KeyboardEvent): boolean => {
    if (!open || event.nativeEvent.isComposing) {
      return false;
    }
    const acts: Partial<Record<string, () => void>> = {
      Escape: () => setClosed(mention?.start ?? null),
      ...(items.length > 0 && {
        ArrowDown: () => move(1),
        ArrowUp: () => move(items.length - 1),
        Enter: () => pick(items[at]),
        Tab: () => pick(items[at])
      })
    };
    const act = hasModifier(event) ? undefined : acts[event.key];
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
    return act !== undefined;
  };

  return {
    area: {
      'aria-autocomplete': place ? 'list' : undefined,
      'aria-controls': open ? id : undefined,
      'aria-haspopup': place ? 'listbox' : undefined,
      'aria-activedescendant':
        open && items.length > 0 ? option(at) : undefined,
      onInput: look,
      onSelect: look,
      onBlur: () => setMention(null)
    },
    onKey,
    popup: open ? (
      <Listbox
        id={id}
        anchor={area}
        found={found}
        at={at}
        option={option}
        onPick={pick}
      />
    ) : null
  };
}

function isSame(a: IMention | null, b: IMention | null): boolean {
  return a?.start === b?.start && a?.query === b?.query && a?.end === b?.end;
}

function hasModifier(event: React.KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
}

function Listbox(props: {
  id: string;
  anchor: React.RefObject<HTMLTextAreaElement>;
  found: IFound;
  at: number;
  option: (index: number) => string;
  onPick: (item: string) => void;
}): React.ReactElement {
  const trans = useTrans();
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
    <div ref={popup} className="wegent-Files">
      <ul
        id={props.id}
        className="wegent-List"
        role="listbox"
        aria-label={trans.__('Files')}
      >
        {found.items.map((item, index) => (
          <li
            key={item}
            id={props.option(index)}
            role="option"
            aria-selected={index === at}
            title={unhidden(item)}
            // The text keeps the focus.
            onMouseDown={event => {
              event.preventDefault();
              props.onPick(item);
            }}
          >
            <FileName path={unhidden(item)} />
          </li>
        ))}
      </ul>
      <div className="wegent-Hint wegent-Small" role="status">
        {hint(found)}
      </div>
    </div>
  );

  function hint({ items, truncated, query, problem }: IFound): string {
    if (problem) {
      return trans.__('Files cannot be listed: %1', problem.message);
    }
    if (items.length === 0) {
      return trans.__('No file here is called like “%1”', unhidden(query));
    }
    return truncated
      ? trans.__('This folder has more files than were looked at')
      : '';
  }
}

/** A file's own name, and where it is. */
function FileName(props: { path: string }): React.ReactElement {
  const at = props.path.lastIndexOf('/') + 1;
  return (
    <>
      <span className="wegent-Title">{props.path.slice(at)}</span>
      {at > 0 && (
        <span className="wegent-Folder">
          <bdi>{props.path.slice(0, at - 1)}</bdi>
        </span>
      )}
    </>
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
