import * as React from 'react';

import type { IDevice } from '../api/types';
import { noStarIcon, starIcon } from '../icons';
import { useFace } from './face';
import { useAction } from './hooks';
import { IconButton } from './IconButton';

/** The star of the device with which new tasks start; a second click takes it away. */
export function StarToggle(props: { device: IDevice }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { device_id, is_default, name } = props.device;
  const { problem, run } = useAction();
  const title = is_default
    ? trans.__('New tasks start on %1. Click to change that.', name)
    : trans.__('Start new tasks on %1', name);
  return (
    <span className="wegent-Star" data-starred={is_default}>
      <IconButton
        icon={is_default ? starIcon : noStarIcon}
        label={trans.__('Default: %1', name)}
        title={problem?.message ?? title}
        pressed={is_default}
        onClick={() =>
          run(async () => {
            await gateway.deviceRest.setDefault(device_id, !is_default);
          })
        }
      />
    </span>
  );
}
