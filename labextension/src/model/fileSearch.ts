import type { FileRest, IFileList, IPlace } from '../api/fileRest';
import { asError } from './loaded';
import { Observable } from './observable';

/** What a list can hold that a person looks through. */
const LIMIT = 12;

/** How long typing rests before it is looked for, in ms. */
const PAUSE = 120;

export interface IFound extends IFileList {
  query: string;
  /** Why nothing could be looked for. */
  problem: Error | null;
}

/** Looks for files while somebody types; an answer that is no longer asked for is dropped. */
export class FileSearch extends Observable<IFound | null> {
  constructor(
    private readonly rest: Pick<FileRest, 'find'>,
    private readonly pause = PAUSE
  ) {
    super(null);
  }

  /** Look for a text soon; what was found before stays until then. */
  ask(place: IPlace, query: string): void {
    const mine = ++this.newest;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => void this.find(mine, place, query),
      this.pause
    );
  }

  /** Nothing is looked for any more. */
  stop(): void {
    this.newest++;
    clearTimeout(this.timer);
    this.replace(null);
  }

  private async find(
    mine: number,
    place: IPlace,
    query: string
  ): Promise<void> {
    const nothing = { items: [], truncated: false };
    const found = await this.rest.find(place, query, LIMIT).then(
      list => ({ ...list, query, problem: null }),
      (error: unknown) => ({ ...nothing, query, problem: asError(error) })
    );
    if (mine === this.newest) {
      this.replace(found);
    }
  }

  private timer: ReturnType<typeof setTimeout> | undefined;
  private newest = 0;
}
