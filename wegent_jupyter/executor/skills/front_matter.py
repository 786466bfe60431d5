"""Read the head of a SKILL.md: the part of YAML that skills use, and no more; what is not understood is left out."""

import re
from collections.abc import Iterator

Fields = dict[str, str]
"""Keys of the top level, and those one level below as `outer.inner`."""

_KEY = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z0-9_-]+):(?:\s+(?P<value>.*))?\s*")
_BLOCK = re.compile(r"[|>][+-]?\d?\s*(?:#.*)?")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


def parse(text: str) -> Fields | None:
    """Return the fields of a text's head; None where it has no head between two lines of `---`."""
    first, *rest = text.splitlines() or [""]
    if first.rstrip() != "---":
        return None
    ends = [number for number, line in enumerate(rest) if line.rstrip() == "---"]
    return dict(_fields(rest[: ends[0]])) if ends else None


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    outer, number = "", 0
    while number < len(lines):
        found = _KEY.fullmatch(lines[number])
        number += 1
        if found is None:
            continue
        indent, key, value = len(found["indent"]), found["key"], (found["value"] or "").strip()
        following = number
        while following < len(lines) and _belongs(lines[following], indent):
            following += 1
        block, is_block = lines[number:following], bool(_BLOCK.fullmatch(value))
        name = key if indent == 0 else f"{outer}.{key}"
        if indent == 0:
            outer = key
        if is_block:
            yield name, _joined(block, keep=value.startswith("|"))
        elif value or not any(_KEY.fullmatch(line) for line in block):
            yield name, _plain(" ".join([value, *(line.strip() for line in block)]).strip())
        else:
            continue  # a map: its own lines follow
        number = following


def _belongs(line: str, indent: int) -> bool:
    return not line.strip() or len(line) - len(line.lstrip(" ")) > indent


def _joined(block: list[str], *, keep: bool) -> str:
    lines = [line.strip() for line in block]
    return "\n".join(lines).strip() if keep else " ".join(line for line in lines if line)


def _plain(value: str) -> str:
    """Return a value without its quotes or its comment."""
    if value.startswith("'"):
        quoted = re.match(r"'((?:[^']|'')*)'", value)
        return quoted[1].replace("''", "'") if quoted else value[1:]
    if value.startswith('"'):
        quoted = re.match(r'"((?:[^"\\]|\\.)*)"', value)
        return re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[0]), quoted[1]) if quoted else value[1:]
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()
