import type { ServerConnection, Terminal } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import type { TerminalView } from './terminalView';

type Status = Terminal.ITerminalConnection['connectionStatus'];

/** A view of a terminal, as JupyterLab's widget expects its session to be. */
export class TerminalConnection implements Terminal.ITerminalConnection {
  /** JupyterLab would keep a terminal with a name as one of its own, and start that after a reload. */
  readonly name = '';
  readonly model: Terminal.IModel = { name: '' };

  constructor(
    private readonly view: TerminalView,
    readonly serverSettings: ServerConnection.ISettings
  ) {
    view.printed.connect(this.onPrinted, this);
    view.state.changed.connect(this.onState, this);
  }

  get messageReceived(): ISignal<this, Terminal.IMessage> {
    return this.messages;
  }

  get connectionStatusChanged(): ISignal<this, Status> {
    return this.statuses;
  }

  get disposed(): ISignal<this, void> {
    return this.disposals;
  }

  get isDisposed(): boolean {
    return this.view.isDisposed;
  }

  get connectionStatus(): Status {
    const { kind } = this.view.state.value;
    return kind === 'ended'
      ? 'disconnected'
      : kind === 'attached'
        ? 'connected'
        : 'connecting';
  }

  send({ type, content = [] }: Terminal.IMessage): void {
    const [first, second] = content;
    if (type === 'stdin' && typeof first === 'string') {
      this.view.type(first);
    } else if (type === 'set_size') {
      const [, , height, width] = content;
      // A terminal without room has a size, too: no shell shall have that one.
      if (Number(height) > 0 && Number(width) > 0) {
        this.view.resize(Number(first), Number(second));
      }
    }
  }

  reconnect(): Promise<void> {
    return this.view.refresh();
  }

  /** End the shell. The widget closes then, or shows that it is over: as the user's settings of terminals say. */
  async shutdown(): Promise<void> {
    await this.view.end();
    this.disposals.emit();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.view.dispose();
      this.disposals.emit();
      Signal.clearData(this);
    }
  }

  private onPrinted(_: unknown, text: string): void {
    this.messages.emit({ type: 'stdout', content: [text] });
  }

  private onState(): void {
    const { connectionStatus } = this;
    if (connectionStatus !== this.told) {
      this.told = connectionStatus;
      this.statuses.emit(connectionStatus);
    }
  }

  private told: Status = 'connecting';
  private readonly messages = new Signal<this, Terminal.IMessage>(this);
  private readonly statuses = new Signal<this, Status>(this);
  private readonly disposals = new Signal<this, void>(this);
}
