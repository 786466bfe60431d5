/** Which terminal a command is about. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { TerminalTab } from '../widgets/terminalTab';

const CONTEXT = 'wegent-terminal:';

/** What marks a terminal in the Running panel; the context menu of schema/plugin.json looks for it. */
export function contextOf(session: string): string {
  return CONTEXT + session;
}

/** The terminal that is named, or was clicked with the other button, or else is the current tab. */
export function targetOf(
  app: JupyterFrontEnd,
  args: ReadonlyPartialJSONObject
): string | undefined {
  if (typeof args.session === 'string') {
    return args.session;
  }
  // Elsewhere than in that menu, what was clicked last can be anything.
  if (args.clicked === true) {
    const node = app.contextMenuHitTest(one => marked(one) !== undefined);
    return node && marked(node);
  }
  const { currentWidget } = app.shell;
  return currentWidget instanceof TerminalTab
    ? currentWidget.content.view.session
    : undefined;
}

function marked({ dataset }: HTMLElement): string | undefined {
  const { wegentTerminal, context } = dataset;
  return context?.startsWith(CONTEXT)
    ? context.slice(CONTEXT.length)
    : wegentTerminal;
}
