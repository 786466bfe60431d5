import { caretDownIcon, checkIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { usePopover } from './popover';

/** A button that shows what is chosen, and pops up what there is to choose from. */
export function Picker(props: {
  label: string;
  /** Of what pops up. */
  question: string;
  title: string;
  disabled: boolean;
  /** What is chosen. */
  chosen: React.ReactNode;
  /** What pops up. */
  choices: (close: () => void) => React.ReactNode;
}): React.ReactElement {
  const { open, close, button, popup } = usePopover();
  return (
    <>
      <button
        type="button"
        className="wegent-Select wegent-Picker"
        role="combobox"
        aria-label={props.label}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={popup.id}
        title={props.title}
        disabled={props.disabled}
        {...button}
      >
        {props.chosen}
        <caretDownIcon.react tag="span" className="wegent-Mark" aria-hidden />
      </button>
      <div
        {...popup}
        className="wegent-Popover"
        role="dialog"
        aria-label={props.question}
      >
        {open && props.choices(close)}
      </div>
    </>
  );
}

/** Choices below each other. Up and down lead through them, right to the buttons of one and left back. */
export function ChoiceList(props: {
  children: React.ReactNode;
}): React.ReactElement {
  const list = React.useRef<HTMLUListElement>(null);
  React.useEffect(() => {
    // The popover shows after this, and takes the focus to its first button.
    const frame = requestAnimationFrame(() =>
      (
        list.current?.querySelector<HTMLElement>('[aria-current="true"]') ??
        choices(list.current)[0]
      )?.focus()
    );
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <ul
      ref={list}
      className="wegent-List"
      onKeyDown={event => {
        if (moveFocus(list.current, event)) {
          event.preventDefault();
        }
      }}
    >
      {props.children}
    </ul>
  );
}

/** One of the choices; its first line is its name. */
export function Choice(props: {
  chosen: boolean;
  /** It cannot be chosen; what it says tells why. */
  disabled?: boolean;
  title?: string;
  onPick: () => void;
  children: React.ReactNode;
}): React.ReactElement {
  const { chosen, disabled = false } = props;
  return (
    <button
      type="button"
      className="wegent-Choice"
      aria-current={chosen}
      aria-disabled={disabled}
      title={props.title}
      onClick={disabled ? undefined : props.onPick}
    >
      <span className="wegent-Chosen">
        {chosen && (
          <checkIcon.react tag="span" className="wegent-Mark" aria-hidden />
        )}
      </span>
      <span>{props.children}</span>
    </button>
  );
}

function choices(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>('.wegent-Choice') ?? [])];
}

/** Says whether the key was one that leads somewhere. */
function moveFocus(
  list: HTMLElement | null,
  { key, target }: React.KeyboardEvent
): boolean {
  if (target instanceof HTMLInputElement) {
    return false;
  }
  const all = choices(list);
  const row = document.activeElement?.closest('li');
  const at = all.findIndex(button => button.closest('li') === row);
  const found = {
    ArrowDown: all[Math.min(at + 1, all.length - 1)],
    ArrowUp: all[Math.max(at - 1, 0)],
    Home: all[0],
    End: all.at(-1),
    ArrowLeft: all[at],
    ArrowRight: row?.querySelector<HTMLElement>('button:not(.wegent-Choice)')
  }[key];
  found?.focus();
  return found instanceof HTMLElement;
}
