import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { io, type Socket } from 'socket.io-client';

import { ApiError } from './caller';
import type { SettingsKind } from './personal';
import type { IProject } from './projects';
import type { ITerminal } from './terminals';
import type {
  IApproval,
  IDevice,
  IProblem,
  ITask,
  IVersion,
  TaskEvent
} from './types';

/** How long an answer of the gateway is waited for, in ms. */
export const ACK_TIMEOUT = 20_000;

type Ack<T> = (
  answer: ({ ok: true } & T) | { error: IProblem & { status?: number } }
) => void;

export interface IWatched {
  version: IVersion;
  devices: IDevice[];
  tasks: ITask[];
  /** The open ones. */
  approvals: IApproval[];
  /** Absent from a server that runs since before there were terminals. */
  terminals?: ITerminal[];
  /** Absent from a server that runs since before there were projects. */
  projects?: IProject[];
}

interface IToServer {
  watch: (data: object, ack: Ack<IWatched>) => void;
  'task:join': (
    data: { task_id: number; after_pos: number },
    ack: Ack<object>
  ) => void;
  'task:leave': (data: { task_id: number }, ack: Ack<object>) => void;
}

interface IFromServer {
  'device:update': (device: IDevice) => void;
  'device:removed': (data: { device_id: string }) => void;
  'task:update': (task: ITask) => void;
  'approval:update': (approval: IApproval) => void;
  'terminal:update': (terminal: ITerminal) => void;
  'terminal:removed': (data: { session_id: string }) => void;
  'project:update': (project: IProject) => void;
  'project:removed': (data: { id: number }) => void;
  /** The gateway sends the next batch when this one is acknowledged. */
  'task:events': (
    data: { task_id: number; events: TaskEvent[] },
    ack: () => void
  ) => void;
  /** Something changed in the settings, perhaps by another page. */
  settings: (data: { what: SettingsKind }) => void;
  lagged: (data: { task_id: number; pos: number }) => void;
  gateway: (version: IVersion) => void;
}

export type TaskSocket = Socket<IFromServer, IToServer>;

/** Make the socket of namespace `/tasks`, not connected yet. */
export function makeSocket(settings: ServerConnection.ISettings): TaskSocket {
  const base = new URL(settings.wsUrl, location.href);
  const token = settings.appendToken && settings.token;
  return io(`${base.protocol}//${base.host}/tasks`, {
    path: URLExt.join(base.pathname, 'wegent/socket.io/'),
    // Cookies authenticate the upgrade; polling would need an XSRF header and sticky routes.
    transports: ['websocket'],
    autoConnect: false,
    ...(token ? { query: { token } } : {})
  });
}

/** Wait for an answer; throws where none comes in time. */
export async function answered(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch {
    throw new ApiError('No answer from the gateway', 0, 'unreachable');
  }
}

async function unwrap<T>(answer: Promise<unknown>): Promise<T> {
  const value = (await answered(answer)) as Parameters<Ack<T>>[0];
  if ('error' in value) {
    throw ApiError.from(value.error, value.error.status ?? 0);
  }
  return value;
}

/** Ask for devices and tasks, now and from now on. */
export function watch(socket: TaskSocket): Promise<IWatched> {
  return unwrap(socket.timeout(ACK_TIMEOUT).emitWithAck('watch', {}));
}

/** Ask for a task's events after a position, now and from now on. */
export function joinTask(
  socket: TaskSocket,
  taskId: number,
  afterPos: number
): Promise<object> {
  const data = { task_id: taskId, after_pos: afterPos };
  return unwrap(socket.timeout(ACK_TIMEOUT).emitWithAck('task:join', data));
}

/** Say that a task's events are not wanted any more. */
export function leaveTask(socket: TaskSocket, taskId: number): void {
  if (socket.connected) {
    socket.emit('task:leave', { task_id: taskId }, () => undefined);
  }
}
