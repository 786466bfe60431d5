import { moveUpIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ICrumb } from '../../model/folders';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { IconButton } from '../IconButton';

/** The way to a folder; each step of it can be gone to. */
export function Crumbs(props: {
  way: readonly ICrumb[];
  parent: string | null;
  onGo: (path: string) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { way, parent, onGo } = props;
  const line = React.useRef<HTMLOListElement>(null);
  const here = way.at(-1)?.path;
  React.useEffect(() => {
    // Its end tells more than its beginning.
    line.current?.scrollTo({ left: line.current.scrollWidth });
  }, [here]);
  return (
    <nav className="wegent-Crumbs" aria-label={trans.__('Path')}>
      <IconButton
        icon={moveUpIcon}
        label={trans.__('Up')}
        title={trans.__('Up (Backspace)')}
        disabled={parent === null}
        onClick={() => {
          if (parent !== null) {
            onGo(parent);
          }
        }}
      />
      <ol ref={line}>
        {way.map(({ name, path }) => (
          <li key={path}>
            <button
              type="button"
              className="wegent-Crumb"
              aria-current={path === here ? 'location' : undefined}
              onClick={() => onGo(path)}
            >
              {unhidden(name)}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
