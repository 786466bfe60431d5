import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { IAttachment } from './attachments';
import { Caller } from './caller';
import type { IMessage } from './managing';

/** A MIME type as the gateway takes it. */
const TYPE = /^[\w.+-]+\/[\w.+-]+$/;

/** Files that go with messages. */
export class AttachmentRest extends Caller {
  upload(name: string, file: Blob): Promise<IAttachment> {
    const type = TYPE.test(file.type) ? file.type : 'application/octet-stream';
    const query = new URLSearchParams({ name, type });
    return this.call('POST', `attachments?${query.toString()}`, file);
  }

  /** Forget one that was not sent. */
  remove(id: number): Promise<IMessage> {
    return this.call('DELETE', `attachments/${id}`);
  }

  /** From where it is downloaded. */
  url(id: number): string {
    return URLExt.join(
      this.settings.baseUrl,
      'wegent/api/attachments',
      String(id)
    );
  }

  /** Read a file that JupyterLab shows. */
  async labFile(path: string): Promise<Blob> {
    const place = URLExt.encodeParts(path);
    const url = URLExt.join(this.settings.baseUrl, 'files', place);
    const answer = await ServerConnection.makeRequest(url, {}, this.settings);
    if (!answer.ok) {
      throw await ServerConnection.ResponseError.create(answer);
    }
    return answer.blob();
  }
}
