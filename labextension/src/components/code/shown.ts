/** What stands around code that Markdown itself makes. */
const AROUND = ['LI', 'OL', 'UL', 'BLOCKQUOTE'];

/** Begins the names that CodeMirror gives to its own styles. */
const STYLES = /^\u037c\w+$/;

/** The texts of code that people see as such in rendered Markdown: with HTML a hostile answer could hide some. */
export function codeIn(root: Element): string[] {
  return [...root.querySelectorAll('.jp-RenderedMarkdown pre > code')]
    .filter(code => isMarkdown(code.parentElement) && isPlain(code))
    .map(code => code.textContent);
}

function isMarkdown(pre: Element | null): boolean {
  let at = pre;
  while (at && !at.classList.contains('jp-RenderedMarkdown')) {
    if (
      [...at.attributes].some(({ name }) => name !== 'start') ||
      (at !== pre && !AROUND.includes(at.tagName))
    ) {
      return false;
    }
    at = at.parentElement;
  }
  return at !== null;
}

/** Whether there is nothing in it but text and its colours. */
function isPlain(code: Element): boolean {
  const own = [...code.attributes].every(({ name }) => name === 'class');
  return (
    own &&
    [...code.children].every(
      one =>
        one.tagName === 'SPAN' &&
        one.childElementCount === 0 &&
        one.attributes.length === (one.hasAttribute('class') ? 1 : 0) &&
        [...one.classList].every(name => STYLES.test(name))
    )
  );
}
