import * as React from 'react';

import type { IDiff } from '../api/types';
import { LINE_WORDS, lineDiff, type ILine } from '../model/diff';
import { unhidden } from '../model/text';
import { pathWithin } from '../model/workspace';
import { useTrans } from './face';

/** The folder in which the task runs. */
export const WorkspaceContext = React.createContext<string | null>(null);

/** Lines shown before the user asks for all. */
const SHOWN = 200;

/** One changed file, line by line. */
export const DiffView = React.memo(function DiffView(props: { diff: IDiff }) {
  const trans = useTrans();
  const { diff } = props;
  const workspace = React.useContext(WorkspaceContext);
  const [all, setAll] = React.useState(false);
  const { lines, added, removed } = React.useMemo(
    () => lineDiff(diff.old, diff.new),
    [diff]
  );
  return (
    <figure className="wegent-Diff">
      <figcaption title={unhidden(diff.path)}>
        <span className="wegent-Path">
          {unhidden(pathWithin(diff.path, workspace))}
        </span>
        {diff.old === null && <span>{trans.__('new file')}</span>}
        <span>
          +{added} −{removed}
        </span>
      </figcaption>
      <pre tabIndex={0}>
        {lines.slice(0, all ? Infinity : SHOWN).map((line, at) => (
          <DiffLine key={at} line={line} />
        ))}
      </pre>
      {!all && lines.length > SHOWN && (
        <button
          type="button"
          className="wegent-Button wegent-mod-bordered"
          onClick={() => setAll(true)}
        >
          {trans.__('Show all %1 lines', lines.length)}
        </button>
      )}
    </figure>
  );
});

function DiffLine(props: { line: ILine }): React.ReactElement {
  const { sign, text } = props.line;
  return (
    <span className="wegent-DiffLine" data-change={LINE_WORDS[sign]}>
      {sign} {unhidden(text)}
      {'\n'}
    </span>
  );
}
