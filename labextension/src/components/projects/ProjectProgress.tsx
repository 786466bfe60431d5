import * as React from 'react';

import type { IProgress } from '../../api/projects';
import { progressWord } from '../../model/projectWords';
import { useTrans } from '../face';

/** How far a project's directory is. */
export function ProjectProgress(props: {
  progress: IProgress | null;
  name: string;
}): React.ReactElement {
  const trans = useTrans();
  const { progress, name } = props;
  const percent = progress?.percent ?? null;
  return (
    <div className="wegent-Progress">
      <span className="wegent-Small">{progressWord(trans, progress)}</span>
      <progress
        aria-label={trans.__('Preparing %1', name)}
        max={100}
        {...(percent === null ? {} : { value: percent })}
      />
    </div>
  );
}
