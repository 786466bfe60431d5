/** The folders of a device, as a person walks through them. */

import type { IFolder, IFolderList } from '../api/projects';
import { asError } from './loaded';
import { Observable } from './observable';

export interface IFolderView {
  /** What is shown; it stays until the next one is there. */
  list: IFolderList | null;
  busy: boolean;
  problem: Error | null;
}

/** Shows one folder after the other; an old answer never covers a newer one. */
export class FolderWalk extends Observable<IFolderView> {
  constructor(
    private readonly ask: (path: string | null) => Promise<IFolderList>
  ) {
    super({ list: null, busy: false, problem: null });
  }

  /** Show a folder; null: the home directory. Where that fails, what was shown stays. */
  async go(path: string | null): Promise<void> {
    const mine = ++this.newest;
    const { list } = this.value;
    this.replace({ list, busy: true, problem: null });
    const found = await this.ask(path).then(
      next => ({ list: next, busy: false, problem: null }),
      (error: unknown) => ({ list, busy: false, problem: asError(error) })
    );
    if (mine === this.newest) {
      this.replace(found);
    }
  }

  /** Show a folder, or else the home directory with the reason. */
  async start(path: string | null): Promise<void> {
    await this.go(path);
    const { list, problem } = this.value;
    if (path !== null && !list && problem) {
      await this.go(null);
      this.replace({ ...this.value, problem });
    }
  }

  private newest = 0;
}

export interface ICrumb {
  name: string;
  path: string;
}

/** The way to a folder, from the home directory where that is on it. */
export function crumbs(path: string, home: string): ICrumb[] {
  const inside = home !== '' && isWithin(path, home);
  const start = inside ? home : root(path);
  const names = path.slice(start.length).split(/[\\/]/).filter(Boolean);
  const mark = path.includes('\\') ? '\\' : '/';
  const way: ICrumb[] = [{ name: inside ? '~' : start, path: start }];
  let at = start.replace(/[\\/]$/, '');
  for (const name of names) {
    at += mark + name;
    way.push({ name, path: at });
  }
  return way;
}

function isWithin(path: string, folder: string): boolean {
  const base = folder.replace(/[\\/]$/, '');
  return path === folder || path.startsWith(base)
    ? /^([\\/]|$)/.test(path.slice(base.length))
    : false;
}

/** `/`, or `C:\`. */
function root(path: string): string {
  return /^([A-Za-z]:)?[\\/]/.exec(path)?.[0] ?? '';
}

/** The folders whose names have a text in them: those that begin with it first. */
export function matching(items: readonly IFolder[], text: string): IFolder[] {
  const wanted = text.trim().toLowerCase();
  const place = ({ name }: IFolder): number =>
    name.toLowerCase().indexOf(wanted);
  const found = items.filter(item => place(item) >= 0);
  return wanted
    ? found.sort((a, b) => Math.sign(place(a)) - Math.sign(place(b)))
    : found;
}

/** Whether a folder is one that file managers hide. */
export function isHidden({ name }: IFolder): boolean {
  return name.startsWith('.');
}

/** The last name of a path or an address, without Git's ending; empty where there is none. */
export function lastName(path: string): string {
  const name =
    path
      .trim()
      .split(/[\\/:]/)
      .filter(Boolean)
      .at(-1) ?? '';
  return name.replace(/\.git$/, '');
}

/** A path as people write it: from the home directory, where that is on its way. */
export function fromHome(path: string, home: string): string {
  const [first, ...rest] = crumbs(path, home);
  return first?.name === '~'
    ? ['~', ...rest.map(({ name }) => name)].join('/')
    : path;
}

/** A path without `~`, where the home directory is known. */
export function expanded(path: string, home: string | null): string {
  return home === null ? path : path.replace(/^~(?=[\\/]|$)/, home);
}

/** Whether a path says by itself where it is. */
export function isAbsolute(path: string): boolean {
  return /^([\\/~]|[A-Za-z]:[\\/])/.test(path);
}
