import * as React from 'react';

import type { IRequeue } from '../api/managing';
import type { ITurn } from '../api/types';
import { alternative } from '../model/devices';
import { boundTo } from '../model/projects';
import { useFace } from './face';
import { DeviceHint } from './DeviceHint';
import { DevicePicker } from './DevicePicker';
import { useDevice, useValue } from './hooks';
import { useWorkspaceChoice } from './workspaceChoice';

/** Chooses another device for a turn that waits. */
export function MoveTurn(props: {
  turn: ITurn;
  /** Null while there is nothing to move to. */
  onTarget: (target: IRequeue | null) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { turn, onTarget } = props;
  const devices = useValue(gateway.devices);
  const here = useDevice(turn.device_id);
  const [picked, pick] = React.useState<string | null>(null);
  const offered = here ? alternative(devices, here) : devices[0];
  const device = devices.find(one => one.device_id === picked) ?? offered;
  const bound = boundTo(
    gateway.tasks.get(turn.task_id),
    useValue(gateway.projects)
  );
  const place = useWorkspaceChoice({
    device,
    browsed: null,
    // A task of a project has no folder there by itself.
    own: bound
      ? null
      : {
          value: 'device',
          label: trans.__('in its folder there'),
          title: trans.__(
            'Where this task ran there before, else a new chat folder'
          )
        }
  });
  const agent = device?.agents.find(one => one.id === turn.agent);
  const other = device !== undefined && device.device_id !== turn.device_id;
  const ready = other && agent?.ready === true && !place.missing;
  const { path } = place.workspace;
  const id = device?.device_id;
  React.useEffect(() => {
    const workspace = path ? { workspace: { path } } : {};
    onTarget(ready ? { device_id: id, ...workspace } : null);
  }, [ready, id, path, onTarget]);
  return (
    <div className="wegent-Form">
      <div className="wegent-Row">
        <DevicePicker device={device} onPick={pick} />
        {place.select}
      </div>
      {place.field}
      {device && other && (
        <>
          <p>
            {trans.__(
              'A fresh session on %1. What was said goes along, files do not travel.',
              device.name
            )}
          </p>
          <DeviceHint device={device} onPick={pick} />
          {!agent?.ready && (
            <p className="wegent-Hint" data-level="warning">
              {trans.__(
                '%1 is not ready on %2.',
                agent?.name ?? turn.agent,
                device.name
              )}
            </p>
          )}
        </>
      )}
      {!other && (
        <p className="wegent-Hint">
          {trans.__('It waits on this device already: choose another one.')}
        </p>
      )}
    </div>
  );
}
