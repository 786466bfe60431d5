/** The gateway's side of the namespace `/terminal`, for tests. */

import type { TerminalSocket } from '../src/api/terminalSocket';
import type { IAttach, IExit, IOutput } from '../src/api/terminals';
import { TerminalConnection } from '../src/model/terminalConnection';
import { TerminalLink } from '../src/model/terminalLink';
import type { ITerminalPlace } from '../src/model/terminals';
import { TerminalView } from '../src/model/terminalView';

type Answer = object | null;

export const PLACE: ITerminalPlace = {
  session: 's1',
  device: 'gpu',
  path: '/home/me/churn'
};

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Let what was promised happen. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    await Promise.resolve();
  }
}

/** A gateway with one page on it. */
export class Peer {
  connected = false;
  active = true;
  /** What the page sent without asking for an answer. */
  readonly sent: { event: string; data: Record<string, unknown> }[] = [];
  readonly attaches: IAttach[] = [];
  /** To the next attaches; null: none comes. */
  answer: Answer = { success: true };
  readonly link = new TerminalLink(() => this as unknown as TerminalSocket);
  readonly started: { device: string; request: object }[] = [];
  readonly ended: string[] = [];

  /** Open a tab's view of a terminal. */
  view(): TerminalView {
    return new TerminalView(PLACE, {
      link: this.link,
      rest: {
        start: (device, request) => {
          this.started.push({ device, request });
          const session_id = `s${this.started.length + 1}`;
          return Promise.resolve({
            session_id,
            device_id: device,
            path: PLACE.path
          });
        },
        end: session => {
          this.ended.push(session);
          return Promise.resolve();
        }
      }
    });
  }

  /** As `view`, with a size and over a connection that is there. */
  async attached(): Promise<TerminalView> {
    const view = this.view();
    view.resize(24, 80);
    await this.up();
    return view;
  }

  async up(): Promise<void> {
    this.connected = true;
    this.tell('connect');
    await settle();
  }

  down(): void {
    this.connected = false;
    this.tell('disconnect');
  }

  output(offset: number, data: IOutput['data'], more = {}): void {
    const size = typeof data === 'string' ? data.length : data.byteLength;
    this.tell('terminal:output', {
      ...this.viewed(),
      offset,
      end: offset + size,
      data,
      reset: false,
      ...more
    });
  }

  exit(fields: Partial<IExit>): void {
    const plain = { exit_code: null, reason: 'exited', error: null };
    this.tell('terminal:exit', { ...this.viewed(), ...plain, ...fields });
  }

  tell(event: string, data: object = { session_id: 's1' }): void {
    this.handlers.get(event)?.(data);
  }

  /** What was sent of one event. */
  of(event: string): Record<string, unknown>[] {
    return this.sent.filter(one => one.event === event).map(one => one.data);
  }

  // As the page's socket.

  on(event: string, handler: (data: object) => void): void {
    this.handlers.set(event, handler);
  }

  emit(event: string, data: Record<string, unknown>): void {
    this.sent.push({ event, data });
  }

  connect(): void {
    this.dialled++;
  }

  timeout(): object {
    return {
      emitWithAck: (_event: string, data: IAttach) => {
        this.attaches.push(data);
        const { answer } = this;
        return answer
          ? Promise.resolve(answer)
          : Promise.reject(new Error('operation has timed out'));
      }
    };
  }

  dialled = 0;

  private viewed(): { session_id: string; viewer: string } {
    const last = this.attaches.at(-1);
    return { session_id: last?.session_id ?? '', viewer: last?.viewer ?? '' };
  }

  private readonly handlers = new Map<string, (data: object) => void>();
}

/** What a view shows, as its terminal gets it. */
export function screenOf(view: TerminalView): { text: string } {
  const screen = { text: '' };
  view.printed.connect((_, text) => (screen.text += text));
  return screen;
}

/** The session of JupyterLab's widget. */
export function connectionOf(view: TerminalView): TerminalConnection {
  return new TerminalConnection(view, {} as never);
}
