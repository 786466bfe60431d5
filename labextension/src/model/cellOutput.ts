/** The outputs of a notebook cell as files. */

import type { INamed } from './uploads';

/** An output as nbformat has it, as far as it is used here. */
export interface IOutput {
  output_type: string;
  /** Of a stream. */
  text?: unknown;
  /** Of a display, by MIME type. */
  data?: Record<string, unknown>;
  /** Of an error. */
  traceback?: unknown;
}

const IMAGES: Record<string, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/svg+xml': 'svg'
};

/** What terminals take as colours and movements. */
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007]*\u0007)/g;

/** Each image as a file of its own, all text together as one. */
export function outputFiles(
  outputs: readonly IOutput[],
  name: string
): INamed[] {
  const images = outputs.flatMap(output => imageOf(output) ?? []);
  const text = outputs.map(textOf).filter(Boolean).join('\n');
  const files = images.map(({ type, data }, at) => ({
    name: `${name}${images.length > 1 ? `-${at + 1}` : ''}.${IMAGES[type]}`,
    file: new Blob([data], { type })
  }));
  return text
    ? [
        ...files,
        { name: `${name}.txt`, file: new Blob([text], { type: 'text/plain' }) }
      ]
    : files;
}

function imageOf({
  data
}: IOutput): { type: string; data: BlobPart } | undefined {
  const type = Object.keys(IMAGES).find(one => data?.[one] !== undefined);
  if (!type) {
    return undefined;
  }
  const value = joined(data?.[type]);
  return { type, data: type === 'image/svg+xml' ? value : bytes(value) };
}

/** What an output says; an image has its text for programs that cannot show it. */
function textOf(output: IOutput): string {
  const { output_type, text, data, traceback } = output;
  switch (output_type) {
    case 'stream':
      return joined(text).replace(ESCAPES, '');
    case 'error':
      return joined(traceback, '\n').replace(ESCAPES, '');
    default:
      return imageOf(output) ? '' : joined(data?.['text/plain']);
  }
}

/** Text, which nbformat may keep as a list of its lines. */
function joined(value: unknown, by = ''): string {
  return Array.isArray(value)
    ? value.map(String).join(by)
    : typeof value === 'string'
      ? value
      : '';
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64.replace(/\s/g, '')), char =>
    char.charCodeAt(0)
  );
}
