import * as React from 'react';

import type { IFileDiff } from '../../api/changes';
import { fileLines, isShown } from '../../model/changes';
import { useTrans } from '../face';
import { Lines } from './Lines';
import { NotebookChange } from './NotebookChange';

/** What changed in a file: its lines, or the cells of a notebook. */
export const FileChange = React.memo(function FileChange(props: {
  diff: IFileDiff;
}) {
  const trans = useTrans();
  const { diff } = props;
  if (diff.binary) {
    return (
      <p className="wegent-Hint">
        {trans.__(
          'This file is not text, so its changes cannot be shown here.'
        )}
      </p>
    );
  }
  if (!isShown(diff)) {
    return (
      <p className="wegent-Hint">
        {trans.__('This file is too long to be shown here.')}
      </p>
    );
  }
  return (
    <>
      {diff.cells ? (
        <NotebookChange path={diff.path} cells={diff.cells} />
      ) : (
        <Text diff={diff} />
      )}
      {diff.truncated && (
        <p className="wegent-Hint" data-level="warning">
          {trans.__('This file is too long: only its beginning is shown.')}
        </p>
      )}
    </>
  );
});

function Text(props: { diff: IFileDiff }): React.ReactElement {
  const trans = useTrans();
  const { diff } = props;
  const lines = React.useMemo(() => fileLines(diff), [diff]);
  if (lines.length === 0) {
    return <p className="wegent-Hint">{trans.__('This file is empty.')}</p>;
  }
  return lines.every(line => line.sign === ' ') ? (
    <p className="wegent-Hint">
      {trans.__('Its lines are the same; only how they end changed.')}
    </p>
  ) : (
    <Lines label={diff.path} path={diff.path} lines={lines} cell={null} />
  );
}
