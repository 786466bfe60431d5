import { Caller } from './caller';
import type {
  IAliasMessage,
  IMessage,
  IQueue,
  IRuntimeSettings
} from './managing';
import type { IAgentList, ITrustList } from './types';

/** What can be done with a device. */
export class DeviceRest extends Caller {
  rename(id: string, alias: string): Promise<IAliasMessage> {
    return this.call('PUT', `${device(id)}/alias`, { alias });
  }

  /** Say how many turns it may run at once. */
  setSlots(id: string, slots: number): Promise<IRuntimeSettings> {
    const body = { max_concurrent_tasks: slots };
    return this.call('PUT', `${device(id)}/runtime-settings`, body);
  }

  /** Give it the star, or take it away. */
  setDefault(id: string, star: boolean): Promise<IMessage> {
    return this.call(star ? 'PUT' : 'DELETE', `${device(id)}/default`);
  }

  /** Forget it; with `revoke`, its keys are worth nothing any more. */
  remove(id: string, revoke: boolean): Promise<IMessage> {
    return this.call('DELETE', device(id) + (revoke ? '?revoke=true' : ''));
  }

  queue(id: string): Promise<IQueue> {
    return this.call('GET', `${device(id)}/queue`);
  }

  /** Let it look at its agents again. */
  refreshAgents(id: string): Promise<IAgentList> {
    return this.call('POST', `${device(id)}/agents/refresh`, {});
  }

  /** Say where an agent's program is on it. */
  setAgentPath(id: string, agent: string, path: string): Promise<IAgentList> {
    const address = `${device(id)}/agents/${encodeURIComponent(agent)}`;
    return this.call('PUT', address, { path });
  }

  /** Its folders about which a person decided. */
  trusted(id: string): Promise<ITrustList> {
    return this.call('GET', `${device(id)}/trust`);
  }

  trust(id: string, path: string, trusted: boolean): Promise<ITrustList> {
    return this.call('PUT', `${device(id)}/trust`, { path, trusted });
  }
}

function device(id: string): string {
  return `devices/${encodeURIComponent(id)}`;
}
