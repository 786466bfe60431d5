import type { TranslationBundle } from '@jupyterlab/translation';

function filled(text: string, parts: (string | number)[]): string {
  return text.replace(/%(\d)/g, (_, at: string) =>
    String(parts[Number(at) - 1] ?? '')
  );
}

/** English, as without a language pack; JupyterLab's own needs a page. */
export const trans = {
  __: (text: string, ...parts: (string | number)[]) => filled(text, parts),
  _n: (
    one: string,
    many: string,
    count: number,
    ...parts: (string | number)[]
  ) => filled(count === 1 ? one : many, [count, ...parts])
} as unknown as TranslationBundle;
