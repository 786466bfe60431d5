import type { TranslationBundle } from '@jupyterlab/translation';

import type { IContextItem } from '../api/context';
import { Observable } from './observable';

/** As `wegent_jupyter/protocol/context.py` has them, of one message: items, and characters of all together. */
export const MAX_ITEMS = 20;
export const MAX_ALL_CHARS = 64_000;

/** What of notebooks goes with a message that is being written. */
export class PendingItems extends Observable<readonly IContextItem[]> {
  constructor(private readonly trans: TranslationBundle) {
    super([]);
  }

  /** Add items, in place of older ones of the same cells; throws where that would be too much, and adds none. */
  add(items: readonly IContextItem[]): void {
    const old = this.value.filter(one => !items.some(item => same(one, item)));
    const all = [...old, ...items];
    const characters = all.reduce((sum, one) => sum + one.text.length, 0);
    if (all.length > MAX_ITEMS || characters > MAX_ALL_CHARS) {
      throw new Error(
        this.trans.__(
          'That is too much for one message: up to %1 things, %2 characters together. Remove something first.',
          MAX_ITEMS,
          MAX_ALL_CHARS.toLocaleString()
        )
      );
    }
    this.replace(all);
  }

  /** Leave some out, or forget those that were sent. */
  remove(items: readonly IContextItem[]): void {
    this.replace(this.value.filter(one => !items.includes(one)));
  }
}

/** Whether one is what the other is of: all of a cell gives way when the cell is added again. */
function same(one: IContextItem, item: IContextItem): boolean {
  return one.cell && item.cell
    ? one.cell.path === item.cell.path && one.cell.cell_id === item.cell.cell_id
    : one.cell === item.cell &&
        one.kind === item.kind &&
        one.name === item.name;
}
