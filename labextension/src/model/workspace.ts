/** Folders: as the device names them, and as the contents API does. */

/** Join the server's root and a path of the contents API; the root may start with `~`. */
export function joinRoot(root: string, path: string): string {
  const base = root.replace(/\/+$/, '');
  return path ? `${base}/${path}` : base || '/';
}

/** The last two names of a path, for where there is little room. */
export function shortPath(path: string): string {
  const names = path.split(/[\\/]/).filter(Boolean);
  return names.length > 2 ? `…/${names.slice(-2).join('/')}` : path;
}

/** A path as seen from the workspace, where it is inside of it. */
export function pathWithin(path: string, workspace: string | null): string {
  const base = workspace === null ? '' : joinRoot(workspace, '');
  return base && path.startsWith(`${base}/`)
    ? path.slice(base.length + 1)
    : path;
}
