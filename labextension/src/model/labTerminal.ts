/** Runs a command before the user's eyes, in a terminal of JupyterLab. */

import type { Terminal } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';
import type { Widget } from '@lumino/widgets';

const CREATE = 'terminal:create-new';

/** How long a shell may take to greet, in ms; input before that would be shown twice. */
const GREETING = 3_000;

/** A terminal's tab, as far as it is needed here. */
interface ITerminalTab extends Widget {
  content: { session: Terminal.ITerminalConnection };
}

/** Whether the server and this application have terminals. */
export function hasTerminals(commands: CommandRegistry): boolean {
  return commands.hasCommand(CREATE) && commands.isEnabled(CREATE);
}

/** Open a terminal in the main area and type a command into it. */
export async function runInTerminal(
  commands: CommandRegistry,
  command: string
): Promise<ITerminalTab> {
  const tab = (await commands.execute(CREATE)) as ITerminalTab;
  const { session } = tab.content;
  await greeted(session);
  session.send({ type: 'stdin', content: [`${command}\r`] });
  return tab;
}

/** Wait for the first output of the shell. */
function greeted(session: Terminal.ITerminalConnection): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      session.messageReceived.disconnect(onMessage);
      resolve();
    };
    const onMessage = (_: unknown, message: Terminal.IMessage): void => {
      if (message.type === 'stdout') {
        done();
      }
    };
    const timer = setTimeout(done, GREETING);
    session.messageReceived.connect(onMessage);
  });
}
