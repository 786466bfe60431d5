"""Markdown of an agent or a person made harmless: no HTML, no image, no link but to the web; its formatting stays.

Parsers disagree about details, and a page that nbconvert writes is not sanitised. So nothing is judged by what one of
them would make of it: what counts as code here is written anew, in a form about which all agree, and the rest is text,
in which no character can begin HTML or an image.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^([ \t]*)(`{3,}+|~{3,}+)([^`\n]*+)$")
"""It never goes back, so that no line makes it slow."""
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")
_TOKEN = re.compile(
    r"(?P<formula>\\\\(?=[\[\]()]|(?:begin|end)\b))"
    r"|(?P<escape>\\[^\w\s])"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]{0,5000}?[^`\n](?P=ticks)(?!`))"
    r"|(?P<ticked>`+)"
    r"|(?P<display>\$\$[^`$]+?\$\$)"
    r"|(?P<dollars>\$\$+)"
    r"|(?P<struck>~~+)"
    r"|(?P<html><)"
    r"|(?P<image>!\[)"
    r"|(?P<reference>\]:)"
    r"|(?P<link>\]\((?!https?://|mailto:|#))"
)
"""Code within a line has at most 5,000 characters: each of many runs of backticks looks for its end."""
_OPENS = re.compile(r"[<!\[\]]")
"""What would begin something, were it not code."""
_ACTS = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)|\](?=\()")
"""What would act, did some parser take the code for something else: broken by what does not show."""
LONGEST_WORD = 200
"""Characters before code that are looked at."""
_WORD_BEFORE = re.compile(r"(?<!\S)\S*$")
_ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)
"""Behind one, without a space between, some take a backtick for a part of it."""
_LINKS = re.compile(r"!\[|\]\(|\]:")
_COMMANDS = re.compile(
    r"\\(?=(?:href|url|class|cssId|style|require|include|html|data|Tip|toggle|action|unicode|let|g?def|newc|newe|renew"
    r"|provide))"
)
"""What in TeX makes links, loads, or names such a thing anew."""
_ENVIRONMENT = re.compile(r"\\(?=(?:begin|end)\b)")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_END = re.compile(r"(?<=\S)[ ]*\n(?=\S)")
_BREAK = "\u200b"
"""Shows nothing; after a backslash, no command follows."""


@dataclass(slots=True, frozen=True)
class Prose:
    """Text between fences, as it came."""

    text: str


@dataclass(slots=True, frozen=True)
class Fence:
    """A block of code."""

    code: str
    language: str = ""

    def markdown(self) -> str:
        """Return it so that every parser takes all of it for code."""
        longest = max((len(run) for run in re.findall(r"`+", self.code)), default=0)
        ticks = "`" * max(3, longest + 1)
        return f"{ticks}{self.language}\n{self.code}\n{ticks}"


def blocks(text: str) -> Iterator[Prose | Fence]:
    """Split Markdown at its fences; one that is not closed goes to the end."""
    prose: list[str] = []
    lines = iter(plain(text).split("\n"))
    for line in lines:
        opening = _FENCE.match(line)
        if opening is None:
            prose.append(line)
            continue
        if any(one.strip() for one in prose):
            yield Prose("\n".join(prose))
        prose = []
        language = _LANGUAGE.match(opening[3].strip())
        yield Fence("\n".join(_inside(lines, opening[1], opening[2])), language[0] if language else "")
    if any(one.strip() for one in prose):
        yield Prose("\n".join(prose))


def _inside(lines: Iterator[str], indent: str, fence: str) -> Iterator[str]:
    closing = re.compile(rf"^[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    for line in lines:
        if closing.match(line):
            return
        yield line.removeprefix(indent)


def harmless(text: str) -> str:
    """Return Markdown without what could act on the page that shows it."""
    return "\n\n".join(one.markdown() if isinstance(one, Fence) else prose(one.text) for one in blocks(text))


def typed(text: str) -> str:
    """Return what a person typed, their line breaks kept."""
    lines = (one if isinstance(one, Fence) else _LINE_END.sub("  \n", prose(one.text)) for one in blocks(text))
    return "\n\n".join(one.markdown() if isinstance(one, Fence) else one for one in lines)


def prose(text: str) -> str:
    """Return Markdown between fences without what could act."""
    done, end = [], 0
    dollar = text.find("$")
    for found in _TOKEN.finditer(text):
        done += [_plain_commands(text[end : found.start()]), _token(found, formula=-1 < dollar < found.start())]
        end = found.end()
    done.append(_plain_commands(text[end:]))
    return "".join(done).strip("\n")


def words(text: str) -> str:
    """Return text as one line that shows as it is: a title, a path."""
    line = " ".join(plain(text).split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_{}\[\]#|~$])", r"\\\1", line)


def plain(text: str) -> str:
    """Return text without control characters but tab and newline; those that reorder what is shown are some."""
    return _CONTROLS.sub("�", text.replace("\r\n", "\n").replace("\r", "\n"))


def _token(found: re.Match[str], *, formula: bool) -> str:
    """Return a token; `formula`: a dollar is before it, with which something that swallows it may have begun."""
    text = found[0]
    match found.lastgroup:
        case "formula":
            return text + _BREAK
        case "escape":
            return "&lt;" if text == "\\<" else text
        case "code" if _is_code(found):
            code = _ACTS.sub(lambda begins: begins[0] + _BREAK, text)
            return _plain_commands(code) if formula else code
        case "code" | "ticked":
            return _inert(text)
        case "display" if not _LINKS.search(text):
            return _COMMANDS.sub(_broken, text.replace("<", "\\lt "))
        case "display" | "dollars" | "struck":  # some strike out what begins in code, and show the rest of it as HTML
            return _inert(text)
        case "html":
            return "&lt;"
        case _:  # an image, a reference or a link: its second character is text
            return f"{text[0]}\\{text[1:]}"


def _is_code(found: re.Match[str]) -> bool:
    """Say whether every parser takes it for code: in a table it would end at `|`."""
    if not _OPENS.search(found[0]):
        return True
    before = found.string[max(0, found.start() - LONGEST_WORD) : found.start()]
    word = _WORD_BEFORE.search(before)
    known = word is not None and (len(word[0]) < LONGEST_WORD) and not _ADDRESS.search(word[0])
    return known and "|" not in found[0]


def _broken(_: re.Match[str]) -> str:
    return "\\" + _BREAK


def _inert(text: str) -> str:
    return "".join(_entity(one) if one in "`<>![]():&\\$~" else one for one in text)


def _entity(character: str) -> str:
    """Return a character so that it can be nothing but itself."""
    return f"&#{ord(character)};"


def _plain_commands(text: str) -> str:
    return _ENVIRONMENT.sub(_broken, _COMMANDS.sub(_broken, text))
