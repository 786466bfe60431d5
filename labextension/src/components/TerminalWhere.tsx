import * as React from 'react';

import { chooseDevice } from '../model/choices';
import { present } from '../model/devices';
import { hindrance } from '../model/terminalWords';
import { DevicePicker } from './DevicePicker';
import { useFace } from './face';
import { useValue } from './hooks';

export interface ITerminalWhere {
  device: string;
  path?: string;
}

/** Asks on which device, and where there, to open a terminal. */
export function TerminalWhere(props: {
  /** Null while there is nowhere to open one. */
  onChosen: (where: ITerminalWhere | null) => void;
  /** Enter, in the field. */
  onEnter: () => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { onChosen, onEnter } = props;
  const devices = useValue(gateway.devices);
  const [picked, pick] = React.useState<string | null>(null);
  const [typed, type] = React.useState('');
  const device =
    devices.find(one => one.device_id === picked) ??
    chooseDevice(devices.filter(present), null);
  const reason = hindrance(trans, device);
  const id = reason ? undefined : device?.device_id;
  const path = typed.trim();
  React.useEffect(() => {
    onChosen(id ? { device: id, ...(path ? { path } : {}) } : null);
  }, [id, path, onChosen]);
  return (
    <div className="wegent-Form">
      <div className="wegent-Row">
        <DevicePicker device={device} onPick={pick} queues={false} />
      </div>
      <input
        type="text"
        className="wegent-Field wegent-mod-code"
        aria-label={trans.__('Folder on %1', device?.name ?? '')}
        placeholder={trans.__(
          'Folder, else %1',
          device?.workspace_root ?? trans.__('its workspace')
        )}
        spellCheck={false}
        value={typed}
        onChange={event => type(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && id) {
            event.preventDefault();
            onEnter();
          }
        }}
      />
      {reason && (
        <p className="wegent-Hint" data-level="warning">
          {devices.some(present)
            ? reason
            : trans.__('No device is online now.')}
        </p>
      )}
    </div>
  );
}
