import * as React from 'react';

import type { IDevice } from '../../api/types';
import { Commands } from '../../commands';
import { present } from '../../model/devices';
import { expanded } from '../../model/folders';
import { companion } from '../../model/projects';
import { useFace } from '../face';
import { useLoaded, useValue } from '../hooks';

/** Says that another task works in the same directory, and offers a worktree where there can be one. */
export function SharingHint(props: {
  device: IDevice;
  directory: string;
  /** Null where there can be none. */
  onWorktree: (() => void) | null;
}): React.ReactElement | null {
  const { gateway, trans, commands } = useFace();
  const { device, directory, onWorktree } = props;
  useValue(gateway.tasks);
  const others = gateway.tasks.active.filter(
    task => task.device_id === device.device_id
  );
  const asks =
    directory.startsWith('~') && others.length > 0 && present(device);
  const home = useHome(asks ? device.device_id : null);
  const other = companion(others, device.device_id, expanded(directory, home));
  return other ? (
    <p
      className="wegent-Hint wegent-Sharing"
      data-level="warning"
      role="status"
    >
      <button
        type="button"
        className="wegent-Link"
        title={trans.__('Show the task %1', other.title)}
        onClick={() =>
          void commands.execute(Commands.openTask, { id: other.id })
        }
      >
        {other.title}
      </button>{' '}
      {trans.__('works in this folder, too:')}{' '}
      {onWorktree ? (
        <button type="button" className="wegent-Link" onClick={onWorktree}>
          {trans.__('Use a worktree')}
        </button>
      ) : (
        trans.__('both may change the same files.')
      )}
    </p>
  ) : null;
}

/** The home directory of a device, once it has said so; null before, and of no device. */
function useHome(device: string | null): string | null {
  const { projectRest } = useFace().gateway;
  const load = React.useCallback(
    async () =>
      device === null ? null : (await projectRest.folders(device, null)).home,
    [projectRest, device]
  );
  return useLoaded(load).value;
}
