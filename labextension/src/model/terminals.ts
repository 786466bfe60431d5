import type { ITerminal } from '../api/terminals';
import type { Gateway } from './gateway';
import { Observable } from './observable';
import { unhidden } from './text';

/** Where a terminal is. */
export interface ITerminalPlace {
  session: string;
  device: string;
  /** The directory in which it started; empty where that is not known. */
  path: string;
}

export function placeOf(terminal: ITerminal): ITerminalPlace {
  const { session_id: session, device_id: device, path } = terminal;
  return { session, device, path };
}

/** The terminals as the gateway last told, oldest first. */
export class Terminals extends Observable<readonly ITerminal[]> {
  constructor() {
    super([]);
  }

  get(session: string): ITerminal | undefined {
    return this.value.find(terminal => terminal.session_id === session);
  }

  reset(terminals: readonly ITerminal[]): void {
    this.replace([...terminals].sort(byAge));
  }

  put(terminal: ITerminal): void {
    this.reset([...this.others(terminal.session_id), terminal]);
  }

  drop(session: string): void {
    this.replace(this.others(session));
  }

  private others(session: string): ITerminal[] {
    return this.value.filter(terminal => terminal.session_id !== session);
  }
}

function byAge(a: ITerminal, b: ITerminal): number {
  return (
    Date.parse(a.created_at) - Date.parse(b.created_at) ||
    a.session_id.localeCompare(b.session_id)
  );
}

/** How the device of a terminal is called; its id where that is not known. */
export function deviceName(
  { devices, terminals }: Pick<Gateway, 'devices' | 'terminals'>,
  { device, session }: ITerminalPlace
): string {
  const told = terminals.get(session)?.device_name;
  return devices.get(device)?.name ?? unhidden(told ?? device);
}
