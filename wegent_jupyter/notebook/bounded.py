"""Look at a value for no longer than it is worth: its beginning as text, whatever it is and however large."""

import contextvars
import ctypes
import dataclasses
import datetime
import itertools
import reprlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar

from wegent_jupyter.notebook.markdown import one_line

T = TypeVar("T")

SECONDS: Final = 2.0
"""For one value. What needs longer is refused: a cell is about to be sent, and somebody waits."""
_ENDS: Final = 2.0
"""Seconds for a value that took too long to end, before it is left alone."""
_BITS: Final = 4_000
"""Of a number that is written whole: Python refuses to write those of more than 4,300 digits."""
_CHARS: Final = 40_000
"""Of one value, after which nothing more of it is looked at."""

_BRIEF: Final = (datetime.date, datetime.time, datetime.timedelta, Decimal)
"""Their `str` is what a table shows."""


class TooSlow(Exception):
    """It was not done in time."""


class Failed(Exception):
    """It raised; the text says what, in one line."""


class _Enough(BaseException):
    """Raised inside of what took too long; no `except Exception` of a value's own keeps it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns; raises Failed and TooSlow.

    It runs in a thread, since nothing else can be ended. A call into C that does not come back is left behind.
    """
    done: list[T] = []
    failed: list[str] = []

    def run() -> None:
        try:
            try:
                done.append(context.run(work))
            except Exception as error:
                failed.append(_said(error))
            except (KeyboardInterrupt, SystemExit, GeneratorExit) as error:
                failed.append(_said(error))  # it was the value that raised it: an interrupt comes to the main thread
        except _Enough:
            pass

    context = contextvars.copy_context()  # NumPy keeps its print options there
    thread = threading.Thread(target=run, name="wegent-look", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        if late := thread.is_alive():  # the time is up, or the kernel was interrupted
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Enough))
    if late:
        thread.join(_ENDS)
    if late or not (done or failed):
        raise TooSlow
    if failed:
        raise Failed(failed[0])
    return done[0]


def _said(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:
        said = ""  # an error that cannot be shown either
    name = type(error).__name__
    return one_line(f"{name}: {said}" if said else name)


def known_as(value: object, module: str, name: str) -> bool:
    """Say whether a value is of a class of a library, without importing that."""
    there = sys.modules.get(module)
    found = getattr(there, name, None) if there is not None else None
    return isinstance(found, type) and isinstance(value, found)


class _Repr(reprlib.Repr):
    """`repr` of the beginning of a value: nothing is sorted, copied or written whole, however much there is."""

    def __init__(self, entries: int, chars: int, levels: int) -> None:
        super().__init__()
        self.entries, self.maxlevel, self.left = entries, levels, _CHARS
        self.maxstring = self.maxother = self.maxlong = chars
        self._opened: set[int] = set()

    def repr1(self, x: Any, level: int) -> str:
        """Return a value as text."""
        if self.left <= 0:
            return "…"
        text = self._one(x, level)
        self.left -= len(text)
        return text

    def _one(self, x: Any, level: int) -> str:
        if isinstance(x, str | bytes | bytearray | memoryview):
            return self._text(x)
        if id(x) in self._opened:
            return "…"
        self._opened.add(id(x))
        try:
            return self._container(x, level)
        finally:
            self._opened.discard(id(x))

    def _container(self, x: Any, level: int) -> str:
        kind = type(x)
        if isinstance(x, dict):
            pairs = (f"{self.repr1(key, level - 1)}: {self.repr1(one, level - 1)}" for key, one in dict.items(x))
            return self._some(pairs, len(x), level, "{}", "" if kind is dict else kind.__name__)
        if isinstance(x, list | set | frozenset | deque) or (isinstance(x, tuple) and not hasattr(x, "_fields")):
            ends = "[]" if isinstance(x, list | deque) else "()" if isinstance(x, tuple) else "{}"
            parts = (self.repr1(one, level - 1) for one in iter(x))
            return self._some(parts, len(x), level, ends, "" if kind in (list, tuple, set) else kind.__name__)
        if isinstance(x, tuple) or _plain_dataclass(x):
            names = getattr(x, "_fields", None) or [one.name for one in dataclasses.fields(x) if one.repr]
            shown = (f"{name}={self.repr1(getattr(x, name), level - 1)}" for name in names)
            return self._some(shown, len(names), level, "()", kind.__name__)
        if (line := _table_line(x)) is not None:
            return line
        if isinstance(x, int) and x.bit_length() > _BITS:
            return f"<int, {x.bit_length():,} bits>"
        return self._cut(repr(x))

    def _some(self, parts: Iterable[str], count: int, level: int, ends: str, name: str) -> str:
        if level <= 0 and count:
            return f"{name}{ends[0]}…{ends[1]}"
        shown: list[str] = []
        for part in itertools.islice(parts, self.entries):
            shown.append(part)
            if self.left <= 0:
                break
        more = [f"… {count - len(shown):,} more"] if count > len(shown) else []
        inner = ", ".join([*shown, *more])
        return f"{name}({ends[0]}{inner}{ends[1]})" if name and ends != "()" else f"{name}{ends[0]}{inner}{ends[1]}"

    def _text(self, x: str | bytes | bytearray | memoryview) -> str:
        if isinstance(x, memoryview):
            return f"<memoryview, {x.nbytes:,} bytes>"
        shown = repr(x[: self.maxstring])
        return shown if len(x) <= self.maxstring else f"{shown}… ({len(x):,} long)"

    def _cut(self, text: str) -> str:
        return text if len(text) <= self.maxother else f"{text[: self.maxother]}…"


def _plain_dataclass(x: Any) -> bool:
    made = getattr(type(x), "__dataclass_params__", None)
    return made is not None and made.repr and not isinstance(x, type) and hasattr(type(x).__repr__, "__wrapped__")


def _table_line(x: Any) -> str | None:
    """Return a table or array inside of something else in a few words."""
    if known_as(x, "pandas", "DataFrame") or known_as(x, "pandas", "Series") or known_as(x, "numpy", "ndarray"):
        return f"<{type(x).__name__}, {' x '.join(f'{one:,}' for one in x.shape) or 'one value'}>"
    return None


def shown(value: object, entries: int = 40, chars: int = 2_000, levels: int = 4) -> str:
    """Return a value's `repr`, of so many entries per level, characters per text and levels; raises what that does."""
    return _Repr(entries, chars, levels).repr1(value, levels)


def cell(value: object, chars: int = 60) -> str:
    """Return a value as a cell of a table: one short line."""
    if isinstance(value, str):
        text = value[: 2 * chars]
    elif isinstance(value, _BRIEF) or _scalar(value):
        text = str(value)
    else:
        text = shown(value, 5, chars, 2)
    line = " ".join(text[: 2 * chars].split())
    return line if len(line) <= chars else f"{line[: chars - 1]}…"


def _scalar(value: object) -> bool:
    """Say whether a value is one of NumPy's or pandas' own, whose `repr` names its type."""
    return known_as(value, "numpy", "number") or type(value).__module__.startswith("pandas._libs")
