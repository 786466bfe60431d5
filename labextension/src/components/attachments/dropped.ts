/** Files that come into a message by paste, by drop, and from JupyterLab's file browser. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { PathExt } from '@jupyterlab/coreutils';

import type { AttachmentRest } from '../../api/attachmentRest';
import type { INamed } from '../../model/uploads';

/** What the file browser drags: the paths of files, as the contents API knows them. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

/** What of Lumino's drag events is needed here; they are no events of the browser's. */
interface ILabDrag extends Event {
  mimeData: { hasData(mime: string): boolean; getData(mime: string): unknown };
  proposedAction: string;
  dropAction: string;
}

export function named(files: Iterable<File>): INamed[] {
  return [...files].map(file => ({ name: file.name, file }));
}

/** What is pasted as files; what can be pasted as text is text. */
export function pastedFiles(data: DataTransfer): INamed[] {
  return data.types.includes('text/plain') ? [] : named(data.files);
}

/** What is dropped; throws at a folder. */
export function droppedFiles(
  trans: TranslationBundle,
  data: DataTransfer
): INamed[] {
  const entries = [...data.items].map(item => item.webkitGetAsEntry());
  if (entries.some(entry => entry?.isDirectory)) {
    throw new Error(
      trans.__('Folders cannot be attached. Name one in the text instead.')
    );
  }
  return named(data.files);
}

/** Take what is dragged out of JupyterLab's file browser; returns how to stop. */
export function takeFromBrowser(
  element: HTMLElement,
  onOver: (over: boolean) => void,
  onPaths: (paths: string[]) => void
): () => void {
  const listen = (event: Event): void => {
    const drag = event as ILabDrag;
    if (!drag.mimeData.hasData(CONTENTS_MIME)) {
      return;
    }
    drag.preventDefault();
    drag.stopPropagation();
    drag.dropAction = drag.proposedAction;
    onOver(drag.type === 'lm-dragenter' || drag.type === 'lm-dragover');
    if (drag.type === 'lm-drop') {
      onPaths(drag.mimeData.getData(CONTENTS_MIME) as string[]);
    }
  };
  const types = ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop'];
  types.forEach(type => element.addEventListener(type, listen));
  return () => types.forEach(type => element.removeEventListener(type, listen));
}

/** Read files that the file browser shows; a drive other than the server's own has no address of that kind. */
export async function labFiles(
  rest: AttachmentRest,
  paths: readonly string[]
): Promise<INamed[]> {
  return Promise.all(
    paths.map(async path => ({
      name: PathExt.basename(path),
      file: await rest.labFile(path.replace(/^RTC:/, ''))
    }))
  );
}
