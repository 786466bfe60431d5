import * as React from 'react';

import type { IPlanEntry, IPlanItem, Item } from '../api/types';
import { doneIcon, ringIcon, runningIcon, thoughtIcon } from '../icons';
import { ApprovalCard } from './approval/ApprovalCard';
import { ChangesCard } from './changes/ChangesCard';
import { CodeActions } from './code/CodeActions';
import { codeIn } from './code/shown';
import { Disclosure } from './Disclosure';
import { useTrans } from './face';
import { Guard } from './Guard';
import { LongText } from './LongText';
import { ToolCard } from './ToolCard';
import { TrustCard } from './TrustCard';

const MARKDOWN = 'text/markdown';

/** Characters above which Markdown would hold up the page: it is parsed as a whole, again and again while it grows. */
const LONG = 100_000;

interface IItemProps {
  item: Item;
  /** It may still grow. */
  live: boolean;
  /** It ended because the user stopped the turn. */
  stopped: boolean;
  deviceId: string;
  taskId: number;
  turnId: number;
  /** It belongs to the task's last turn. */
  last: boolean;
}

/** One item of a transcript. */
export const ItemView = React.memo(function ItemView(props: IItemProps) {
  return (
    <div className="wegent-Item" data-kind={props.item.kind}>
      <Guard>
        <ItemBody {...props} />
      </Guard>
    </div>
  );
});

function ItemBody(props: IItemProps): React.ReactElement {
  const { item } = props;
  switch (item.kind) {
    case 'message':
      return <Message text={item.text} live={props.live} />;
    case 'thought':
      return <Thought text={item.text} live={props.live} />;
    case 'tool':
      return <ToolCard item={item} stopped={props.stopped} />;
    case 'plan':
      return <Plan item={item} />;
    case 'notice':
      return (
        <p className="wegent-Hint" data-level={item.level}>
          {item.text}
        </p>
      );
    case 'steer':
      return <Steer text={item.text} />;
    case 'trust':
      return <TrustCard item={item} deviceId={props.deviceId} />;
    case 'changes':
      return <ChangesCard item={item} turn={props} last={props.last} />;
    case 'approval':
      return <ApprovalCard approval={item.approval} />;
  }
}

function Message(props: { text: string; live: boolean }): React.ReactElement {
  const { text, live } = props;
  const [seen, setSeen] = React.useState({ text: '', code: NOTHING });
  const onPainted = React.useCallback((painted: string, host: HTMLElement) => {
    setSeen({ text: painted, code: codeIn(host) });
  }, []);
  return (
    <>
      <Markdown text={text} onPainted={onPainted} />
      {!live && text === seen.text && (
        <CodeActions text={text} shown={seen.code} />
      )}
    </>
  );
}

const NOTHING: readonly string[] = [];

function Steer(props: { text: string }): React.ReactElement {
  const trans = useTrans();
  return (
    <div className="wegent-Prompt wegent-Steer">
      <div className="wegent-Who">{trans.__('You, meanwhile:')}</div>
      <div className="wegent-PromptText">{props.text}</div>
    </div>
  );
}

function Markdown(props: {
  text: string;
  onPainted?: (text: string, host: HTMLElement) => void;
}): React.ReactElement {
  return (
    <LongText
      mimeType={MARKDOWN}
      longMimeType="text/plain"
      limit={LONG}
      text={props.text}
      onPainted={props.onPainted}
    />
  );
}

function Thought(props: { text: string; live: boolean }): React.ReactElement {
  const trans = useTrans();
  return (
    <div className="wegent-Thought">
      <Disclosure
        open={props.live}
        summary={
          <>
            <thoughtIcon.react tag="span" className="wegent-Kind" aria-hidden />
            {props.live ? trans.__('Thinking…') : trans.__('Thought')}
          </>
        }
      >
        <Markdown text={props.text} />
      </Disclosure>
    </div>
  );
}

const PLAN_ICONS = {
  pending: ringIcon,
  in_progress: runningIcon,
  completed: doneIcon
};

function Plan(props: { item: IPlanItem }): React.ReactElement {
  const trans = useTrans();
  return (
    <section className="wegent-Plan" aria-label={trans.__('Plan')}>
      <h4>{trans.__('Plan')}</h4>
      <ol>
        {props.item.entries.map((entry, at) => (
          <PlanEntry key={at} entry={entry} />
        ))}
      </ol>
    </section>
  );
}

function PlanEntry(props: { entry: IPlanEntry }): React.ReactElement {
  const trans = useTrans();
  const { status, content } = props.entry;
  const Mark = PLAN_ICONS[status];
  const word = {
    pending: trans.__('to do'),
    in_progress: trans.__('in progress'),
    completed: trans.__('done')
  }[status];
  return (
    <li data-state={status}>
      <Mark.react tag="span" className="wegent-Mark" title={word} />
      <span>{content}</span>
    </li>
  );
}
