import type { PendingItems } from './pendingItems';
import type { Uploads } from './uploads';

/** A box in which a message is written. */
export interface IBox {
  uploads: Uploads;
  /** What of notebooks goes with the message. */
  pending: PendingItems;
  /** Put a text into it, where it has none. */
  suggest: (text: string) => void;
  element: Element;
}

/** The boxes of this page, so that a file from elsewhere finds the one that was used last. */
export class Boxes {
  /** A box came into the page; returns how it leaves. */
  enter(box: IBox): () => void {
    this.known.push(box);
    return () => {
      this.known = this.known.filter(one => one !== box);
    };
  }

  /** A box is being used. */
  use(box: IBox): void {
    this.known = [box, ...this.known.filter(one => one !== box)];
  }

  get latest(): IBox | undefined {
    return this.known[0];
  }

  /** The one that was used last among those that fit. */
  find(fits: (box: IBox) => boolean): IBox | undefined {
    return this.known.find(fits);
  }

  private known: IBox[] = [];
}
