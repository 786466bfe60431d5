import type { TranslationBundle } from '@jupyterlab/translation';

import { MAX_AUTH_BYTES } from '../api/personal';
import { size } from './text';

/** Read a login file that somebody chose; throws, without a word of what is in it, where it cannot be one. */
export async function readAuth(
  trans: TranslationBundle,
  file: Pick<Blob, 'size' | 'text'>
): Promise<object> {
  if (file.size > MAX_AUTH_BYTES) {
    throw new Error(
      trans.__(
        'This file has %1. A login has up to %2: choose the auth.json of Codex.',
        size(file.size),
        size(MAX_AUTH_BYTES)
      )
    );
  }
  const found = parse(await file.text());
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new Error(
      trans.__(
        'This file is not a JSON object. Choose the auth.json of Codex, which is in ~/.codex of a machine that is logged in.'
      )
    );
  }
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // Its message would quote the text.
    return null;
  }
}
