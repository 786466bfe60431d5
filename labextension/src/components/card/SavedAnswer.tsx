import * as React from 'react';

import type { ISavedItem, ISnapshot } from '../../model/card';
import type { ToolStatus } from '../../api/types';
import {
  changesIcon,
  doneIcon,
  failedIcon,
  queuedIcon,
  runningIcon
} from '../../icons';
import { size, unhidden } from '../../model/text';
import { useTrans } from '../face';
import { NearbyContext } from '../nearby';
import { Problem } from '../Problem';
import { Rendered } from '../Rendered';
import { Mark } from '../State';
import { useNearby } from '../Transcript';
import { usageText } from '../TurnView';

/** What was asked, what was done and what was answered, as it was saved. */
export function SavedAnswer(props: {
  snapshot: ISnapshot;
}): React.ReactElement {
  const trans = useTrans();
  const [scroller, setScroller] = React.useState<HTMLElement | null>(null);
  const nearby = useNearby(scroller);
  const { prompt, sent, answer, error, usage } = props.snapshot;
  const used = usage ? usageText(trans, usage) : '';
  return (
    <div className="wegent-Transcript">
      <div
        ref={setScroller}
        className="wegent-Scroller"
        role="region"
        aria-label={trans.__('Transcript')}
        tabIndex={0}
      >
        <NearbyContext.Provider value={nearby}>
          <div className="wegent-Content">
            <div className="wegent-Turn">
              {prompt && (
                <div className="wegent-Prompt">
                  <div className="wegent-Who">{trans.__('You')}</div>
                  <div className="wegent-PromptText">{unhidden(prompt)}</div>
                  <Sent items={sent} />
                </div>
              )}
              <Done snapshot={props.snapshot} />
              {nearby && answer && (
                <Rendered mimeType="text/markdown" text={answer} />
              )}
              {error && (
                // Not as a command to copy: anybody may have written it.
                <Problem
                  message={[error.message, error.fix]
                    .filter(Boolean)
                    .join('\n')}
                />
              )}
              {used && <div className="wegent-Hint wegent-Small">{used}</div>}
            </div>
          </div>
        </NearbyContext.Provider>
      </div>
    </div>
  );
}

/** "Sent: df (DataFrame, 12 columns; 2 kB)". */
function Sent(props: {
  items: readonly ISavedItem[];
}): React.ReactElement | null {
  const trans = useTrans();
  return props.items.length > 0 ? (
    <ul
      className="wegent-Chips"
      aria-label={trans.__('Sent with this message')}
    >
      {props.items.map((item, at) => (
        <li key={at} className="wegent-Chip wegent-SavedItem">
          <span className="wegent-Title">{unhidden(item.name)}</span>
          <span className="wegent-Small">
            {[unhidden(item.detail), size(item.size)]
              .filter(Boolean)
              .join('; ')}
          </span>
        </li>
      ))}
    </ul>
  ) : null;
}

const STATUS_ICONS = {
  pending: queuedIcon,
  in_progress: runningIcon,
  completed: doneIcon,
  failed: failedIcon
};

/** The tools and the changed files, a line each. */
function Done(props: { snapshot: ISnapshot }): React.ReactElement | null {
  const trans = useTrans();
  const { tools, diffs } = props.snapshot;
  if (tools.length + diffs.length === 0) {
    return null;
  }
  const words: Record<ToolStatus, string> = {
    pending: trans.__('Waiting'),
    in_progress: trans.__('Running'),
    completed: trans.__('Done'),
    failed: trans.__('Failed')
  };
  return (
    <ul className="wegent-List wegent-SavedDone">
      {tools.map(({ title, status }, at) => (
        <li key={`tool-${at}`}>
          <span className="wegent-Title" title={unhidden(title)}>
            {unhidden(title)}
          </span>
          <Mark
            state={status}
            icon={STATUS_ICONS[status]}
            word={words[status]}
          />
        </li>
      ))}
      {diffs.map(({ path, added, removed }, at) => (
        <li key={`diff-${at}`}>
          <changesIcon.react tag="span" className="wegent-Kind" aria-hidden />
          <span className="wegent-Title" title={unhidden(path)}>
            {unhidden(path)}
          </span>
          <span>
            +{added} −{removed}
          </span>
        </li>
      ))}
    </ul>
  );
}
