import { Observable } from './observable';

export interface ILoaded<T> {
  value: T | null;
  problem: Error | null;
}

/** What a call gives, asked for anew as often as wanted; an old answer never covers a newer one. */
export class Loaded<T> extends Observable<ILoaded<T>> {
  constructor(private readonly ask: () => Promise<T>) {
    super({ value: null, problem: null });
  }

  async load(): Promise<void> {
    const mine = ++this.newest;
    const found = await this.ask().then(
      value => ({ value, problem: null }),
      (error: unknown) => ({ value: this.value.value, problem: asError(error) })
    );
    if (mine === this.newest) {
      this.replace(found);
    }
  }

  private newest = 0;
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
