/** The fenced code of an answer in Markdown. */

export interface ICodeBlock {
  /** As the fence names it, in lower case; empty where it does not. */
  language: string;
  code: string;
}

/** What becomes a cell of a block. */
export interface INewCell {
  cell_type: 'code' | 'markdown';
  source: string;
}

/** Blocks of an answer for which something is offered. */
const MAX_BLOCKS = 30;

/** Characters of a title. */
const TITLE = 80;

/** Characters of an answer that are looked at. */
const MAX_CHARS = 1_000_000;

/** What stands in fences and is nothing to be run. */
const NO_CODE = new Set([
  'console',
  'diff',
  'log',
  'output',
  'patch',
  'plain',
  'plaintext',
  'text',
  'traceback',
  'txt'
]);

const MARKDOWN = new Set(['markdown', 'md']);
const SHELL = new Set(['bash', 'sh', 'shell', 'zsh']);

/** What may stand before a fence: quotation marks, indentation, the mark of a list's entry. */
const BEFORE = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?/;
const FENCE = /^(`{3,}|~{3,})[ \t]*(.*)$/;

interface IOpening {
  before: string;
  fence: string;
  language: string;
}

/** Every block that was closed and can be a cell; the rules are CommonMark's, but for fences within code by indentation. */
export function codeBlocks(text: string): ICodeBlock[] {
  const blocks: ICodeBlock[] = [];
  let open: IOpening | null = null;
  let lines: string[] = [];
  for (const line of text.slice(0, MAX_CHARS).split(/\r?\n/)) {
    if (!open) {
      open = opening(line);
      lines = [];
    } else if (closes(line, open)) {
      const code = lines
        .join('\n')
        .replace(/^(?:[ \t]*\n)+/, '')
        .trimEnd();
      blocks.push({ language: open.language, code });
      open = null;
    } else {
      lines.push(within(line, open.before));
    }
  }
  return blocks
    .filter(({ language, code }) => code && !NO_CODE.has(language))
    .slice(0, MAX_BLOCKS);
}

/** A block as a cell of a notebook whose kernel speaks a language. */
export function asCell(
  { language, code }: ICodeBlock,
  spoken: string
): INewCell {
  if (MARKDOWN.has(language)) {
    return { cell_type: 'markdown', source: code };
  }
  const shell = SHELL.has(language) && spoken === 'python';
  // IPython's own way to run it.
  return { cell_type: 'code', source: shell ? `%%bash\n${code}` : code };
}

/** The first line that says something, by which people know a block. */
export function titleOf({ code }: ICodeBlock): string {
  const first = code.split('\n').find(one => one.trim()) ?? '';
  const line = first.trim().replace(/\s+/g, ' ');
  return line.length > TITLE ? `${line.slice(0, TITLE)}…` : line;
}

export function linesOf({ code }: ICodeBlock): number {
  return code.split('\n').length;
}

/** The blocks that are among the texts that a page shows as code. */
export function shownBlocks(
  blocks: readonly ICodeBlock[],
  shown: readonly string[]
): ICodeBlock[] {
  const seen = new Set(shown.map(bare));
  return blocks.filter(({ code }) => seen.has(bare(code)));
}

/** A text without what renderers may write in another way: indentation, ends of lines. */
function bare(text: string): string {
  return text.replace(/\s/g, '');
}

function opening(line: string): IOpening | null {
  const before = BEFORE.exec(line)?.[0] ?? '';
  const [, fence = '', info = ''] =
    FENCE.exec(line.slice(before.length).trimEnd()) ?? [];
  if (!fence || (fence.startsWith('`') && info.includes('`'))) {
    return null;
  }
  const [, language = ''] = /^[{.]*([^\s,{}]*)/.exec(info) ?? [];
  return { before, fence, language: language.toLowerCase() };
}

function closes(line: string, { before, fence }: IOpening): boolean {
  const quoted = before.includes('>');
  const rest = line.replace(quoted ? /^[ \t>]*/ : /^[ \t]*/, '').trimEnd();
  return (
    rest.length >= fence.length &&
    rest.startsWith(fence) &&
    rest.replaceAll(fence.charAt(0), '') === ''
  );
}

/** A line of code without what stands before its fence. */
function within(line: string, before: string): string {
  const marks = before.includes('>') ? ' \t>' : ' \t';
  let at = 0;
  while (
    at < before.length &&
    at < line.length &&
    marks.includes(line.charAt(at))
  ) {
    at++;
  }
  return line.slice(at);
}
