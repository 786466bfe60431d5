/** What becomes of an open document whose file was changed on the disk. */

import { Signal, type ISignal } from '@lumino/signaling';

import type { ITurnChanges } from '../api/changes';
import type { Rest } from '../api/rest';
import type { FileSeen } from './changes';
import { hasOurFiles, type Devices } from './devices';
import { isFinal } from './states';
import { TurnEnds, type ITurnEnd } from './turnEnds';

/** Positions at the end of a task's history among which an attempt that has just ended says what it changed. */
const TAIL = 100;

/** A file as the contents API tells of it. */
export interface IFileStamp {
  hash?: string | null;
  last_modified: string;
}

/** `reload`: nothing of the user's is in it. `ask`: something is. `gone`: there is no file any more. */
export type Fate = 'same' | 'reload' | 'ask' | 'gone';

/** What to do with a document, by the file that it was read from and the file that is there now (null: none). */
export function fateOf(
  document: { dirty: boolean; stamp: IFileStamp | null },
  now: IFileStamp | null
): Fate {
  if (now === null) {
    return 'gone';
  }
  if (document.stamp && isSame(document.stamp, now)) {
    return 'same';
  }
  return document.dirty ? 'ask' : 'reload';
}

function isSame(read: IFileStamp, now: IFileStamp): boolean {
  return read.hash && now.hash
    ? read.hash === now.hash
    : read.last_modified === now.last_modified;
}

/** Files that were changed on this computer, by a turn or by taking back what it did. */
export interface IChangedFiles {
  taskId: number;
  turnId: number;
  workspace: string;
  files: readonly FileSeen[];
  /** They are as they were before the turn. */
  reverted: boolean;
}

/** Whether there is no such file any more, as far as those know who changed it. */
export function isGone({ status, now }: FileSeen, reverted: boolean): boolean {
  return reverted
    ? status === 'added'
    : status === 'deleted' && (now ?? 'as_left') === 'as_left';
}

/** Tells which files were changed while this page watches. */
export class ChangedFiles {
  constructor(
    private readonly devices: Devices,
    private readonly rest: Pick<Rest, 'task' | 'events'>
  ) {
    this.ends = new TurnEnds(devices);
  }

  get changed(): ISignal<this, IChangedFiles> {
    return this.news;
  }

  /** Tell of what ended turns changed, too: where somebody can make use of it. */
  follow(wanted: () => boolean): void {
    this.ends.ended.connect((_, end) => {
      if (wanted()) {
        this.ask(end).catch((error: unknown) =>
          console.warn('Wegent: what a turn changed is not known', error)
        );
      }
    });
  }

  /** Something of a turn was taken back on a device. */
  reverted(
    { deviceId, taskId }: { deviceId: string; taskId: number },
    changes: ITurnChanges,
    paths: readonly string[]
  ): void {
    const device = this.devices.get(deviceId);
    if (!device || !hasOurFiles(this.devices.value, device)) {
      return;
    }
    const { turn_id: turnId, workspace, items } = changes;
    const files = items.filter(one => paths.includes(one.path));
    this.news.emit({ taskId, turnId, workspace, files, reverted: true });
  }

  private async ask({ taskId, attemptId }: ITurnEnd): Promise<void> {
    const { turn_list, workspace, last_pos } = await this.rest.task(taskId);
    const turn = turn_list.find(one => one.attempt_id === attemptId);
    if (!turn || !isFinal(turn.state) || workspace === null) {
      return;
    }
    const after = Math.max(0, last_pos - TAIL);
    const { items } = await this.rest.events(taskId, after);
    const files = items.flatMap(event =>
      event.type === 'item' &&
      event.attempt_id === attemptId &&
      event.data.kind === 'changes'
        ? event.data.files
        : []
    );
    const news = { taskId, turnId: turn.id, workspace, files };
    this.news.emit({ ...news, reverted: false });
  }

  private readonly ends: TurnEnds;
  private readonly news = new Signal<this, IChangedFiles>(this);
}
