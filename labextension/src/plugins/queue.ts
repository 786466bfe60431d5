import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { ITurn } from '../api/types';
import { Commands } from '../commands';
import { PLACES, requeue, waitingTurn, type Place } from '../model/queueing';
import { IWegent } from '../tokens';
import { askTarget } from '../widgets/moveDialog';
import { reporting } from './report';

const TURN = {
  task: { type: 'integer', description: 'The id of the task' },
  turn: {
    type: 'integer',
    description: 'The id of the turn; else the first that waits'
  }
};
const ARGS = { args: { type: 'object', properties: TURN, required: ['task'] } };

/** What can be done with a turn that waits. */
export const queuePlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:queue',
  description: 'Queues of Wegent',
  autoStart: true,
  requires: [IWegent],
  activate: ({ commands }: JupyterFrontEnd, wegent: IWegent) => {
    const { gateway, trans } = wegent;
    commands.addCommand(Commands.requeue, {
      label: args => placeLabel(trans, placeOf(args)),
      describedBy: {
        args: {
          type: 'object',
          properties: { ...TURN, to: { type: 'string', enum: [...PLACES] } },
          required: ['task', 'to']
        }
      },
      execute: args =>
        withTurn(wegent, args, turn => requeue(gateway, turn, placeOf(args)))
    });
    commands.addCommand(Commands.moveTurn, {
      label: trans.__('Move to Another Device…'),
      describedBy: ARGS,
      execute: args =>
        withTurn(wegent, args, async turn => {
          const target = await askTarget({ ...wegent, commands }, turn);
          if (target) {
            await gateway.rest.requeue(turn.task_id, turn.id, target);
          }
        })
    });
    commands.addCommand(Commands.dequeue, {
      label: trans.__('Remove from the Queue'),
      describedBy: ARGS,
      execute: args =>
        withTurn(wegent, args, turn => gateway.stop(turn.task_id, turn.id))
    });
    commands.addCommand(Commands.resumeTask, {
      label: trans.__('Go On'),
      caption: trans.__('Let the messages that wait run'),
      describedBy: ARGS,
      execute: args => reporting(() => gateway.rest.resume(Number(args.task)))
    });
  }
};

function withTurn(
  { gateway }: IWegent,
  args: ReadonlyPartialJSONObject,
  act: (turn: ITurn) => Promise<unknown>
): Promise<void> {
  const id = args.turn === undefined ? undefined : Number(args.turn);
  return reporting(async () => {
    const turn = await waitingTurn(gateway, Number(args.task), id);
    if (turn) {
      await act(turn);
    }
  });
}

function placeOf(args: ReadonlyPartialJSONObject): Place {
  return PLACES.find(place => place === args.to) ?? 'last';
}

function placeLabel(trans: TranslationBundle, place: Place): string {
  return {
    first: trans.__('Next'),
    earlier: trans.__('Earlier'),
    later: trans.__('Later'),
    last: trans.__('Last')
  }[place];
}
