import { Signal, type ISignal } from '@lumino/signaling';

/** A value that is replaced as a whole, and a signal that says so. */
export class Observable<T> {
  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  get changed(): ISignal<this, void> {
    return this.emitter;
  }

  protected replace(value: T): void {
    if (!Object.is(value, this.current)) {
      this.current = value;
      this.emitter.emit();
    }
  }

  private readonly emitter = new Signal<this, void>(this);
}

/** An observable that its owner sets. */
export class Cell<T> extends Observable<T> {
  set(value: T): void {
    this.replace(value);
  }
}
