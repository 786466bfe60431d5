import {
  deleteIcon,
  downloadIcon,
  editIcon,
  fileIcon,
  searchIcon,
  settingsIcon,
  terminalIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IToolItem, ToolStatus } from '../api/types';
import {
  doneIcon,
  failedIcon,
  queuedIcon,
  runningIcon,
  stoppedIcon,
  thoughtIcon
} from '../icons';
import { beside, commandOf, restOf } from '../model/asking';
import { overwriteLines, tail } from '../model/text';
import { duration } from '../model/words';
import { DiffView } from './DiffView';
import { Disclosure } from './Disclosure';
import { useTrans } from './face';
import { LongText } from './LongText';

/** JupyterLab's renderer of terminal colours. */
const STDOUT = 'application/vnd.jupyter.stdout';

/** Characters of input or output shown before the user asks for all. */
const SHOWN = 32_000;

/** A finished card with more lines of output than this starts closed. */
const SHORT = 12;

const KIND_ICONS: Partial<Record<string, LabIcon>> = {
  read: fileIcon,
  edit: editIcon,
  delete: deleteIcon,
  search: searchIcon,
  execute: terminalIcon,
  think: thoughtIcon,
  fetch: downloadIcon
};

const STATUS_ICONS: Record<ToolStatus, LabIcon> = {
  pending: queuedIcon,
  in_progress: runningIcon,
  completed: doneIcon,
  failed: failedIcon
};

/** One tool call: what it is, how it stands, what went in and came out. */
export function ToolCard(props: {
  item: IToolItem;
  /** It ended because the user stopped the turn. */
  stopped: boolean;
}): React.ReactElement {
  const { item, stopped } = props;
  // A card that was seen running stays as it was: nothing jumps when it ends.
  const [born] = React.useState(() => opensByItself(item));
  return (
    <div className="wegent-Tool" data-status={item.status}>
      <Disclosure
        open={born || item.status === 'failed' || item.diffs.length > 0}
        summary={<ToolSummary item={item} stopped={stopped} />}
      >
        <ToolInput item={item} />
        {item.diffs.map((diff, at) => (
          <DiffView key={at} diff={diff} />
        ))}
        {item.output && <ToolOutput text={item.output} />}
      </Disclosure>
    </div>
  );
}

function opensByItself(item: IToolItem): boolean {
  const running = item.status === 'pending' || item.status === 'in_progress';
  const lines = item.output ? item.output.split('\n', SHORT + 1).length : 0;
  return running || (lines > 0 && lines <= SHORT);
}

function ToolSummary(props: {
  item: IToolItem;
  stopped: boolean;
}): React.ReactElement {
  const trans = useTrans();
  const { item, stopped } = props;
  const Kind = KIND_ICONS[item.tool] ?? settingsIcon;
  const Mark = stopped ? stoppedIcon : STATUS_ICONS[item.status];
  const time = duration(item.seconds ?? 0);
  return (
    <>
      <Kind.react tag="span" className="wegent-Kind" aria-hidden />
      <span className="wegent-Title" title={item.title}>
        {item.title || item.tool}
      </span>
      <span
        className="wegent-State"
        data-state={stopped ? 'cancelled' : item.status}
      >
        <Mark.react tag="span" className="wegent-Mark" aria-hidden />
        {stopped ? trans.__('Stopped') : statusWord(trans, item.status)}
      </span>
      {time && <span>{time}</span>}
    </>
  );
}

function statusWord(trans: TranslationBundle, status: ToolStatus): string {
  return {
    pending: trans.__('Waiting'),
    in_progress: trans.__('Running'),
    completed: trans.__('Done'),
    failed: trans.__('Failed')
  }[status];
}

function ToolInput(props: { item: IToolItem }): React.ReactElement | null {
  const trans = useTrans();
  const text = inputText(props.item);
  return text ? (
    <>
      <div className="wegent-Label">{trans.__('Input')}</div>
      <pre className="wegent-Box" tabIndex={0}>
        {tail(text, SHOWN)}
      </pre>
    </>
  ) : null;
}

/** A command as it is, other input as JSON; an edit's input is its diff. */
function inputText({ input, diffs }: IToolItem): string {
  if (diffs.length > 0) {
    return '';
  }
  const command = commandOf(input);
  return typeof input === 'string'
    ? input
    : command === null
      ? restOf(input)
      : [`$ ${command}`, restOf(beside(input))].filter(Boolean).join('\n');
}

function ToolOutput(props: { text: string }): React.ReactElement {
  const trans = useTrans();
  return (
    <>
      <div className="wegent-Label">{trans.__('Output')}</div>
      <div className="wegent-Box" tabIndex={0}>
        <LongText
          mimeType={STDOUT}
          limit={SHOWN}
          text={overwriteLines(props.text)}
        />
      </div>
    </>
  );
}
