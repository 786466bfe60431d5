import * as React from 'react';

import type { IMention } from '../../model/mentions';
import type { ICompleter } from './completer';
import { Listbox } from './Listbox';

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

/** What was typed, and which of the completers knows it. */
interface ITyped extends IMention {
  by: number;
}

/** Completes what ends at the cursor of a text, in a list that pops up at it. */
export function useCompletion(options: {
  area: React.RefObject<HTMLTextAreaElement>;
  completers: readonly ICompleter[];
  text: string;
  onText: (text: string) => void;
}): ICompletion {
  const { area, completers, text, onText } = options;
  const id = React.useId();
  const [typed, setTyped] = React.useState<ITyped | null>(null);
  /** Where somebody closed the list. */
  const [closed, setClosed] = React.useState<number | null>(null);
  const [chosen, choose] = React.useState({ query: '', at: 0 });
  const cursor = React.useRef<number | null>(null);

  const look = (): void => {
    const element = area.current;
    const here =
      element && typedAt(completers, element.value, element.selectionEnd);
    if (here?.start !== closed) {
      setClosed(null);
    }
    if (!isSame(here, typed)) {
      setTyped(here);
    }
  };
  React.useLayoutEffect(() => {
    if (cursor.current !== null) {
      area.current?.setSelectionRange(cursor.current, cursor.current);
      cursor.current = null;
    }
  }, [area, text]);

  const active = typed && closed === null ? completers[typed.by] : undefined;
  const query = active?.enabled && typed ? typed.query : null;
  const { ask, stop } = active ?? {};
  React.useEffect(() => {
    if (query !== null) {
      ask?.(query);
    }
  }, [ask, query]);
  React.useEffect(() => () => stop?.(), [stop]);

  const found = query === null ? null : (active?.found ?? null);
  const items = found?.items ?? [];
  const open = items.length > 0 || !!found?.hint;
  // With every other query, the first is chosen.
  const at = chosen.query === query ? Math.min(chosen.at, items.length - 1) : 0;
  const move = (steps: number): void =>
    choose({ query: query ?? '', at: (at + steps) % items.length });
  const option = (index: number): string => `${id}-${index}`;

  const pick = (index: number): void => {
    const made = typed && items[index]?.put(text, typed);
    if (made) {
      cursor.current = made.cursor;
      setTyped(null);
      onText(made.text);
    }
  };
  const onKey = (event: React.KeyboardEvent): boolean => {
    if (!open || event.nativeEvent.isComposing) {
      return false;
    }
    const acts: Partial<Record<string, () => void>> = {
      Escape: () => setClosed(typed?.start ?? null),
      ...(items.length > 0 && {
        ArrowDown: () => move(1),
        ArrowUp: () => move(items.length - 1),
        Enter: () => pick(at),
        Tab: () => pick(at)
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

  const completes = completers.some(one => one.enabled);
  return {
    area: {
      'aria-autocomplete': completes ? 'list' : undefined,
      'aria-controls': open ? id : undefined,
      'aria-haspopup': completes ? 'listbox' : undefined,
      'aria-activedescendant':
        open && items.length > 0 ? option(at) : undefined,
      onInput: look,
      onSelect: look,
      onBlur: () => setTyped(null)
    },
    onKey,
    popup:
      open && active && found ? (
        <Listbox
          id={id}
          name={active.name}
          anchor={area}
          found={found}
          at={at}
          option={option}
          onPick={pick}
        />
      ) : null
  };
}

function typedAt(
  completers: readonly ICompleter[],
  text: string,
  cursor: number
): ITyped | null {
  for (const [by, completer] of completers.entries()) {
    const mention = completer.enabled ? completer.at(text, cursor) : null;
    if (mention) {
      return { ...mention, by };
    }
  }
  return null;
}

function isSame(a: ITyped | null, b: ITyped | null): boolean {
  return (
    a?.by === b?.by &&
    a?.start === b?.start &&
    a?.query === b?.query &&
    a?.end === b?.end
  );
}

function hasModifier(event: React.KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
}
