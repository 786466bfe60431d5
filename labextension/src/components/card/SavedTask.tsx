import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ICard, ISnapshot } from '../../model/card';
import type { Saved } from '../../model/liveCard';
import { isFinal } from '../../model/states';
import { unhidden } from '../../model/text';
import { ago, modeWord, stateWord, waitingWord } from '../../model/words';
import { useFace, useTrans } from '../face';
import { GatewayNotice } from '../GatewayNotice';
import { useNow } from '../hooks';
import { Problem, Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { State } from '../State';
import { CardHeader } from './CardHeader';
import { SavedAnswer } from './SavedAnswer';

/** What the notebook saved of a task: nothing here is live, and nothing is believed. */
export function SavedTask(props: {
  card: ICard;
  why: Saved;
  problem: Error | null;
  onRetry: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { card, why } = props;
  const { snapshot } = card;
  return (
    <>
      <CardHeader
        title={snapshot.title || trans.__('Task %1', card.taskId)}
        practice={snapshot.practice}
        tools={why !== 'loading' && <SavedMark at={snapshot.at} />}
        facts={<SavedFacts snapshot={snapshot} old={why !== 'loading'} />}
      />
      <Why {...props} />
      <SavedAnswer snapshot={snapshot} />
    </>
  );
}

function SavedMark(props: { at: number | null }): React.ReactElement {
  const trans = useTrans();
  const now = useNow(60_000);
  const { at } = props;
  return (
    <span
      className="wegent-SavedMark"
      title={at === null ? undefined : new Date(at).toLocaleString()}
    >
      {at === null
        ? trans.__('Saved copy')
        : trans.__(
            'Saved copy, %1',
            ago(trans, new Date(at).toISOString(), now)
          )}
    </span>
  );
}

function SavedFacts(props: {
  snapshot: ISnapshot;
  old: boolean;
}): React.ReactElement {
  const trans = useTrans();
  const { snapshot, old } = props;
  const { state, device, agent, mode } = snapshot;
  const facts = [device, agent, mode ? modeWord(trans, mode) : ''];
  return (
    <>
      {state && (
        <State
          state={state}
          waiting={snapshot.waiting}
          word={old ? oldWord(trans, snapshot) : undefined}
        />
      )}
      {facts.filter(Boolean).map((fact, at) => (
        <span key={at}>{unhidden(fact)}</span>
      ))}
    </>
  );
}

/** "Running when saved": it will not have stayed so. */
function oldWord(
  trans: TranslationBundle,
  { state, waiting }: ISnapshot
): string | undefined {
  if (!state || isFinal(state)) {
    return undefined;
  }
  const word = waiting ? waitingWord(trans) : stateWord(trans, state, false);
  return trans.__('%1 when saved', word);
}

function Why(props: {
  why: Saved;
  problem: Error | null;
  onRetry: () => void;
}): React.ReactElement {
  const { trans } = useFace();
  switch (props.why) {
    case 'loading':
      return <GatewayNotice />;
    case 'elsewhere':
      return (
        <p className="wegent-CardNote">
          {trans.__(
            'This task is not on this server, so it can neither be followed nor answered here. What follows was saved with the notebook.'
          )}
        </p>
      );
    case 'failed':
      return (
        <div className="wegent-CardNote">
          <Thrown error={props.problem} />
          <PushButton text={trans.__('Try again')} onClick={props.onRetry} />
        </div>
      );
  }
}

/** An output that says it is a card and is none that can be shown. */
export function NoCard(props: {
  newer: boolean;
  /** What the output says in words. */
  text: string;
}): React.ReactElement {
  const trans = useTrans();
  return (
    <>
      <Problem
        message={
          props.newer
            ? trans.__('This task card was made by a newer version of Wegent.')
            : trans.__('This task card cannot be read.')
        }
        fix={
          props.newer
            ? trans.__('Update Wegent here, or run the cell again.')
            : trans.__('Run the cell again to get a new one.')
        }
      />
      {props.text && <pre className="wegent-Plain">{props.text}</pre>}
    </>
  );
}
