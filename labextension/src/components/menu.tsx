import { ellipsesIcon, MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import { useFace } from './face';
import { IconButton } from './IconButton';

/** A command with what it is about; null is a line between them. */
export type MenuItem = { command: string; args: ReadonlyJSONObject } | null;

/** Open a menu below an element, or where the pointer is. */
export function openMenu(
  commands: CommandRegistry,
  items: readonly MenuItem[],
  at: Element | { clientX: number; clientY: number }
): void {
  const menu = new MenuSvg({ commands });
  items.forEach(item => menu.addItem(item ?? { type: 'separator' }));
  const focused = document.activeElement;
  menu.aboutToClose.connect(() => {
    // Before the command runs: a dialog gives the focus back to where it found it.
    if (focused instanceof HTMLElement) {
      focused.focus();
    }
    setTimeout(() => menu.dispose());
  });
  if (at instanceof Element) {
    const { left, bottom } = at.getBoundingClientRect();
    menu.open(left, bottom);
  } else {
    menu.open(at.clientX, at.clientY);
  }
}

/** Three dots that open a menu. */
export function MenuButton(props: {
  label: string;
  items: () => readonly MenuItem[];
}): React.ReactElement {
  const { commands } = useFace();
  return (
    <IconButton
      popup="menu"
      icon={ellipsesIcon}
      label={props.label}
      onClick={event => openMenu(commands, props.items(), event.currentTarget)}
    />
  );
}
