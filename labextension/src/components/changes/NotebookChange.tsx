import * as React from 'react';

import type { INotebookCell } from '../../api/changes';
import { cellGroups, cellWords } from '../../model/changes';
import { compareTexts } from '../../model/diff';
import { Disclosure } from '../Disclosure';
import { useTrans } from '../face';
import { Lines } from './Lines';

/** A notebook, cell by cell; cells that are as they were are folded. */
export function NotebookChange(props: {
  path: string;
  cells: readonly INotebookCell[];
}): React.ReactElement {
  const trans = useTrans();
  const { path, cells } = props;
  const groups = React.useMemo(() => cellGroups(cells), [cells]);
  return (
    <div className="wegent-Cells">
      {groups.map((group, at) =>
        group.same ? (
          <Disclosure
            key={at}
            open={false}
            summary={trans._n(
              '%1 unchanged cell',
              '%1 unchanged cells',
              group.cells.length
            )}
          >
            {group.cells.map((cell, index) => (
              <Cell key={index} path={path} cell={cell} />
            ))}
          </Disclosure>
        ) : (
          <Cell key={at} path={path} cell={group.cell} />
        )
      )}
      {groups.every(group => group.same) && (
        <p className="wegent-Hint">
          {trans.__(
            'Its cells are the same; only what is around them changed.'
          )}
        </p>
      )}
    </div>
  );
}

function Cell(props: {
  path: string;
  cell: INotebookCell;
}): React.ReactElement {
  const { path, cell } = props;
  const trans = useTrans();
  const { before, after } = cell;
  const lines = React.useMemo(
    () => compareTexts(before ?? '', after ?? ''),
    [before, after]
  );
  const words = cellWords(trans, cell);
  const [first = ''] = (after ?? before ?? '').split('\n', 1);
  return (
    <section
      className="wegent-Cell"
      data-status={cell.status}
      aria-label={words.join(', ')}
    >
      <div className="wegent-Label wegent-Facts">
        {words.map(word => (
          <span key={word}>{word}</span>
        ))}
      </div>
      {lines.length > 0 && (
        <Lines
          label={words.join(', ')}
          path={path}
          lines={lines}
          cell={first}
        />
      )}
    </section>
  );
}
