import { Caller } from './caller';

/** Files of a workspace that match; the best first. */
export interface IFileList {
  /** Relative to the workspace, `/` between names. */
  items: string[];
  /** There are more files than were looked at. */
  truncated: boolean;
}

/** A workspace on a device. */
export interface IPlace {
  deviceId: string;
  path: string;
}

/** Looks for files on devices. */
export class FileRest extends Caller {
  find(place: IPlace, query: string, limit: number): Promise<IFileList> {
    const { deviceId, path } = place;
    const what = new URLSearchParams({ path, query, limit: String(limit) });
    return this.call(
      'GET',
      `devices/${encodeURIComponent(deviceId)}/files?${what.toString()}`
    );
  }
}
