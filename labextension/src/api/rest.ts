import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  IAgentList,
  IApproval,
  ICreatedTask,
  ICreateTask,
  ICreateTurn,
  IDecision,
  IProblem,
  ITaskDetail,
  ITaskList,
  ITrustList,
  ITurn,
  IVersion
} from './types';

/** A refusal or failure that the user can be told about as it is. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    readonly code: string,
    readonly fix: string | null = null
  ) {
    super(message);
  }

  static from(problem: Partial<IProblem>, status: number): ApiError {
    return new ApiError(
      problem.message ?? `HTTP ${status}`,
      status,
      problem.code ?? String(status),
      problem.fix ?? null
    );
  }
}

/** The REST side of the gateway, under `{base_url}wegent/api/`. */
export class Rest {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  version(): Promise<IVersion> {
    return this.call('GET', 'version');
  }

  /** Tasks by newest activity, those after `before` in that order. */
  tasks(before: number): Promise<ITaskList> {
    return this.call('GET', `tasks?limit=50&before=${before}`);
  }

  task(id: number): Promise<ITaskDetail> {
    return this.call('GET', `tasks/${id}`);
  }

  createTask(task: ICreateTask): Promise<ICreatedTask> {
    return this.call('POST', 'tasks', task);
  }

  createTurn(taskId: number, turn: ICreateTurn): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/turns`, turn);
  }

  cancel(taskId: number, turnId: number): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/cancel`, { turn_id: turnId });
  }

  /** Answer an approval; the first answer wins, later ones fail with 409. */
  decide(id: string, decision: IDecision): Promise<IApproval> {
    return this.call('POST', `approvals/${encodeURIComponent(id)}`, decision);
  }

  /** Say something to the agent while it works. */
  steer(taskId: number, prompt: string): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/steer`, { prompt });
  }

  /** Go on after a turn that failed or was stopped. */
  continueTask(taskId: number): Promise<ITurn> {
    return this.call('POST', `tasks/${taskId}/continue`, {});
  }

  /** Let a device look at its agents again. */
  refreshAgents(deviceId: string): Promise<IAgentList> {
    return this.call('POST', `${device(deviceId)}/agents/refresh`, {});
  }

  /** Say where an agent's program is on its device. */
  setAgentPath(
    deviceId: string,
    agent: string,
    path: string
  ): Promise<IAgentList> {
    const address = `${device(deviceId)}/agents/${encodeURIComponent(agent)}`;
    return this.call('PUT', address, { path });
  }

  /** The folders of a device about which a person decided. */
  trusted(deviceId: string): Promise<ITrustList> {
    return this.call('GET', `${device(deviceId)}/trust`);
  }

  trust(deviceId: string, path: string, trusted: boolean): Promise<ITrustList> {
    return this.call('PUT', `${device(deviceId)}/trust`, { path, trusted });
  }

  private async call<T>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object
  ): Promise<T> {
    const response = await this.request(method, path, body);
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok || answer === null) {
      throw ApiError.from(answer ?? {}, response.ok ? 0 : response.status);
    }
    return answer as T;
  }

  private async request(
    method: string,
    path: string,
    body?: object
  ): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, 'wegent/api', path);
    const init: RequestInit = { method };
    if (body) {
      init.body = JSON.stringify(body);
    }
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      throw new ApiError(
        error instanceof Error ? error.message : String(error),
        0,
        'unreachable'
      );
    }
  }
}

function device(id: string): string {
  return `devices/${encodeURIComponent(id)}`;
}
