import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { IProblem } from './types';

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

/** Calls the gateway's routes, under `{base_url}wegent/api/`, with JSON or with a file as it is. */
export class Caller {
  constructor(protected readonly settings: ServerConnection.ISettings) {}

  protected async call<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
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
    if (body instanceof Blob) {
      init.body = body;
      init.headers = { 'Content-Type': 'application/octet-stream' };
    } else if (body) {
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
