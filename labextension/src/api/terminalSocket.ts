import type { Socket } from 'socket.io-client';

import { ApiError } from './caller';
import { ACK_TIMEOUT, answered, type TaskSocket } from './socket';
import type {
  IAttach,
  ICredit,
  IExit,
  IInput,
  INotice,
  IOutput,
  IResize,
  ITold
} from './terminals';

type AttachAnswer =
  { success: true } | { error: string; code: string; status: number };

interface IToServer {
  'terminal:attach': (
    data: IAttach,
    ack: (answer: AttachAnswer) => void
  ) => void;
  'terminal:detach': (data: { session_id: string; viewer: string }) => void;
  'terminal:input': (data: IInput) => void;
  'terminal:resize': (data: IResize) => void;
  'terminal:credit': (data: ICredit) => void;
}

interface IFromServer {
  'terminal:output': (output: IOutput) => void;
  'terminal:exit': (exit: IExit) => void;
  'terminal:notice': (notice: INotice) => void;
  'terminal:away': (data: ITold) => void;
  'terminal:back': (data: ITold) => void;
}

export type TerminalSocket = Socket<IFromServer, IToServer>;

/** Make the socket of namespace `/terminal`, not connected yet: it shares the WebSocket that is there. */
export function makeTerminalSocket(tasks: TaskSocket): TerminalSocket {
  return tasks.io.socket('/terminal');
}

/** Ask for a terminal's output, now and from now on. */
export async function attach(
  socket: TerminalSocket,
  data: IAttach
): Promise<void> {
  const asked = socket
    .timeout(ACK_TIMEOUT)
    .emitWithAck('terminal:attach', data);
  const answer = (await answered(asked)) as AttachAnswer;
  if ('error' in answer) {
    const { error: message, code, status } = answer;
    throw ApiError.from({ message, code }, status);
  }
}
