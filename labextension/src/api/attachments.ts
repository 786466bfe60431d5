/** Files that go with messages; mirrors `wegent_jupyter/protocol/attachments.py`. */

/** What one may be, in bytes, and how many go with one message. */
export const MAX_BYTES = 10 * 2 ** 20;
export const MAX_ATTACHMENTS = 20;

export interface IAttachment {
  id: number;
  name: string;
  type: string;
  /** Bytes. */
  size: number;
}
