import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IAttachment } from '../api/attachments';
import type { IContextItem } from '../api/context';
import type { ITurn, IUsage } from '../api/types';
import { sentCell } from '../model/notebooks';
import { isFinal } from '../model/states';
import { askedTools, stoppedTools } from '../model/tools';
import type { IShownTurn } from '../model/transcript';
import { duration, secondsBetween } from '../model/words';
import { AccountButton } from './AccountButton';
import { SentFiles } from './attachments/SentFiles';
import { SentCellContext } from './code/context';
import { useFace, useTrans } from './face';
import { useAction } from './hooks';
import { ItemView } from './ItemView';
import { PracticeBand } from './PracticeBand';
import { Problem, Thrown } from './Problem';
import { PushButton } from './PushButton';
import { SentItems } from './sent/SentItems';
import { State } from './State';
import { Waiting } from './Waiting';

/** Of turns that are older than attachments, or than what is sent of notebooks. */
const NONE: readonly IAttachment[] = [];
const NOTHING: readonly IContextItem[] = [];

/** The error of an agent that nobody has logged in to. */
const NO_LOGIN = 'agent_login';

interface ITurnViewProps {
  shown: IShownTurn;
  /** Agent, and its device where that changed. */
  who: string;
  /** An earlier turn runs, so that this one waits for it. */
  next: boolean;
  /** No turn follows this one, and none runs. */
  newest: boolean;
  /** No turn follows this one. */
  last: boolean;
}

/** A message of the user and its answer. */
export const TurnView = React.memo(function TurnView(props: ITurnViewProps) {
  const trans = useTrans();
  const { turn, items } = props.shown;
  const { context = NOTHING } = turn;
  const cell = React.useMemo(() => sentCell(context), [context]);
  const running = !isFinal(turn.state);
  const stopped = stoppedTools(turn, items);
  const asked = askedTools(items);
  const shown = items.filter(item => !asked.has(item.item_id));
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
        <SentItems items={context} />
        <SentFiles files={turn.attachments ?? NONE} />
      </div>
      {turn.practice && <PracticeBand />}
      {turn.state === 'queued' ? (
        <Waiting turn={turn} next={props.next} />
      ) : (
        <div className="wegent-Who">{props.who}</div>
      )}
      <SentCellContext.Provider value={cell}>
        {shown.map((item, at) => (
          <ItemView
            key={item.item_id}
            item={item}
            live={running && at === shown.length - 1}
            stopped={stopped.has(item.item_id)}
            deviceId={turn.device_id}
            taskId={turn.task_id}
            turnId={turn.id}
            last={props.last}
          />
        ))}
      </SentCellContext.Provider>
      {!running && <TurnEnd turn={turn} newest={props.newest} />}
    </article>
  );
});

function TurnEnd(props: { turn: ITurn; newest: boolean }): React.ReactElement {
  const trans = useTrans();
  const { turn } = props;
  const facts = [
    turn.started_at && turn.ended_at
      ? duration(secondsBetween(turn.started_at, turn.ended_at))
      : '',
    turn.usage ? usageText(trans, turn.usage) : '',
    stopText(trans, turn.stop_reason),
    turn.practice ? '' : costText(trans, turn.usage),
    turn.corrected ? trans.__('Reported late by the device') : ''
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
      {props.newest && turn.state !== 'completed' && (
        <div className="wegent-Buttons">
          <Continue turn={turn} />
          {turn.error?.code === NO_LOGIN && <AccountButton turn={turn} />}
        </div>
      )}
    </div>
  );
}

/** Goes on where a turn broke off. */
function Continue(props: { turn: ITurn }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { busy, problem, run } = useAction();
  const { task_id } = props.turn;
  return (
    <>
      <PushButton
        text={trans.__('Continue')}
        title={trans.__('Let the agent go on where it stopped')}
        disabled={busy}
        onClick={() =>
          run(async () => {
            await gateway.rest.continueTask(task_id);
          })
        }
      />
      <Thrown error={problem} />
    </>
  );
}

/** "$0.12 so far": that of all turns of the agent's session. */
function costText(trans: TranslationBundle, usage: IUsage | null): string {
  const cost = usage?.session_cost_usd ?? null;
  if (cost === null) {
    return '';
  }
  return cost < 0.01
    ? trans.__('less than $0.01 so far')
    : trans.__('$%1 so far', cost.toFixed(2));
}

export function usageText(trans: TranslationBundle, usage: IUsage): string {
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
