import type { TranslationBundle } from '@jupyterlab/translation';

import {
  MAX_ATTACHMENTS,
  MAX_BYTES,
  type IAttachment
} from '../api/attachments';
import type { AttachmentRest } from '../api/attachmentRest';
import { ApiError } from '../api/caller';
import { asError } from './loaded';
import { Observable } from './observable';
import { size } from './text';

export interface IUpload {
  key: number;
  name: string;
  file: Blob;
  state: 'uploading' | 'ready' | 'failed';
  /** What it is at the gateway, once it is there. */
  attachment: IAttachment | null;
  /** Why it is not. */
  problem: Error | null;
  /** Trying again may help. */
  again: boolean;
}

/** A file with the name under which it is sent. */
export interface INamed {
  name: string;
  file: Blob;
}

/** The files of a message that is being written; each is sent to the gateway at once. */
export class Uploads extends Observable<readonly IUpload[]> {
  constructor(
    private readonly rest: Pick<AttachmentRest, 'upload' | 'remove'>,
    private readonly trans: TranslationBundle
  ) {
    super([]);
  }

  /** The ids of those that are there. */
  get ids(): number[] {
    return this.value.flatMap(one => one.attachment?.id ?? []);
  }

  /** Add files; throws where that would be too many, and adds none. */
  add(files: readonly INamed[]): void {
    if (this.value.length + files.length > MAX_ATTACHMENTS) {
      throw new Error(
        this.trans.__(
          'A message takes up to %1 files. None of these were added.',
          MAX_ATTACHMENTS
        )
      );
    }
    const made = files.map(one => this.made(one));
    this.replace([...this.value, ...made]);
    made
      .filter(one => one.state === 'uploading')
      .forEach(one => void this.upload(one));
  }

  /** Try again what failed. */
  retry(key: number): void {
    const found = this.value.find(one => one.key === key);
    if (found?.state === 'failed' && found.again) {
      const upload = { ...found, state: 'uploading' as const, problem: null };
      this.put(upload);
      void this.upload(upload);
    }
  }

  remove(key: number): void {
    const gone = this.value.filter(one => one.key === key);
    this.replace(this.value.filter(one => one.key !== key));
    gone.forEach(one => this.forget(one.attachment));
  }

  /** Forget those of a message that was sent. */
  sent(ids: readonly number[]): void {
    this.replace(
      this.value.filter(
        one => one.attachment === null || !ids.includes(one.attachment.id)
      )
    );
  }

  /** Forget all: the message will not be written. */
  drop(): void {
    this.value.forEach(one => this.remove(one.key));
  }

  private made({ name, file }: INamed): IUpload {
    const problem = this.refusal(file);
    return {
      key: ++this.last,
      name,
      file,
      state: problem ? 'failed' : 'uploading',
      attachment: null,
      problem,
      again: false
    };
  }

  private refusal(file: Blob): Error | null {
    return file.size > MAX_BYTES
      ? new Error(
          this.trans.__(
            '%1 is too large: a file may have up to %2.',
            size(file.size),
            size(MAX_BYTES)
          )
        )
      : null;
  }

  private async upload(upload: IUpload): Promise<void> {
    try {
      const attachment = await this.rest.upload(upload.name, upload.file);
      if (!this.put({ ...upload, state: 'ready', attachment })) {
        this.forget(attachment);
      }
    } catch (error) {
      const problem = isUnreachable(error)
        ? new Error(this.trans.__('the server does not answer.'))
        : withFix(error);
      this.put({ ...upload, state: 'failed', problem, again: true });
    }
  }

  /** Replace one; false where it was removed meanwhile. */
  private put(upload: IUpload): boolean {
    const there = this.value.some(one => one.key === upload.key);
    this.replace(
      this.value.map(one => (one.key === upload.key ? upload : one))
    );
    return there;
  }

  /** What the gateway keeps without need, it forgets by itself, later. */
  private forget(attachment: IAttachment | null): void {
    if (attachment) {
      this.rest.remove(attachment.id).catch(() => undefined);
    }
  }

  private last = 0;
}

/** An error whose message says what helps, too. */
function withFix(thrown: unknown): Error {
  return thrown instanceof ApiError && thrown.fix
    ? new Error(`${thrown.message} ${thrown.fix}`)
    : asError(thrown);
}

/** Whether there was no answer at all; what the browser says of that helps nobody. */
function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'unreachable';
}

/** Why a message with these files cannot be sent now; null when it can. */
export function notSendable(
  trans: TranslationBundle,
  uploads: readonly IUpload[]
): string | null {
  if (uploads.some(one => one.state === 'failed')) {
    return trans.__('Remove the file that was not uploaded, or try it again');
  }
  return uploads.some(one => one.state === 'uploading')
    ? trans.__('A file is still being uploaded')
    : null;
}
