import { Caller } from './caller';
import type { IMessage } from './managing';
import type {
  ICreateProvider,
  IModelChoices,
  IProvider,
  IProviderList,
  ITestResult,
  IUpdateProvider
} from './models';

/** Model providers, and what tasks may name of them. */
export class ModelRest extends Caller {
  choices(): Promise<IModelChoices> {
    return this.call('GET', 'models');
  }

  providers(): Promise<IProviderList> {
    return this.call('GET', 'models/providers');
  }

  create(provider: ICreateProvider): Promise<IProvider> {
    return this.call('POST', 'models/providers', provider);
  }

  update(id: number, changes: IUpdateProvider): Promise<IProvider> {
    return this.call('PUT', `models/providers/${id}`, changes);
  }

  remove(id: number): Promise<IMessage> {
    return this.call('DELETE', `models/providers/${id}`);
  }

  /** Try a saved one from a device; no model: its default, else its first. */
  test(id: number, deviceId: string, model?: string): Promise<ITestResult> {
    const body = { device_id: deviceId, ...(model ? { model } : {}) };
    return this.call('POST', `models/providers/${id}/test`, body);
  }

  /** Try one before it is saved. */
  testNew(provider: ICreateProvider, deviceId: string): Promise<ITestResult> {
    return this.call('POST', 'models/test', {
      ...provider,
      device_id: deviceId
    });
  }
}
