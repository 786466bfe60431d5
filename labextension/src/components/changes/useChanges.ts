import * as React from 'react';

import type { IChangesItem, ITurnChanges } from '../../api/changes';
import {
  filesNow,
  isReverted,
  revertText,
  type FileSeen
} from '../../model/changes';
import { present } from '../../model/devices';
import { confirmed } from '../confirm';
import { useFace } from '../face';
import { useAction, useDevice, useLoaded, useValue } from '../hooks';
import type { ITurnPlace } from './context';

export interface IChanges {
  /** The listed files, and how they look now where that is known. */
  files: readonly FileSeen[];
  /** In which directory. */
  workspace: string | null;
  /** All of them are as they were before. */
  reverted: boolean;
  /** Why nothing can be looked at or taken back now. */
  away: string | null;
  busy: boolean;
  problem: Error | null;
  /** Look again how the files are. */
  reload: () => Promise<void>;
  revertAll: () => void;
  revertFile: (file: FileSeen) => void;
}

/** What a turn changed as it looks now, and the way back. */
export function useChanges(item: IChangesItem, turn: ITurnPlace): IChanges {
  const { gateway, trans } = useFace();
  const { taskId, turnId } = turn;
  const away = useAway(turn.deviceId);
  const action = useAction();
  const load = React.useCallback(
    async (): Promise<ITurnChanges | null> =>
      away === null ? gateway.changesRest.changes(taskId, turnId) : null,
    [gateway, taskId, turnId, away]
  );
  const task = useValue(gateway.tasks).find(one => one.id === taskId);
  // Another turn may have changed the same files.
  const loaded = useLoaded(load, `${task?.turns} ${task?.state}`);
  const changes = loaded.value;
  const files = filesNow(item.files, changes);

  const revert = (title: string, which: readonly FileSeen[], all: boolean) =>
    action.run(async () => {
      const total = all ? item.total : which.length;
      const body = revertText(trans, which, total);
      if (!(await confirmed(trans, title, body, trans.__('Revert')))) {
        return;
      }
      try {
        const paths = all ? undefined : which.map(one => one.path);
        const done = await gateway.changesRest.revert(taskId, turnId, paths);
        if (changes) {
          gateway.changedFiles.reverted(turn, changes, done.paths);
        }
      } finally {
        await loaded.reload();
      }
    });

  return {
    files,
    workspace: changes?.workspace ?? task?.workspace ?? null,
    reverted: isReverted(changes),
    away,
    busy: action.busy,
    problem: action.problem ?? loaded.problem,
    reload: loaded.reload,
    revertAll: () =>
      revert(trans.__('Revert what this message changed?'), files, true),
    revertFile: file => revert(trans.__('Revert %1?', file.path), [file], false)
  };
}

/** Why nothing can be asked of a device; null when it is there. */
function useAway(deviceId: string): string | null {
  const { trans } = useFace();
  const device = useDevice(deviceId);
  if (!device) {
    return trans.__(
      'The device on which these files are is not in the list any more.'
    );
  }
  return present(device)
    ? null
    : trans.__(
        '%1 is offline, and the files are there: start it, and you can see what changed and revert it.',
        device.name
      );
}
