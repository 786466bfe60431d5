import * as React from 'react';

import { Commands } from '../commands';
import { warnIcon } from '../icons';
import { slots } from '../model/devices';
import { needsYou } from '../model/words';
import { useFace } from './face';
import { useValue } from './hooks';

/** "Wegent 2/5 ⚠ 1": slots in use and what waits for a person; a click opens the sidebar. */
export function StatusItem(): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const devices = useValue(gateway.devices);
  const waiting = useValue(gateway.approvals).length;
  const { state } = useValue(gateway.connection);
  const { used, max } = slots(devices);
  const known = state === 'open' && max > 0;
  return (
    <button
      type="button"
      className="wegent-StatusItem"
      title={[
        known
          ? trans.__('Wegent: %1 of %2 slots in use', used, max)
          : trans.__('Wegent: no device is there'),
        ...(waiting > 0 ? [needsYou(trans, waiting)] : [])
      ].join(', ')}
      onClick={() => void commands.execute(Commands.openPanel)}
    >
      {known ? trans.__('Wegent %1/%2', used, max) : trans.__('Wegent –')}
      {waiting > 0 && (
        <span className="wegent-Count">
          <warnIcon.react tag="span" className="wegent-Mark" aria-hidden />
          {waiting}
        </span>
      )}
    </button>
  );
}
