import { Caller } from './caller';
import type { ISharingReport, ISkillList } from './skills';

/** Skills of devices. */
export class SkillRest extends Caller {
  /** Those of the device, and those that a workspace on it brings. */
  list(deviceId: string, workspace?: string): Promise<ISkillList> {
    const what = workspace
      ? `?${new URLSearchParams({ workspace }).toString()}`
      : '';
    return this.call('GET', `${skills(deviceId)}${what}`);
  }

  /** How sharing stands, and what it would do. */
  sharing(deviceId: string): Promise<ISharingReport> {
    return this.call('GET', `${skills(deviceId)}/sharing`);
  }

  /** Do what was shown under this digest. */
  share(deviceId: string, digest: string): Promise<ISharingReport> {
    return this.call('POST', `${skills(deviceId)}/sharing`, { digest });
  }

  unshare(deviceId: string): Promise<ISharingReport> {
    return this.call('DELETE', `${skills(deviceId)}/sharing`);
  }
}

function skills(deviceId: string): string {
  return `devices/${encodeURIComponent(deviceId)}/skills`;
}
