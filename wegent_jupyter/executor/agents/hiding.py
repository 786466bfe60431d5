"""Keep the secrets of a turn out of what it shows: an agent may print its environment, a provider repeat its key.

A secret may come in parts. So of a text that grows as much is held back as may be the beginning of one, and no more.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from wegent_jupyter.executor.agents.base import AgentFailed, Emit, Run
from wegent_jupyter.protocol.events import AgentEvent, Delta, Tool

HIDDEN = "***"
MIN_SECRET = 6
"""Characters: what is shorter is a placeholder, and hiding it would tear words apart."""
_OURS = frozenset({"item_id", "index", "kind", "offset", "approval_id", "tool_item", "asks", "status", "level"})
"""Fields of events that we fill."""
_CUT = (" …", "…")
"""How a text ends of which there is more."""
One = TypeVar("One")


def of_url(url: str | None) -> tuple[str, ...]:
    """Return what is secret of the address of a proxy: all of it, and its password wherever else that stands."""
    if not url:
        return ()
    with contextlib.suppress(ValueError):
        password = urlsplit(url).password
        return (url, *((password, unquote(password)) if password else ()))
    return (url,)


@dataclass(slots=True)
class _Growing:
    """A text that grows: its place in the transcript, what is shown of it, and what is held back."""

    last: Delta
    shown: int = 0
    held: str = ""


class Hiding:
    """Emits what a turn shows, with `***` in place of its secrets. Offsets are those of what is shown."""

    def __init__(self, emit: Emit, secrets: Iterable[str | None]) -> None:
        """Hide these; what is too short to be one is left."""
        self._emit = emit
        self._secrets = sorted({one for one in secrets if one and len(one) >= MIN_SECRET}, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, self._secrets))) if self._secrets else None
        self._first = {one[0] for one in self._secrets}
        self._longest = len(self._secrets[0]) if self._secrets else 0
        self._growing: dict[str, _Growing] = {}

    def __call__(self, event: AgentEvent) -> None:
        """Emit one event of the agent's."""
        if self._any is None:
            self._emit(event)
        elif isinstance(event, Delta):
            self._grow(event)
        elif isinstance(event, Tool):
            self._emit(self._tool(event))
        else:
            self._emit(self.of(event))

    def text(self, text: str) -> str:
        """Return a text without the secrets, and without the beginning of one where it was cut off."""
        if self._any is None:
            return text
        text = self._any.sub(HIDDEN, text)
        end = next((one for one in _CUT if text.endswith(one)), "")
        if end:
            said = text.removesuffix(end)
            begun = self._begun(said)
            if len(said) - begun >= MIN_SECRET:
                return said[:begun] + HIDDEN + end
        return text

    def of(self, value: One) -> One:
        """Return JSON, or an event, without the secrets."""
        return self._of(value) if self._any is not None else value

    def end(self, item_id: str) -> None:
        """Show what is held back of a text: no more of it comes."""
        growing = self._growing.get(item_id)
        if growing is not None and growing.held:
            self._show(growing, growing.held)
            growing.held = ""

    def flush(self) -> None:
        """Show what is held back of everything."""
        for item_id in self._growing:
            self.end(item_id)

    def _of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._of(one) for one in value]
        if isinstance(value, dict):
            return {self._of(name): self._of(one) for name, one in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            names = [one.name for one in fields(value) if one.name not in _OURS]
            return replace(value, **{name: self._of(getattr(value, name)) for name in names})
        return value

    def _grow(self, event: Delta) -> None:
        growing = self._growing.setdefault(event.item_id, _Growing(event, event.offset))
        growing.last = event
        self._show(growing, self._ready(growing, growing.held + event.text))

    def _tool(self, event: Tool) -> Tool:
        """Return a tool call whose output may go on, from what is shown of it."""
        shown: Tool = self._of(event)
        if event.status not in ("pending", "in_progress"):
            self._growing.pop(event.item_id, None)
            return shown
        growing = _Growing(Delta(event.item_id, event.index, "output", 0, ""))
        shown.output = self._any_hidden(self._ready(growing, event.output))
        growing.shown = len(shown.output)
        self._growing[event.item_id] = growing
        return shown

    def _show(self, growing: _Growing, text: str) -> None:
        text = self._any_hidden(text)
        if text:
            self._emit(replace(growing.last, offset=growing.shown, text=text))
            growing.shown += len(text)

    def _any_hidden(self, text: str) -> str:
        return self._any.sub(HIDDEN, text) if self._any is not None else text

    def _ready(self, growing: _Growing, text: str) -> str:
        """Return what of a text can be shown, and hold back the rest."""
        at = self._begun(text)
        growing.held = text[at:]
        return text[:at]

    def _begun(self, text: str) -> int:
        """Return where at the end of a text a secret may begin that is not whole yet; its length if nowhere.

        The secrets that are whole come first, from left to right, as they are replaced: none is cut in two.
        """
        whole = self._any.finditer(text) if self._any is not None else iter(())
        found = next(whole, None)
        for at in range(max(len(text) - self._longest + 1, 0), len(text)):
            if text[at] not in self._first:
                continue
            while found is not None and found.end() <= at:
                found = next(whole, None)
            inside = found is not None and found.start() < at
            rest = text[at:]
            if not inside and any(len(one) > len(rest) and one.startswith(rest) for one in self._secrets):
                return at
        return len(text)


@contextlib.contextmanager
def hiding(run: Run, emit: Emit, secrets: Iterable[str | None]) -> Iterator[Hiding]:
    """Keep secrets out of all that a turn emits, asks and fails with inside the block."""
    found = Hiding(emit, secrets)
    run.gate.hide = found.of
    try:
        yield found
    except AgentFailed as error:
        error.error.message = found.text(error.error.message)
        error.args = (error.error.message,)
        error.error.fix = found.text(error.error.fix) if error.error.fix else error.error.fix
        raise
    finally:
        found.flush()
