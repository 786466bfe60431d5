/** The folder that the user looks at, as the server's machine names it. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { FileBrowser } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

import { Cell } from './model/observable';
import { joinRoot } from './model/workspace';

/** Drives that are the server's own files. */
export const LOCAL_DRIVES = ['', 'RTC'];

/**
 * Follow the file browser; in Notebook 7, which has one page per document, the open document.
 * Null when the folder is not one of the server's.
 */
export function followFolder(
  app: JupyterFrontEnd,
  browser: FileBrowser | null,
  perDocument: boolean
): Cell<string | null> {
  const folder = new Cell<string | null>(null);
  const root = serverRoot();
  const { contents } = app.serviceManager;
  const update = (): void => {
    const document = perDocument ? openDocument(app) : undefined;
    const path = document ?? browser?.model.path;
    folder.set(
      root && path !== undefined ? folderOf(root, path, contents) : null
    );
  };
  browser?.model.pathChanged.connect(update);
  void browser?.model.restored.then(update);
  app.shell.currentChanged?.connect(update);
  update();
  return folder;
}

function openDocument(app: JupyterFrontEnd): string | undefined {
  const { currentWidget } = app.shell;
  return currentWidget instanceof DocumentWidget
    ? PathExt.dirname(currentWidget.context.path)
    : undefined;
}

function folderOf(
  root: string,
  path: string,
  contents: Contents.IManager
): string | null {
  return LOCAL_DRIVES.includes(contents.driveName(path))
    ? joinRoot(root, contents.localPath(path))
    : null;
}

/** JupyterLab's page says it, `~` included; Notebook's page only as the language servers' URI. */
function serverRoot(): string {
  const root = PageConfig.getOption('serverRoot');
  const uri = PageConfig.getOption('rootUri');
  if (root || !uri.startsWith('file://')) {
    return root;
  }
  const path = decodeURIComponent(new URL(uri).pathname);
  return path.replace(/^\/(?=[A-Za-z]:)/, '');
}
