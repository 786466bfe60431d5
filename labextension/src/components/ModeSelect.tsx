import * as React from 'react';

import type { Mode } from '../api/types';
import { modeHelp, modeWord } from '../model/words';
import { useTrans } from './face';
import { Select } from './Select';

const MODES: readonly Mode[] = ['ask', 'edits', 'plan', 'full'];

/** How much the agent may do. */
export function ModeSelect(props: {
  mode: Mode;
  onPick: (mode: Mode) => void;
}): React.ReactElement {
  const trans = useTrans();
  return (
    <Select
      label={trans.__('Mode')}
      title={modeHelp(trans, props.mode)}
      value={props.mode}
      options={MODES.map(mode => ({
        value: mode,
        label: modeWord(trans, mode),
        title: modeHelp(trans, mode)
      }))}
      onPick={value => props.onPick(value as Mode)}
    />
  );
}
