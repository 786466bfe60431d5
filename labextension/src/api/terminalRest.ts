import { ApiError, Caller } from './caller';
import type { IMessage } from './managing';
import type { IStartedTerminal, IStartTerminal } from './terminals';

/** Terminals: to start one, and to end it. */
export class TerminalRest extends Caller {
  start(device: string, request: IStartTerminal): Promise<IStartedTerminal> {
    const address = `devices/${encodeURIComponent(device)}/terminal`;
    return this.call('POST', address, request);
  }

  /** End the shell and all that it started; what is over already is no error. */
  async end(session: string): Promise<void> {
    const address = `terminals/${encodeURIComponent(session)}`;
    try {
      await this.call<IMessage>('DELETE', address);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'not_found')) {
        throw error;
      }
    }
  }
}
