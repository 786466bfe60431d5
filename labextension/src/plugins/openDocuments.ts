import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import { ServerConnection, type Contents } from '@jupyterlab/services';

import { Commands } from '../commands';
import { contentsPath, type FileSeen } from '../model/changes';
import {
  fateOf,
  isGone,
  type IChangedFiles,
  type IFileStamp
} from '../model/openDocuments';
import { unhidden } from '../model/text';
import { IWegent } from '../tokens';
import { reporting } from './report';

const AREAS = ['main', 'left', 'right', 'down'];

type Context = DocumentRegistry.Context;

/** Sees to open documents whose files a turn changed: clean ones are read again, of others the user is asked. */
export const openDocumentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wegent-jupyter:open-documents',
  description: 'Keeps open documents up to date with what agents of Wegent do',
  autoStart: true,
  requires: [IWegent],
  activate: (app: JupyterFrontEnd, wegent: IWegent) => {
    const { gateway, trans } = wegent;
    const { changedFiles, shownChange } = gateway;
    const asking = new Asking(app, wegent);
    app.commands.addCommand(Commands.showChange, {
      label: trans.__('Show What Was Changed'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            task: { type: 'integer', description: 'The id of the task' },
            turn: { type: 'integer', description: 'The id of the turn' },
            path: { type: 'string', description: 'The file, as it is listed' }
          },
          required: ['task', 'turn', 'path']
        }
      },
      execute: async args => {
        const path = args.path as string;
        await app.commands.execute(Commands.openTask, { id: args.task });
        shownChange.set({ turnId: Number(args.turn), path });
      }
    });
    changedFiles.follow(() => openContexts(app).length > 0);
    changedFiles.changed.connect((_, news) => {
      for (const file of news.files) {
        const place = contentsPath(
          gateway.version.value?.root,
          news.workspace,
          file.path
        );
        openContexts(app)
          .filter(context => context.path === place)
          .forEach(context => {
            asking.see(context, news, file).catch((error: unknown) => {
              console.warn('Wegent: a document was not read again', error);
            });
          });
      }
    });
  }
};

/** The documents of the server's own files. Those that several people edit at once follow their files by themselves. */
function openContexts(app: JupyterFrontEnd): Context[] {
  const found = new Set<Context>();
  for (const area of AREAS) {
    for (const widget of app.shell.widgets(area)) {
      const context: Context | undefined =
        widget instanceof DocumentWidget
          ? (widget as DocumentWidget).context
          : undefined;
      if (context && !context.model.collaborative) {
        found.add(context);
      }
    }
  }
  return [...found];
}

/** Reads documents again, or asks about them; about each once at a time. */
class Asking {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly wegent: IWegent
  ) {}

  async see(
    context: Context,
    news: IChangedFiles,
    file: FileSeen
  ): Promise<void> {
    // Not asked for where it is gone: the browser's console takes that for a fault.
    const now = isGone(file, news.reverted)
      ? null
      : await fileNow(this.app.serviceManager.contents, context.path);
    if (context.isDisposed) {
      return;
    }
    const { contentsModel, model } = context;
    const { dirty } = model;
    switch (fateOf({ dirty, stamp: contentsModel }, now)) {
      case 'reload':
        await read(context, now);
        break;
      case 'ask':
        this.ask(context, news, file.path, now);
        break;
      case 'gone':
        this.tellGone(context, news);
        break;
      case 'same':
        break;
    }
  }

  private ask(
    context: Context,
    news: IChangedFiles,
    path: string,
    now: Contents.IModel | null
  ): void {
    const { trans } = this.wegent;
    const { taskId: task, turnId: turn } = news;
    const message = trans.__(
      '%1 was changed by an agent, and your changes in it are not saved.',
      nameOf(context)
    );
    this.notify(context, message, [
      {
        label: trans.__('View diff'),
        callback: event => {
          // The question stays.
          event.preventDefault();
          void this.app.commands.execute(Commands.showChange, {
            task,
            turn,
            path
          });
        }
      },
      {
        label: trans.__('Keep mine'),
        caption: trans.__('Saving asks before it overwrites the file'),
        callback: () => undefined
      },
      {
        label: trans.__('Take theirs'),
        caption: trans.__('Your changes since the last saving are lost'),
        displayType: 'warn',
        callback: () => void reporting(() => read(context, now))
      }
    ]);
  }

  private tellGone(context: Context, news: IChangedFiles): void {
    const { trans } = this.wegent;
    const name = nameOf(context);
    const message = news.reverted
      ? trans.__(
          '%1 was new, and is deleted by the revert. Save it here to keep it.',
          name
        )
      : trans.__('%1 was deleted by an agent. Save it here to keep it.', name);
    this.notify(context, message, []);
  }

  /** Say something about a document until it is closed, saved or read again. */
  private notify(
    context: Context,
    message: string,
    actions: Notification.IAction[]
  ): void {
    this.open.get(context)?.();
    const id = Notification.warning(message, { autoClose: false, actions });
    const dismiss = (): void => {
      context.fileChanged.disconnect(dismiss);
      context.disposed.disconnect(dismiss);
      this.open.delete(context);
      Notification.dismiss(id);
    };
    context.fileChanged.connect(dismiss);
    context.disposed.connect(dismiss);
    this.open.set(context, dismiss);
  }

  private readonly open = new Map<Context, () => void>();
}

function nameOf(context: Context): string {
  return unhidden(PathExt.basename(context.path));
}

/** The file as it is now, without its content; null where there is none. */
async function fileNow(
  contents: Contents.IManager,
  path: string
): Promise<(Contents.IModel & IFileStamp) | null> {
  try {
    return await contents.get(path, { content: false, hash: true });
  } catch (error) {
    if (
      error instanceof ServerConnection.ResponseError &&
      error.response.status === 404
    ) {
      return null;
    }
    throw error;
  }
}

/** Read a document again from its file. */
async function read(
  context: Context,
  now: Contents.IModel | null
): Promise<void> {
  if (context.isDisposed) {
    return;
  }
  await context.revert();
  if (now?.size === 0) {
    // JupyterLab leaves the old content where there is none.
    context.model.fromString('');
  }
  context.model.dirty = false;
}
