import { Caller } from './caller';
import type {
  IAddDevice,
  ICreateCredential,
  ICreatedCredential,
  ICredentialList,
  IJoinRequest
} from './access';
import type { IMessage } from './managing';

/** Who may come in: credentials, and machines that want to become devices. */
export class AccessRest extends Caller {
  credentials(): Promise<ICredentialList> {
    return this.call('GET', 'credentials');
  }

  /** Make a secret; the answer is the only place in which it ever appears. */
  create(request: ICreateCredential): Promise<ICreatedCredential> {
    return this.call('POST', 'credentials', request);
  }

  revoke(id: number): Promise<IMessage> {
    return this.call('DELETE', `credentials/${id}`);
  }

  /** How another machine reaches this server. */
  addDevice(): Promise<IAddDevice> {
    return this.call('GET', 'add-device');
  }

  /** The machine that shows this code. */
  joinRequest(code: string): Promise<IJoinRequest> {
    return this.call('GET', `join/${encodeURIComponent(code)}`);
  }

  answerJoin(code: string, approve: boolean): Promise<IJoinRequest> {
    const address = `join/${encodeURIComponent(code)}`;
    return this.call('POST', address, { approve });
  }
}
