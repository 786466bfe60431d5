"""Cells of a transcript: what people and agents wrote is made harmless, all of it is bounded."""

import re
from collections.abc import Sequence
from typing import Any

from wegent_jupyter.client.harmless import Fence, blocks, plain, prose

MAX_CELLS = 5_000
MAX_OUTPUT = 50_000
"""Characters of one output."""
MAX_SOURCE = 200_000
"""Characters of one cell."""
MAX_ALL = 20_000_000
"""Characters of all cells: a notebook that JupyterLab still opens."""
CUT = "… cut here; the whole is in the task"
PYTHON = frozenset({"python", "python3", "py", "ipython", "ipython3"})
_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}m")
"""Colours, which notebooks show. Other sequences can do more."""


class Cells:
    """The cells so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self.made: list[Any] = []
        self._left = MAX_ALL
        self._full = False

    def say(self, *paragraphs: str, folded: bool = False) -> None:
        """Add a Markdown cell of text that is harmless already."""
        from nbformat import v4

        metadata = {"jupyter": {"source_hidden": True}} if folded else {}
        source = "\n\n".join(one for one in paragraphs if one)
        self._add(v4.new_markdown_cell(self._bounded(source, MAX_SOURCE), metadata=metadata))

    def tell(self, text: str) -> None:
        """Add what an agent or a person wrote: Markdown, and its Python as code."""
        said: list[str] = []
        for block in blocks(text):
            if isinstance(block, Fence) and block.language.lower() in PYTHON and block.code.strip():
                self._say_all(said)
                said = []
                self.code(block.code)
            else:
                said.append(block.markdown() if isinstance(block, Fence) else prose(block.text))
        self._say_all(said)

    def _say_all(self, said: list[str]) -> None:
        if said:
            self.say(*said)

    def code(self, source: str, outputs: Sequence[Any] = (), tag: str = "wegent-code") -> None:
        """Add a code cell; programs that run notebooks pass it over."""
        from nbformat import v4

        metadata = {"tags": [tag, "skip-execution"]}
        source = self._bounded(plain(source), MAX_SOURCE)
        self._add(v4.new_code_cell(source, metadata=metadata, outputs=list(outputs)))

    def output(self, text: str, name: str = "stdout") -> Any:
        """Return an output for a code cell."""
        from nbformat import v4

        return v4.new_output("stream", name=name, text=self._bounded(printed(text), MAX_OUTPUT))

    def _bounded(self, text: str, most: int) -> str:
        most = min(most, self._left)
        self._left -= min(len(text), most)
        return text if len(text) <= most else f"{text[:most]}\n\n{CUT}"

    def _add(self, cell: Any) -> None:
        if self._full:
            return
        if len(self.made) >= MAX_CELLS or not self._left:
            from nbformat import v4

            self._full = True
            cell = v4.new_markdown_cell(CUT)
        # Not by chance, so that two transcripts of one task can be compared.
        cell["id"] = f"wegent-{len(self.made) + 1}"
        self.made.append(cell)


def printed(text: str) -> str:
    """Return what a program wrote, its colours kept."""
    colours = _ESCAPES.findall(text)
    parts = [plain(part) for part in _ESCAPES.split(text)]
    return "".join(part + colour for part, colour in zip(parts, [*colours, ""], strict=True))


def fenced(text: str, language: str = "") -> str:
    """Return text as a block of code."""
    return Fence(plain(text), language).markdown()


def quoted(text: str) -> str:
    """Return harmless Markdown as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
