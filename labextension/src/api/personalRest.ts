import { Caller } from './caller';
import type { ITestResult } from './models';
import type {
  IAgentLogin,
  IDeviceAuthList,
  IProxyConfig,
  IRuntimeConfig,
  IUpdateRuntimeConfig
} from './personal';

const CONFIG = 'users/me/runtime-configs/codex';
const PROXY = 'users/me/proxy-config';

/** The person's own Codex login and proxy, and logins of agents on devices. Secrets go in and never come out. */
export class PersonalRest extends Caller {
  codex(): Promise<IRuntimeConfig> {
    return this.call('GET', CONFIG);
  }

  setCodex(config: IUpdateRuntimeConfig): Promise<IRuntimeConfig> {
    return this.call('PUT', CONFIG, config);
  }

  /** Save a login: the object that `auth.json` holds. */
  upload(auth: object): Promise<IRuntimeConfig> {
    return this.call('POST', `${CONFIG}/auth-json`, { auth_json: auth });
  }

  /** Forget the saved login; devices keep theirs. */
  forget(): Promise<IRuntimeConfig> {
    return this.call('DELETE', `${CONFIG}/auth-json`);
  }

  /** Save the login that an online device has. */
  importFrom(deviceId: string): Promise<IRuntimeConfig> {
    return this.call('POST', `${CONFIG}/import-device`, {
      device_id: deviceId
    });
  }

  /** The login file on each device. */
  codexDevices(): Promise<IDeviceAuthList> {
    return this.call('GET', `${CONFIG}/devices`);
  }

  proxy(): Promise<IProxyConfig> {
    return this.call('GET', PROXY);
  }

  /** Save a proxy; empty clears it. */
  setProxy(url: string): Promise<IProxyConfig> {
    return this.call('PUT', PROXY, { proxy_url: url });
  }

  /** Try a proxy from a device; none given: the saved one. */
  testProxy(deviceId: string, url: string): Promise<ITestResult> {
    return this.call('POST', `${PROXY}/test`, {
      device_id: deviceId,
      ...(url ? { proxy_url: url } : {})
    });
  }

  /** Begin a login on a device, or show the one that has begun. */
  startLogin(deviceId: string, agent: string): Promise<IAgentLogin> {
    return this.call('POST', login(deviceId, agent), {});
  }

  login(deviceId: string, agent: string): Promise<IAgentLogin> {
    return this.call('GET', login(deviceId, agent));
  }

  cancelLogin(deviceId: string, agent: string): Promise<IAgentLogin> {
    return this.call('DELETE', login(deviceId, agent));
  }
}

function login(deviceId: string, agent: string): string {
  const [device, name] = [deviceId, agent].map(encodeURIComponent);
  return `devices/${device}/agents/${name}/login`;
}
