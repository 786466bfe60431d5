import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRunningSessions } from '@jupyterlab/running';
import { terminalIcon } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';

import type { ITerminal } from '../api/terminals';
import { Commands } from '../commands';
import { attempt } from '../components/confirm';
import { deviceName, placeOf } from '../model/terminals';
import {
  terminalCaption,
  terminalLine,
  terminalTitle
} from '../model/terminalWords';
import type { IWegent } from '../tokens';
import { contextOf } from './terminalTarget';

/** The section of terminals in the Running panel. */
export function terminalManager(
  { commands }: JupyterFrontEnd,
  wegent: IWegent
): IRunningSessions.IManager {
  const { gateway, trans } = wegent;
  const runningChanged = new Signal<object, void>({});
  gateway.terminals.changed.connect(() => runningChanged.emit());
  gateway.devices.changed.connect(() => runningChanged.emit());
  return {
    name: trans.__('Wegent Terminals'),
    supportsMultipleViews: false,
    running: () =>
      gateway.terminals.value.map(one => item(commands, wegent, one)),
    shutdownAll: () => void endAll(wegent),
    refreshRunning: () => undefined,
    runningChanged,
    shutdownLabel: trans.__('End the Shell'),
    shutdownAllLabel: trans.__('End All'),
    shutdownAllConfirmationText: trans.__(
      'End all Wegent terminals, and what runs in them?'
    )
  };
}

function item(
  commands: JupyterFrontEnd['commands'],
  { gateway, trans }: IWegent,
  terminal: ITerminal
): IRunningSessions.IRunningItem {
  const place = placeOf(terminal);
  const { session, path } = place;
  const name = deviceName(gateway, place);
  return {
    context: contextOf(session),
    label: () => terminalTitle(trans, name, path),
    labelTitle: () => terminalCaption(trans, name, path),
    icon: () => terminalIcon,
    detail: () => terminalLine(trans, terminal),
    open: () => void commands.execute(Commands.openTerminal, { session }),
    shutdown: () => void commands.execute(Commands.endTerminal, { session })
  };
}

function endAll({ gateway, trans }: IWegent): Promise<void> {
  const { terminals, terminalRest } = gateway;
  return attempt(trans.__('Not every shell was ended'), () =>
    Promise.all(terminals.value.map(one => terminalRest.end(one.session_id)))
  );
}
