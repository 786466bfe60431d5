import { Cell } from './observable';

/** A file of a turn's changes that a person wants to see. */
export interface IShownChange {
  turnId: number;
  path: string;
}

/** What is to be shown in the transcript next; asked again, it is shown again. */
export class ShownChange extends Cell<IShownChange | null> {
  constructor() {
    super(null);
  }
}
