import { addBelowIcon, editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import {
  codeBlocks,
  linesOf,
  shownBlocks,
  titleOf,
  type ICodeBlock
} from '../../model/codeBlocks';
import type { ICellEditor } from '../../model/notebooks';
import { unhidden } from '../../model/text';
import { useFace } from '../face';
import { useAction, useValue } from '../hooks';
import { IconButton } from '../IconButton';
import { Thrown } from '../Problem';
import { SentCellContext } from './context';

/** What can be done in a notebook with the code of a finished answer; nothing where there is no notebook for it. */
export function CodeActions(props: {
  text: string;
  /** What of it people see as code. */
  shown: readonly string[];
}): React.ReactElement | null {
  const { trans, notebooks } = useFace();
  const cell = React.useContext(SentCellContext);
  const latest = useValue(notebooks.latest);
  const { text, shown } = props;
  const blocks = React.useMemo(
    () => shownBlocks(codeBlocks(text), shown),
    [text, shown]
  );
  if (blocks.length === 0 || (latest === null && cell === null)) {
    return null;
  }
  return (
    <ul
      className="wegent-CodeActions"
      aria-label={trans.__('Code of this answer')}
    >
      {blocks.map((block, at) => (
        <BlockActions key={at} block={block} />
      ))}
    </ul>
  );
}

function BlockActions(props: { block: ICodeBlock }): React.ReactElement {
  const { trans, notebooks } = useFace();
  const { block } = props;
  const cell = React.useContext(SentCellContext);
  const place = React.useRef<HTMLLIElement>(null);
  const { busy, problem, run } = useAction();
  const title = unhidden(titleOf(block));
  const act = (what: keyof ICellEditor): void => {
    const { editor } = notebooks;
    const from = place.current;
    if (editor && from) {
      run(() => editor[what]({ block, from, cell }));
    }
  };
  return (
    <li ref={place}>
      <code className="wegent-CodeName" title={title}>
        {title}
      </code>
      <span className="wegent-Small">
        {trans._n('%1 line', '%1 lines', linesOf(block))}
      </span>
      <IconButton
        icon={addBelowIcon}
        label={trans.__('Insert %1 below', title)}
        title={trans.__('Insert this code into a new cell')}
        text={trans.__('Insert below')}
        disabled={busy}
        onClick={() => act('insertBelow')}
      />
      {cell && (
        <IconButton
          icon={editIcon}
          label={trans.__('Replace the cell by %1…', title)}
          title={trans.__(
            'Show what would change in the cell that was sent, and then replace it'
          )}
          text={trans.__('Replace…')}
          disabled={busy}
          onClick={() => act('replace')}
        />
      )}
      <Thrown error={problem} />
    </li>
  );
}
