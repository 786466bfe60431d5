import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ITurn, IUsage } from '../api/types';
import { isFinal } from '../model/states';
import type { IShownTurn } from '../model/transcript';
import { duration, secondsBetween } from '../model/words';
import { useFace, useTrans } from './face';
import { useAction } from './hooks';
import { IconButton } from './IconButton';
import { ItemView } from './ItemView';
import { PracticeBand } from './PracticeBand';
import { Problem, Thrown } from './Problem';
import { State } from './State';

interface ITurnViewProps {
  shown: IShownTurn;
  agentName: string;
  /** An earlier turn runs, so that this one waits for it. */
  next: boolean;
}

/** A message of the user and its answer. */
export const TurnView = React.memo(function TurnView(props: ITurnViewProps) {
  const trans = useTrans();
  const { turn, items } = props.shown;
  const running = !isFinal(turn.state);
  return (
    <article
      className="wegent-Turn"
      data-turn-id={turn.id}
      data-state={turn.state}
      aria-label={trans.__('Message %1', turn.number)}
    >
      <div className="wegent-Prompt">
        <div className="wegent-Who">{trans.__('You')}</div>
        <div className="wegent-PromptText">{turn.prompt}</div>
      </div>
      {turn.practice && <PracticeBand />}
      {turn.state === 'queued' ? (
        <Waiting turn={turn} next={props.next} />
      ) : (
        <div className="wegent-Who">{props.agentName}</div>
      )}
      {items.map((item, at) => (
        <ItemView
          key={item.item_id}
          item={item}
          live={running && at === items.length - 1}
        />
      ))}
      {!running && <TurnEnd turn={turn} />}
    </article>
  );
});

function Waiting(props: { turn: ITurn; next: boolean }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { turn } = props;
  const { busy, problem, run } = useAction();
  return (
    <div className="wegent-TurnEnd">
      <div className="wegent-Facts">
        <State
          state={turn.state}
          cancelling={turn.cancelling}
          word={props.next ? trans.__('Queued next') : undefined}
        />
        <span>
          {props.next
            ? trans.__('starts when the answer above is done')
            : trans.__('waits for a free slot')}
        </span>
        {props.next && (
          <IconButton
            icon={closeIcon}
            label={trans.__('Remove from the queue')}
            disabled={busy || turn.cancelling}
            onClick={() => run(() => gateway.stop(turn.task_id, turn.id))}
          />
        )}
      </div>
      <Thrown error={problem} />
    </div>
  );
}

function TurnEnd(props: { turn: ITurn }): React.ReactElement {
  const trans = useTrans();
  const { turn } = props;
  const facts = [
    turn.started_at && turn.ended_at
      ? duration(secondsBetween(turn.started_at, turn.ended_at))
      : '',
    turn.usage ? usageText(trans, turn.usage) : '',
    stopText(trans, turn.stop_reason)
  ];
  return (
    <div className="wegent-TurnEnd">
      {turn.error && (
        <Problem message={turn.error.message} fix={turn.error.fix} />
      )}
      <div className="wegent-Facts">
        <State state={turn.state} />
        {facts.filter(Boolean).map(fact => (
          <span key={fact}>{fact}</span>
        ))}
      </div>
    </div>
  );
}

function usageText(trans: TranslationBundle, usage: IUsage): string {
  const { input_tokens, output_tokens, total_tokens } = usage;
  if (input_tokens !== null && output_tokens !== null) {
    return trans.__('%1 in, %2 out tokens', input_tokens, output_tokens);
  }
  return total_tokens === null ? '' : trans.__('%1 tokens', total_tokens);
}

/** Why the agent stopped, where that is not simply the end of its answer. */
function stopText(trans: TranslationBundle, reason: string | null): string {
  switch (reason) {
    case null:
    case 'end_turn':
    case 'cancelled':
      return '';
    case 'max_tokens':
      return trans.__('the answer reached its length limit');
    case 'max_turn_requests':
      return trans.__('the agent reached its limit of steps');
    case 'refusal':
      return trans.__('the agent refused to go on');
    default:
      return reason;
  }
}
