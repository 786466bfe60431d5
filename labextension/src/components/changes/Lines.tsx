import * as React from 'react';

import { shortened, type ILinePlace } from '../../model/comments';
import { LINE_WORDS, withContext, type ILine } from '../../model/diff';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { CommentingContext } from './context';
import { CommentEditor } from './CommentEditor';

/** Rows shown before the user asks for all, and characters of a row. */
const SHOWN = 400;
const WIDTH = 2_000;

interface ILinesProps {
  label: string;
  path: string;
  lines: readonly ILine[];
  /** Of a notebook: the first line of the cell. */
  cell: string | null;
}

/** Lines before and after with their numbers; each can be commented on. */
export function Lines(props: ILinesProps): React.ReactElement {
  const trans = useTrans();
  const { lines } = props;
  const [opened, open] = React.useState<ReadonlySet<string>>(new Set());
  const [all, setAll] = React.useState(false);
  const [commented, comment] = React.useState<string | null>(null);
  const [sent, send] = React.useState<readonly { key: string; text: string }[]>(
    []
  );
  const [focused, focus] = React.useState<string | null>(null);
  const list = React.useRef<HTMLDivElement>(null);
  const rows = React.useMemo(
    () =>
      withContext(lines).flatMap(line =>
        line.hidden && opened.has(keyOf(line)) ? line.hidden : [line]
      ),
    [lines, opened]
  );
  const shown = all ? rows : rows.slice(0, SHOWN);
  const one =
    lines.every(line => line.before === null) ||
    lines.every(line => line.after === null);
  const close = (key: string, said: string | null): void => {
    comment(null);
    if (said !== null) {
      send([...sent, { key, text: said }]);
    }
    // The editor has the focus, and goes.
    list.current?.querySelector<HTMLElement>(`[data-line="${key}"]`)?.focus();
  };
  return (
    <>
      <div
        ref={list}
        className="wegent-Lines"
        data-sides={one ? 'one' : 'both'}
        role="group"
        aria-label={trans.__('Changes: %1', unhidden(props.label))}
        onKeyDown={event => {
          if (moveFocus(list.current, event)) {
            event.preventDefault();
          }
        }}
      >
        {shown.map((line, at) => {
          const key = keyOf(line);
          return line.hidden ? (
            <Gap
              key={key}
              count={line.hidden.length}
              onOpen={() => open(new Set([...opened, key]))}
            />
          ) : (
            <React.Fragment key={key}>
              <Line
                line={line}
                one={one}
                id={key}
                stop={focused === null ? at === 0 : focused === key}
                onFocus={() => focus(key)}
                onComment={() => comment(key)}
              />
              {sent
                .filter(one => one.key === key)
                .map(({ text }, index) => (
                  <p key={index} className="wegent-Said" role="status">
                    <span className="wegent-Small">
                      {trans.__('Sent to the agent:')}
                    </span>{' '}
                    {text}
                  </p>
                ))}
              {commented === key && (
                <CommentEditor
                  place={placeOf(props, line)}
                  onDone={said => close(key, said)}
                />
              )}
            </React.Fragment>
          );
        })}
      </div>
      {shown.length < rows.length && (
        <button
          type="button"
          className="wegent-Button wegent-mod-bordered"
          onClick={() => setAll(true)}
        >
          {trans.__('Show all %1 lines', rows.length)}
        </button>
      )}
    </>
  );
}

function Gap(props: { count: number; onOpen: () => void }): React.ReactElement {
  const trans = useTrans();
  return (
    <button
      type="button"
      className="wegent-DiffGap"
      title={trans.__('Show them')}
      onClick={props.onOpen}
    >
      {trans._n('⋯ %1 unchanged line', '⋯ %1 unchanged lines', props.count)}
    </button>
  );
}

function Line(props: {
  line: ILine;
  /** There are lines of before only, or of after only. */
  one: boolean;
  id: string;
  /** Tab stops here. */
  stop: boolean;
  onFocus: () => void;
  onComment: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const commenting = React.useContext(CommentingContext);
  const { before, after, sign, text } = props.line;
  const shown = unhidden(shortened(text, WIDTH));
  const numbers = props.one ? (
    <span>{after ?? before}</span>
  ) : (
    <>
      <span>{before}</span>
      <span>{after}</span>
    </>
  );
  return (
    <div className="wegent-DiffLine" data-change={LINE_WORDS[sign]}>
      {commenting ? (
        <button
          type="button"
          className="wegent-Gutter"
          data-line={props.id}
          tabIndex={props.stop ? 0 : -1}
          aria-label={
            after === null
              ? trans.__('Comment on removed line %1: %2', before ?? 0, shown)
              : trans.__('Comment on line %1: %2', after, shown)
          }
          title={trans.__('Comment on this line')}
          onFocus={props.onFocus}
          onClick={props.onComment}
        >
          {numbers}
        </button>
      ) : (
        <span className="wegent-Gutter">{numbers}</span>
      )}
      <span className="wegent-Sign">{sign}</span>
      <code>{shown}</code>
    </div>
  );
}

/** Of a line before and after; both are numbered from 1. */
function keyOf({ before, after, hidden }: ILine): string {
  const [first] = hidden ?? [];
  return hidden
    ? `gap ${first?.before ?? ''}`
    : `${before ?? ''}-${after ?? ''}`;
}

function placeOf({ path, cell }: ILinesProps, line: ILine): ILinePlace {
  const removed = line.after === null;
  const number = removed ? line.before : line.after;
  return { path, line: number ?? 0, removed, text: line.text, cell };
}

/** Up and down lead from line to line; says whether the key did. */
function moveFocus(
  list: HTMLElement | null,
  event: React.KeyboardEvent
): boolean {
  const stops = [
    ...(list?.querySelectorAll<HTMLElement>('button.wegent-Gutter') ?? [])
  ];
  const at = stops.indexOf(event.target as HTMLElement);
  const target = {
    ArrowDown: stops[at + 1],
    ArrowUp: stops[at - 1],
    Home: stops[0],
    End: stops.at(-1)
  }[event.key];
  if (at < 0 || !target) {
    return false;
  }
  target.focus();
  return true;
}
