import type { Uploads } from './uploads';

/** A box in which a message is written. */
export interface IBox {
  uploads: Uploads;
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

  private known: IBox[] = [];
}
