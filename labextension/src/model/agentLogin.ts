import type { IAgentLogin } from '../api/personal';
import type { PersonalRest } from '../api/personalRest';
import { asError } from './loaded';
import { Observable } from './observable';

/** How often a device is asked how its login stands, in ms. */
const PERIOD = 2_000;

export interface ILoginView {
  login: IAgentLogin | null;
  /** Why it could not be begun, or why nothing is known of it now. */
  problem: Error | null;
}

type Rest = Pick<PersonalRest, 'startLogin' | 'login' | 'cancelLogin'>;

/** The login of an agent on a device: begun, followed while a person types the code elsewhere, or called off. */
export class AgentLogin extends Observable<ILoginView> {
  constructor(
    private readonly deviceId: string,
    private readonly agent: string,
    private readonly rest: Rest,
    private readonly period = PERIOD
  ) {
    super({ login: null, problem: null });
  }

  get state(): IAgentLogin['state'] {
    return this.value.login?.state ?? 'none';
  }

  /** Whether a person is expected to do something, or the device. */
  get pending(): boolean {
    return this.state === 'starting' || this.state === 'waiting';
  }

  /** Begin, or show the login that has begun. */
  async start(): Promise<void> {
    this.replace({ login: null, problem: null });
    await this.ask(() => this.rest.startLogin(this.deviceId, this.agent));
  }

  /** Call it off; nothing to do where it has ended. */
  async cancel(): Promise<void> {
    if (this.pending) {
      await this.ask(() => this.rest.cancelLogin(this.deviceId, this.agent));
    }
    this.stop();
  }

  /** Follow it no longer. */
  stop(): void {
    this.newest++;
    clearTimeout(this.timer);
  }

  private async ask(call: () => Promise<IAgentLogin>): Promise<void> {
    this.stop();
    const mine = this.newest;
    const found = await call().then(
      login => ({ login, problem: null }),
      (error: unknown) => ({
        login: this.value.login,
        problem: asError(error)
      })
    );
    if (mine !== this.newest) {
      return;
    }
    this.replace(found);
    if (this.pending) {
      this.timer = setTimeout(
        () => void this.ask(() => this.rest.login(this.deviceId, this.agent)),
        this.period
      );
    }
  }

  private timer: ReturnType<typeof setTimeout> | undefined;
  private newest = 0;
}
