import { Caller } from './caller';
import type { IFileDiff, IReverted, ITurnChanges } from './changes';

/** What turns changed: how it looks now, file by file, and taking it back. */
export class ChangesRest extends Caller {
  changes(taskId: number, turnId: number): Promise<ITurnChanges> {
    return this.call('GET', address(taskId, turnId));
  }

  file(taskId: number, turnId: number, path: string): Promise<IFileDiff> {
    const query = `path=${encodeURIComponent(path)}`;
    return this.call('GET', `${address(taskId, turnId)}/file?${query}`);
  }

  /** Take back some files, or all; none where one of them was changed since. */
  revert(taskId: number, turnId: number, paths?: string[]): Promise<IReverted> {
    const body = paths ? { paths } : {};
    return this.call('POST', `${address(taskId, turnId)}/revert`, body);
  }
}

function address(taskId: number, turnId: number): string {
  return `tasks/${taskId}/turns/${turnId}/changes`;
}
