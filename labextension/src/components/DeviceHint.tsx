import * as React from 'react';

import type { IDevice } from '../api/types';
import { alternative } from '../model/devices';
import { sendingWord } from '../model/deviceWords';
import { useFace } from './face';
import { useValue } from './hooks';

/** Says that a message will wait for its device, and offers one that is there. */
export function DeviceHint(props: {
  device: IDevice;
  onPick: (id: string) => void;
}): React.ReactElement | null {
  const { gateway, trans } = useFace();
  const devices = useValue(gateway.devices);
  const { device } = props;
  const text = sendingWord(trans, device);
  const other = text ? alternative(devices, device) : undefined;
  return text ? (
    <p className="wegent-Hint">
      {text}{' '}
      {other && (
        <button
          type="button"
          className="wegent-Link"
          onClick={() => props.onPick(other.device_id)}
        >
          {trans.__('Use %1 instead', other.name)}
        </button>
      )}
    </p>
  ) : null;
}
