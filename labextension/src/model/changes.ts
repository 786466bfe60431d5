/** What a turn changed, in words and as the views want it. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  ChangeStatus,
  IFileChange,
  IFileDiff,
  INotebookCell,
  ITurnChanges,
  Now
} from '../api/changes';
import { compareTexts, type ILine } from './diff';

/** A file of a turn, and how it looks now where that is known. */
export type FileSeen = IFileChange & { now?: Now };

/** "3 files changed". */
export function changesTitle(trans: TranslationBundle, total: number): string {
  return trans._n('%1 file changed', '%1 files changed', total);
}

/** "+12 −4", without what is none. Lines of notebooks do not count: nobody writes those. */
export function linesWord(files: readonly IFileChange[]): string {
  const texts = files.filter(one => !one.path.endsWith('.ipynb'));
  const sum = (name: 'added' | 'removed'): number =>
    texts.reduce((all, one) => all + (one[name] ?? 0), 0);
  const [added, removed] = [sum('added'), sum('removed')];
  return [added ? `+${added}` : '', removed ? `−${removed}` : '']
    .filter(Boolean)
    .join(' ');
}

export function changeWord(
  trans: TranslationBundle,
  status: ChangeStatus
): string {
  return {
    added: trans.__('new'),
    modified: trans.__('changed'),
    deleted: trans.__('deleted')
  }[status];
}

/** How a file looks now; empty for one that is as the turn left it. */
export function nowWord(
  trans: TranslationBundle,
  now: Now | undefined
): string {
  switch (now) {
    case 'changed_since':
      return trans.__('changed since');
    case 'reverted':
      return trans.__('reverted');
    default:
      return '';
  }
}

/** The files of an item, as they are now where that is known. */
export function filesNow(
  files: readonly IFileChange[],
  changes: ITurnChanges | null
): readonly FileSeen[] {
  const now = new Map(changes?.items.map(one => [one.path, one]));
  return files.map(file => now.get(file.path) ?? file);
}

/** Whether there is anything left to take back. */
export function isReverted(changes: ITurnChanges | null): boolean {
  return (
    changes !== null &&
    changes.items.length >= changes.total &&
    changes.items.every(one => one.now === 'reverted')
  );
}

/** What taking back comes to, before a person agrees. */
export function revertText(
  trans: TranslationBundle,
  files: readonly FileSeen[],
  total: number
): string {
  const left = files.filter(file => file.now !== 'reverted');
  const count = (status: ChangeStatus): number =>
    left.filter(file => file.status === status).length;
  const more = total - files.length;
  const parts = [
    some(count('modified'), n =>
      trans._n(
        '%1 file gets its content from before this message back.',
        '%1 files get their content from before this message back.',
        n
      )
    ),
    some(count('deleted'), n =>
      trans._n('%1 deleted file comes back.', '%1 deleted files come back.', n)
    ),
    some(count('added'), n =>
      trans._n('%1 new file is deleted.', '%1 new files are deleted.', n)
    ),
    some(more, n =>
      trans._n(
        'The same for %1 more that is not listed.',
        'The same for %1 more that are not listed.',
        n
      )
    ),
    trans.__('If one of them was changed since, nothing is reverted.')
  ];
  return parts.filter(Boolean).join(' ');
}

function some(count: number, word: (count: number) => string): string {
  return count > 0 ? word(count) : '';
}

/** The path of a file for the contents API; null where the server does not show it. */
export function contentsPath(
  root: string | null | undefined,
  workspace: string | null,
  path: string
): string | null {
  if (!root || workspace === null) {
    return null;
  }
  const base = forward(root).replace(/\/+$/, '');
  const whole = `${forward(workspace).replace(/\/+$/, '')}/${path}`;
  return whole.startsWith(`${base}/`) ? whole.slice(base.length + 1) : null;
}

/** A path with `/` between names, also that of a Windows machine. */
function forward(path: string): string {
  return /^[A-Za-z]:[\\/]|^\\\\/.test(path) ? path.replaceAll('\\', '/') : path;
}

/** All lines of a file before and after; what ends every line of both is left out. */
export function fileLines(diff: Pick<IFileDiff, 'before' | 'after'>): ILine[] {
  const { before, after } = diff;
  const bare = [before, after].some(text => /(^|[^\r])\n/.test(text ?? ''));
  const lines = (text: string | null): string =>
    bare ? (text ?? '') : (text ?? '').replaceAll('\r\n', '\n');
  return compareTexts(lines(before), lines(after));
}

/** Cells that are shown one by one, or unchanged ones that stand together. */
export type CellGroup =
  | { same: false; cell: INotebookCell }
  | { same: true; cells: readonly INotebookCell[] };

/** A notebook with its unchanged cells folded. */
export function cellGroups(cells: readonly INotebookCell[]): CellGroup[] {
  const groups: CellGroup[] = [];
  for (const cell of cells) {
    const last = groups.at(-1);
    if (!isSame(cell)) {
      groups.push({ same: false, cell });
    } else if (last?.same) {
      groups[groups.length - 1] = { same: true, cells: [...last.cells, cell] };
    } else {
      groups.push({ same: true, cells: [cell] });
    }
  }
  return groups;
}

function isSame(cell: INotebookCell): boolean {
  return cell.status === 'same' && !cell.outputs_changed;
}

/** "Code cell, new", "Markdown cell, changed", "Code cell, outputs changed". */
export function cellWords(
  trans: TranslationBundle,
  cell: INotebookCell
): string[] {
  const kinds: Partial<Record<string, string>> = {
    code: trans.__('Code cell'),
    markdown: trans.__('Markdown cell'),
    raw: trans.__('Raw cell')
  };
  const status = {
    added: trans.__('new'),
    deleted: trans.__('deleted'),
    modified: cell.before === cell.after ? '' : trans.__('changed'),
    same: ''
  }[cell.status];
  const outputs = cell.outputs_changed ? trans.__('outputs changed') : '';
  return [kinds[cell.cell_type] ?? trans.__('Cell'), status, outputs].filter(
    Boolean
  );
}

/** Whether a file is one that the views of changes have something to show of. */
export function isShown(diff: IFileDiff): boolean {
  return diff.cells !== null || diff.before !== null || diff.after !== null;
}
