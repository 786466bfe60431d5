/** The outputs of a notebook cell as files, and as text. */

import { cut } from './text';
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
  ename?: unknown;
  evalue?: unknown;
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
  const files = imageFiles(outputs, name);
  const text = outputs
    .map(output => textOf(output))
    .filter(Boolean)
    .join('\n');
  return text
    ? [
        ...files,
        { name: `${name}.txt`, file: new Blob([text], { type: 'text/plain' }) }
      ]
    : files;
}

/** Each image as a file. */
export function imageFiles(
  outputs: readonly IOutput[],
  name: string
): INamed[] {
  const images = outputs.flatMap(output => imageOf(output) ?? []);
  return images.map(({ type, data }, at) => ({
    name: `${name}${images.length > 1 ? `-${at + 1}` : ''}.${IMAGES[type]}`,
    file: new Blob([data], { type })
  }));
}

function imageOf({
  data
}: IOutput): { type: string; data: BlobPart } | undefined {
  const type = Object.keys(IMAGES).find(one => data?.[one] !== undefined);
  if (!type) {
    return undefined;
  }
  const value = joined(data?.[type]);
  const content = type === 'image/svg+xml' ? value : bytes(value);
  return content ? { type, data: content } : undefined;
}

/** What an output says, cut where that is too much; an image has its text for programs that cannot show it. */
export function textOf(output: IOutput, limit = Infinity): string {
  const { output_type, text, data, traceback } = output;
  switch (output_type) {
    case 'stream':
      return cut(joined(text), limit).replace(ESCAPES, '');
    case 'error':
      return cut(joined(traceback, '\n'), limit).replace(ESCAPES, '');
    default:
      return hasImage(output) ? '' : cut(joined(data?.['text/plain']), limit);
  }
}

function hasImage({ data }: IOutput): boolean {
  return Object.keys(IMAGES).some(type => data?.[type] !== undefined);
}

/** Text, which nbformat may keep as a list of its lines. */
export function joined(value: unknown, by = ''): string {
  return Array.isArray(value)
    ? value.map(String).join(by)
    : typeof value === 'string'
      ? value
      : '';
}

/** What is encoded; nothing where that is no base64. */
function bytes(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const raw = atob(base64.replace(/\s/g, ''));
    return raw ? Uint8Array.from(raw, one => one.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}
