import type { IDisposable } from '@lumino/disposable';

import { attach, type TerminalSocket } from '../api/terminalSocket';
import type {
  IAttach,
  ICredit,
  IExit,
  IInput,
  IOutput,
  IResize,
  ITold
} from '../api/terminals';

/** Wait before connecting again where Socket.IO itself gives up, in ms. */
const RETRY_DELAY = 3_000;

/** One that looks at a terminal: what the link tells it. */
export interface ITerminalViewer {
  /** Its name, unique on this link. */
  readonly viewer: string;
  readonly session: string;
  onConnected(): void;
  onLost(): void;
  onOutput(output: IOutput): void;
  onExit(exit: IExit): void;
  onNotice(message: string): void;
  /** The terminal's device is not connected. */
  onAway(): void;
  /** It is there again. */
  onBack(): void;
}

/** What crosses the socket of terminals, told to the viewers that it is about. */
export class TerminalLink implements IDisposable {
  /** The socket is made when somebody looks at a terminal for the first time. */
  constructor(private readonly make: () => TerminalSocket) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  get connected(): boolean {
    return this.socket?.connected === true;
  }

  add(viewer: ITerminalViewer): void {
    this.viewers.set(viewer.viewer, viewer);
    this.socket ??= this.open();
  }

  remove({ viewer, session }: ITerminalViewer): void {
    if (this.viewers.delete(viewer) && this.connected) {
      const data = { session_id: session, viewer };
      this.socket?.emit('terminal:detach', data);
    }
  }

  /** Ask for output from `since` on; throws `ApiError`. */
  async attach(data: IAttach): Promise<void> {
    if (this.socket) {
      await attach(this.socket, data);
    }
  }

  input(data: IInput): void {
    this.socket?.emit('terminal:input', data);
  }

  resize(data: IResize): void {
    this.socket?.emit('terminal:resize', data);
  }

  credit(data: ICredit): void {
    this.socket?.emit('terminal:credit', data);
  }

  dispose(): void {
    this.disposed = true;
    this.viewers.clear();
    this.socket?.disconnect();
  }

  private open(): TerminalSocket {
    const socket = this.make();
    socket.on('connect', () => this.all.forEach(one => one.onConnected()));
    socket.on('disconnect', () => {
      this.all.forEach(one => one.onLost());
      this.retryLater(socket);
    });
    socket.on('connect_error', () => this.retryLater(socket));
    socket.on('terminal:output', data => this.named(data)?.onOutput(data));
    socket.on('terminal:exit', data => this.named(data)?.onExit(data));
    socket.on('terminal:notice', data =>
      this.meant(data).forEach(one => one.onNotice(data.message))
    );
    socket.on('terminal:away', data =>
      this.meant(data).forEach(one => one.onAway())
    );
    socket.on('terminal:back', data =>
      this.meant(data).forEach(one => one.onBack())
    );
    socket.connect();
    return socket;
  }

  private get all(): ITerminalViewer[] {
    return [...this.viewers.values()];
  }

  private named({ viewer }: { viewer: string }): ITerminalViewer | undefined {
    return this.viewers.get(viewer);
  }

  /** The viewer that is named, else all of the terminal. */
  private meant({ session_id, viewer }: ITold): ITerminalViewer[] {
    return this.all.filter(
      one => one.session === session_id && (viewer ?? one.viewer) === one.viewer
    );
  }

  /** Connect again where Socket.IO does not do so by itself. */
  private retryLater(socket: TerminalSocket): void {
    if (!socket.active && !this.disposed) {
      setTimeout(() => {
        if (!this.disposed) {
          socket.connect();
        }
      }, RETRY_DELAY);
    }
  }

  private socket: TerminalSocket | undefined;
  private readonly viewers = new Map<string, ITerminalViewer>();
  private disposed = false;
}
