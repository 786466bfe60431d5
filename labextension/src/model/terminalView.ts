import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { ApiError } from '../api/caller';
import type { TerminalRest } from '../api/terminalRest';
import {
  CREDIT_STEP,
  MAX_SIDE,
  type IExit,
  type IOutput
} from '../api/terminals';
import { Cell } from './observable';
import { inputPieces } from './terminalInput';
import type { ITerminalViewer, TerminalLink } from './terminalLink';
import { CLEAR, OutputCursor } from './terminalOutput';
import type { ITerminalPlace } from './terminals';
import type { IEnding, ViewState } from './terminalState';

/** Wait before asking again for a terminal that is not there, in ms. */
const RETRY_DELAY = 2_000;

interface ISize {
  rows: number;
  cols: number;
}

export interface ITerminalServices {
  link: Pick<
    TerminalLink,
    'connected' | 'add' | 'remove' | 'attach' | 'input' | 'resize' | 'credit'
  >;
  rest: Pick<TerminalRest, 'start' | 'end'>;
}

/** One view of a terminal on a device, kept up to date over reconnects. */
export class TerminalView implements ITerminalViewer, IDisposable {
  readonly state = new Cell<ViewState>({ kind: 'connecting' });
  /** A sentence about the terminal, until somebody dismisses it. */
  readonly notice = new Cell<string | null>(null);
  readonly place: Cell<ITerminalPlace>;
  /** Calls back when everything printed so far was shown; at once where nobody can tell. */
  whenShown = (callback: () => void): void => callback();

  constructor(
    place: ITerminalPlace,
    private readonly services: ITerminalServices
  ) {
    this.place = new Cell(place);
    this.services.link.add(this);
  }

  get viewer(): string {
    return this.name;
  }

