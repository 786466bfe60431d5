"""Make what an agent wrote harmless as Markdown, for renderers that sanitise nothing (nbconvert, for one).

What comes out has no HTML, image, link or formula, whoever renders it. Paragraphs, lists, bold and code stay what they
are.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LANGUAGES: Final = {
    *("bash", "c", "cpp", "css", "diff", "dockerfile", "go", "html", "ini", "java", "javascript", "js", "json"),
    *("julia", "makefile", "markdown", "md", "py", "python", "r", "ruby", "rust", "sh", "shell", "sql", "text"),
    *("toml", "ts", "typescript", "xml", "yaml"),
}
"""Of code blocks. Others are left out: some are drawn by a program in the page, such as mermaid and math."""

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}+|~{3,}+)(?P<info>[^`]*+)$")
"""It never goes back, so that no line makes it slow; as the next one, which takes all that follows the marks."""
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t](?P<text>.*)$")
_ITEM = re.compile(r"^(?P<indent>[ \t]{0,12})(?P<mark>[-*+]|\d{1,4}[.)])[ \t]+(?=\S)")
_KEPT = re.compile(
    r"(?<!`)(?P<ticks>`{1,2})(?!`)(?P<code>[^`\n]{1,300})(?P=ticks)(?!`)"
    r"|!?\[(?P<label>[^\[\]\n]{0,200})\]\((?P<target>[^()\s]{1,300})\)"
    r"|\*\*(?P<bold>[^*\s](?:[^*\n]{0,300}[^*\s])?)\*\*"
)
"""Bounded, so that no text makes it slow."""
_AS_CODE = re.compile(r"://|[$\\]|www\.", re.IGNORECASE)
"""What makes a word a link or a formula. MathJax looks at the finished page, where an escape is gone; never at code."""
_FORMULA = re.compile(r"\$(?=\$)|\\(?=\\?[\[(]|begin|end)")
"""What nbconvert takes for the start of a formula even in the code of a line; a zero-width space breaks it."""
_ENTITIES = {ord(one): f"&#{ord(one)};" for one in "`@"} | {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_ESCAPES = _ENTITIES | {ord(one): "\\" + one for one in "*_[]{}|~^"}
_AT_START = re.compile(r"^(?=[-+=#:])|^\d{1,9}(?=[.)])")
_LABEL = re.compile(r"!?\[[ \t]*")
"""How the label of a picture or link begins."""
_HIDDEN = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Characters that turn the direction of writing, or end a line for some."""


def clean(text: str) -> str:
    """Return text whose only control characters are tab and line feed: it may steer no terminal, and is valid UTF-8."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in "\n\t" or _shows(one) else "\N{REPLACEMENT CHARACTER}" for one in text)


def one_line(text: str, limit: int = 200) -> str:
    """Return the beginning of a text in one line."""
    return " ".join(cut(clean(text[: limit * 2]), limit).split())


def cut(text: str, limit: int, mark: str = "…") -> str:
    """Return a text of at most so many characters; the mark says that more was there."""
    return text if len(text) <= limit else text[: limit - len(mark)] + mark


def prose(text: str, breaks: bool = False) -> str:
    """Return Markdown of paragraphs, lists and code blocks; `breaks`: lines stay lines."""
    end = "  \n" if breaks else "\n"
    blocks: list[str] = []
    lines: list[str] = []
    source = iter(clean(text).split("\n"))
    for line in source:
        fence = _FENCE.match(line)
        if fence is None:
            lines.append(_prose_line(line))
            continue
        blocks.append(end.join(lines).strip())
        lines = []
        blocks.append(fenced("\n".join(_inside(fence, source)), _language(fence["info"])))
    blocks.append(end.join(lines).strip())
    return "\n\n".join(block for block in blocks if block)


def inline(text: str) -> str:
    """Return a text as part of a line: code and bold stay, all else is letters."""
    return _started(" ".join(clean(text).split()))


def code(text: str) -> str:
    """Return a text as code within a line."""
    shown = " ".join(clean(text).split()).replace("`", "'")
    return f"`{_FORMULA.sub(lambda found: found[0] + chr(0x200B), shown)}`" if shown else ""


def fenced(text: str, language: str = "") -> str:
    """Return a code block; no line in it can end it."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _inside(fence: re.Match[str], source: Iterator[str]) -> list[str]:
    """Return the lines up to the end of a code block, without its indent."""
    mark, indent, found = fence["fence"], len(fence["indent"]), []
    for line in source:
        end = line.strip()
        if len(end) >= len(mark) and not end.strip(mark[0]):
            break
        found.append(line[indent:] if not line[:indent].strip() else line.lstrip())
    return found


def _language(info: str) -> str:
    word = info.strip().split(maxsplit=1)[0].lower() if info.strip() else ""
    return word if word in LANGUAGES else ""


def _prose_line(line: str) -> str:
    heading = _HEADING.match(line)
    if heading:
        text = heading["text"].strip().rstrip("#").strip().replace("**", "")
        return f"\n**{_inline(text)}**\n" if text else ""
    item = _ITEM.match(line)
    if item is None:
        return _started(line.strip())
    level = min(len(item["indent"].expandtabs(4)) // 2, 3)
    mark = item["mark"] if item["mark"][0].isdigit() else "-"
    return f"{'  ' * level}{mark} {_started(line[item.end() :].strip())}"


def _started(text: str) -> str:
    """Return a text that begins a line: nothing in it makes a list, a heading or a rule."""
    label = _LABEL.match(text)
    found = _AT_START.match(text[label.end() :]) if label is not None else _AT_START.match(text)
    if found is not None and label is not None:  # of it only the label is left
        return _inline(f"{label[0]}\u200b{text[label.end() :]}")
    if found is None:
        return _inline(text)
    return f"{found[0]}\\{text[found.end()]}{_inline(text[found.end() + 1 :])}"


def _inline(text: str) -> str:
    parts, end = [], 0
    for found in _KEPT.finditer(text):
        parts += [_words(text[end : found.start()]), _kept(found)]
        end = found.end()
    return "".join([*parts, _words(text[end:])])


def _kept(found: re.Match[str]) -> str:
    if found["code"] is not None:
        return code(found["code"]) or _words(found[0])
    if found["bold"] is not None:
        return f"**{_words(found['bold'])}**"
    label = _words(found["label"])
    return f"{label}{' ' if label else ''}({code(found['target'])})"


def _words(text: str) -> str:
    if not _AS_CODE.search(text):
        return text.translate(_ESCAPES)
    return "".join(_word(part) for part in re.split(r"([\s`]+)", text))


def _word(text: str) -> str:
    return code(text) if _AS_CODE.search(text) else text.translate(_ESCAPES)


def _shows(character: str) -> bool:
    return character not in _HIDDEN and unicodedata.category(character) not in ("Cc", "Cs")
