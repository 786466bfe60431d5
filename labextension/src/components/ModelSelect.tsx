import * as React from 'react';

import type { IModelOption } from '../model/modelMenu';
import { useTrans } from './face';
import { Select } from './Select';

/** Which model answers; nothing where there is no choice. */
export function ModelSelect(props: {
  options: readonly IModelOption[];
  model: string;
  onPick: (model: string) => void;
}): React.ReactElement | null {
  const trans = useTrans();
  const { options, model } = props;
  const chosen = options.find(one => one.value === model);
  return options.length > 0 ? (
    <Select
      label={trans.__('Model')}
      title={chosen?.title}
      value={model}
      options={options}
      onPick={props.onPick}
    />
  ) : null;
}
