import type { TranslationBundle } from '@jupyterlab/translation';

/** English, as without a language pack; JupyterLab's own needs a page. */
export const trans = {
  __: (text: string, ...parts: (string | number)[]) =>
    text.replace(/%(\d)/g, (_, at: string) =>
      String(parts[Number(at) - 1] ?? '')
    )
} as unknown as TranslationBundle;
