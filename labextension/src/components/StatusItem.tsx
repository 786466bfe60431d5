import * as React from 'react';

import { Commands } from '../commands';
import { slots } from '../model/devices';
import { useFace } from './face';
import { useValue } from './hooks';

/** "Wegent 2/5": slots in use; a click opens the sidebar. */
export function StatusItem(): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const devices = useValue(gateway.devices);
  const { state } = useValue(gateway.connection);
  const { used, max } = slots(devices);
  const known = state === 'open' && max > 0;
  return (
    <button
      type="button"
      className="wegent-StatusItem"
      title={
        known
          ? trans.__('Wegent: %1 of %2 slots in use', used, max)
          : trans.__('Wegent: no device is there')
      }
      onClick={() => void commands.execute(Commands.openPanel)}
    >
      {known ? trans.__('Wegent %1/%2', used, max) : trans.__('Wegent –')}
    </button>
  );
}
