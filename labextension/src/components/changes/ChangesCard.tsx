import { undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IChangesItem } from '../../api/changes';
import { changesIcon } from '../../icons';
import { changesTitle, linesWord } from '../../model/changes';
import type { IShownChange } from '../../model/shownChange';
import { Disclosure } from '../Disclosure';
import { useFace, useTrans } from '../face';
import { useValue } from '../hooks';
import { IconButton } from '../IconButton';
import { Thrown } from '../Problem';
import { ChangedFile } from './ChangedFile';
import { CommentingContext, type ITurnPlace } from './context';
import { useChanges } from './useChanges';
import { useCommenting } from './useCommenting';

/** Files that are listed before the user asks for all. */
const SHOWN = 30;

/** What a turn changed in its directory: the files, each with its diff, and the way back. */
export function ChangesCard(props: {
  item: IChangesItem;
  turn: ITurnPlace;
  /** It belongs to the task's last turn. */
  last: boolean;
}): React.ReactElement {
  const trans = useTrans();
  const { item, turn } = props;
  // A card stays as it was born: nothing jumps when the next message comes.
  const [born] = React.useState(props.last);
  const shown = useShown(turn.turnId);
  const commenting = useCommenting(turn.taskId);
  if (item.total === 0) {
    return <p className="wegent-Hint">{item.note}</p>;
  }
  return (
    <section
      className="wegent-ChangesCard"
      aria-label={trans.__('Changed files')}
    >
      <Disclosure
        key={shown.times}
        open={born || shown.change !== null}
        summary={
          <>
            <changesIcon.react tag="span" className="wegent-Kind" aria-hidden />
            <span className="wegent-Title">
              {changesTitle(trans, item.total)}
            </span>
            <span>{linesWord(item.files)}</span>
          </>
        }
      >
        <CommentingContext.Provider value={commenting}>
          <Files item={item} turn={turn} shown={shown.change} />
        </CommentingContext.Provider>
      </Disclosure>
    </section>
  );
}

/** The file of a turn that somebody wants to see, and how often that was so. */
function useShown(turnId: number): {
  change: IShownChange | null;
  times: number;
} {
  const { shownChange } = useFace().gateway;
  const asked = useValue(shownChange);
  const [seen, see] = React.useState<{
    change: IShownChange | null;
    times: number;
  }>({ change: null, times: 0 });
  if (asked?.turnId === turnId && asked !== seen.change) {
    see({ change: asked, times: seen.times + 1 });
  }
  return seen;
}

function Files(props: {
  item: IChangesItem;
  turn: ITurnPlace;
  shown: IShownChange | null;
}): React.ReactElement {
  const trans = useTrans();
  const { item, turn, shown } = props;
  const [all, setAll] = React.useState(false);
  const changes = useChanges(item, turn);
  const files = all || shown ? changes.files : changes.files.slice(0, SHOWN);
  const revertAll =
    item.total === 1 ? trans.__('Revert') : trans.__('Revert all');
  const unlisted = item.total - item.files.length;
  return (
    <div className="wegent-Changes">
      <ul className="wegent-List wegent-ChangedFiles">
        {files.map(file => (
          <ChangedFile
            key={file.path}
            file={file}
            turn={turn}
            changes={changes}
            shown={shown?.path === file.path}
          />
        ))}
      </ul>
      {files.length < changes.files.length && (
        <button
          type="button"
          className="wegent-Button wegent-mod-bordered"
          onClick={() => setAll(true)}
        >
          {trans.__('Show all %1 files', changes.files.length)}
        </button>
      )}
      {unlisted > 0 && (
        <p className="wegent-Hint">
          {trans._n(
            '%1 more file is not listed.',
            '%1 more files are not listed.',
            unlisted
          )}
        </p>
      )}
      {item.note && <p className="wegent-Hint">{item.note}</p>}
      {changes.away && (
        <p className="wegent-Hint" data-level="warning">
          {changes.away}
        </p>
      )}
      <Thrown error={changes.problem} />
      <div className="wegent-Buttons">
        {changes.reverted ? (
          <span className="wegent-Hint">
            {trans.__('All of it was reverted.')}
          </span>
        ) : (
          <IconButton
            icon={undoIcon}
            label={revertAll}
            text={revertAll}
            title={trans.__('Take back what this message changed')}
            disabled={changes.busy || changes.away !== null}
            onClick={() => changes.revertAll()}
          />
        )}
      </div>
    </div>
  );
}