  get session(): string {
    return this.place.value.session;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Text for the screen. */
  get printed(): ISignal<this, string> {
    return this.printing;
  }

  /** Send what a person types. While nobody would get it, it is dropped: later it could do harm. */
  type(text: string): void {
    if (this.isAttached) {
      const { link } = this.services;
      inputPieces(text).forEach(data => link.input({ ...this.ids, data }));
    }
  }

  resize(rows: number, cols: number): void {
    if (rows > 0 && cols > 0) {
      const side = (count: number): number => Math.min(count, MAX_SIDE);
      const isFirst = this.size === null;
      this.size = { rows: side(rows), cols: side(cols) };
      if (isFirst) {
        void this.attach();
      } else {
        this.tellSize();
      }
    }
  }

  /** The person looks at this view: its size counts from now on. */
  focus(): void {
    this.isFocusUntold = true;
    this.tellSize();
  }

  /** Show the terminal anew, from the oldest output that is kept. */
  async refresh(): Promise<void> {
    if (!this.isOver) {
      await this.turnTo(this.place.value);
    }
  }

  /** Start a new shell in the same directory, and show that one. */
  async renew(): Promise<void> {
    const { device, path } = this.place.value;
    const started = await this.services.rest.start(device, {
      ...(path ? { path } : {}),
      ...this.size
    });
    const { session_id: session } = started;
    await this.turnTo({ session, device, path: started.path });
  }

  /** End the shell. */
  async end(): Promise<void> {
    await this.services.rest.end(this.session);
    this.over({ reason: 'closed', exitCode: null, error: null });
  }

  dispose(): void {
    if (!this.disposed) {
      this.disposed = true;
      this.forgetAttempt();
      this.services.link.remove(this);
      Signal.clearData(this);
    }
  }

  onConnected(): void {
    void this.attach();
  }

  onLost(): void {
    this.interrupt('lost');
  }

  onAway(): void {
    this.interrupt('away');
  }

  onBack(): void {
    void this.attach();
  }

  onNotice(message: string): void {
    this.notice.set(message);
  }

  onExit({ exit_code: exitCode, reason, error }: IExit): void {
    this.over({ reason, exitCode, error });
  }

  onOutput(output: IOutput): void {
    const text = this.cursor.take(output);
    if (text === null) {
      return;
    }
    if (this.credited === null || output.reset) {
      this.credited = output.offset;
    }
    this.printing.emit(text);
    if (output.end - this.credited >= CREDIT_STEP) {
      this.credited = output.end;
      this.creditWhenShown(output.end);
    }
  }

  /** Receiving is no credit: a flood would fill the widget's buffer, which drops what is too much. */
  private creditWhenShown(offset: number): void {
    const { viewer } = this;
    const { link } = this.services;
    this.whenShown(() => {
      // Not only while attached: output may come before the answer to the attach, and must go on.
      if (link.connected && !this.disposed && viewer === this.viewer) {
        link.credit({ ...this.ids, offset });
      }
    });
  }

  /** Not before the size is known: on a screen of another one, what was printed for this one is a mess. */
  private async attach(): Promise<void> {
    const { link } = this.services;
    this.forgetAttempt();
    const { attempt, size } = this;
    if (this.disposed || this.isOver || !link.connected || !size) {
      return;
    }
    const since = this.cursor.position;
    this.cursor.attached();
    this.credited = since;
    const device_id = this.place.value.device;
    try {
      await link.attach({ ...this.ids, device_id, since, ...size });
    } catch (error) {
      if (attempt === this.attempt) {
        this.onRefused(error as ApiError);
      }
      return;
    }
    if (attempt === this.attempt) {
      this.toldSize = size;
      this.state.set({ kind: 'attached' });
      this.tellSize();
    }
  }

  private onRefused({ code, status, message }: ApiError): void {
    const isBusy = status === 0 || status === 429 || status >= 500;
    if (code === 'not_found') {
      this.over({ reason: 'gone', exitCode: null, error: null });
    } else if (code === 'device_offline' || isBusy) {
      this.interrupt(code === 'device_offline' ? 'away' : 'lost');
      this.retry = setTimeout(() => void this.attach(), RETRY_DELAY);
    } else {
      this.over({ reason: 'refused', exitCode: null, error: message });
    }
  }

  private interrupt(kind: 'lost' | 'away'): void {
    this.forgetAttempt();
    if (!this.isOver && this.state.value.kind !== kind) {
      this.state.set({ kind });
    }
  }

  private over(ending: IEnding): void {
    this.forgetAttempt();
    if (!this.isOver) {
      this.state.set({ kind: 'ended', ending });
    }
  }

  /** Whatever is said to the attach that is under way comes too late. */
  private forgetAttempt(): void {
    clearTimeout(this.retry);
    this.attempt++;
  }

  private turnTo(place: ITerminalPlace): Promise<void> {
    const { link } = this.services;
    link.remove(this);
    // What is still on its way to the old name does not belong here any more.
    this.name = UUID.uuid4();
    this.cursor = new OutputCursor();
    this.printing.emit(CLEAR);
    this.notice.set(null);
    this.place.set(place);
    this.state.set({ kind: 'connecting' });
    link.add(this);
    return this.attach();
  }

  private tellSize(): void {
    const { size, toldSize, isFocusUntold: focus } = this;
    const isNew =
      size?.rows !== toldSize?.rows || size?.cols !== toldSize?.cols;
    if (size && this.isAttached && (isNew || focus)) {
      this.services.link.resize({ ...this.ids, ...size, focus });
      this.toldSize = size;
      this.isFocusUntold = false;
    }
  }

  private get ids(): { session_id: string; viewer: string } {
    return { session_id: this.session, viewer: this.viewer };
  }

  /** Socket.IO would keep what is sent while there is no connection, and send it later. */
  private get isAttached(): boolean {
    return this.state.value.kind === 'attached' && this.services.link.connected;
  }

  private get isOver(): boolean {
    return this.state.value.kind === 'ended';
  }

  private name = UUID.uuid4();
  private cursor = new OutputCursor();
  /** Up to where the server was, or will be, told that the output was shown; null: from its first offset on. */
  private credited: number | null = null;
  private size: ISize | null = null;
  private toldSize: ISize | null = null;
  private isFocusUntold = false;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;
  private readonly printing = new Signal<this, string>(this);
}
