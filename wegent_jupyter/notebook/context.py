"""What a notebook sends with a message: variables by name or value, rendered and bounded, all of them or nothing."""

import difflib
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from wegent_jupyter.client.attaching import File, attached
from wegent_jupyter.client.client import Client
from wegent_jupyter.notebook.bounded import SECONDS, Failed, TooSlow, within
from wegent_jupyter.notebook.errors import BadCall
from wegent_jupyter.notebook.markdown import clean, cut, one_line
from wegent_jupyter.notebook.renderings import Rendering, render
from wegent_jupyter.protocol.context import MAX_ALL_CHARS, MAX_CHARS, MAX_ITEMS, ContextItem, GivenItem

FIGURE_SECONDS: Final = 20.0
Context = Mapping[str, Any] | Sequence[Any]
"""Values by name, or values alone, named after the variables that hold them."""


@dataclass(slots=True, frozen=True)
class Figure:
    """A picture to attach."""

    name: str
    png: bytes


@dataclass(slots=True)
class Gathered:
    """What goes with one message."""

    items: list[GivenItem] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def attached(self, client: Client) -> AbstractAsyncContextManager[list[int]]:
        """Upload the pictures and give their ids; if that, or sending them, fails, none is left."""
        return attached(client, (File(one.name, "image/png", one.png) for one in self.figures))


def gather(context: Context, namespace: Mapping[Any, Any] | None = None) -> Gathered:
    """Return what is sent of these values; raises BadCall, and then nothing is sent."""
    named = _named(context, namespace if namespace is not None else user_namespace())
    if len(named) > MAX_ITEMS:
        raise BadCall(f"{len(named)} variables are too many for one message: {MAX_ITEMS} are allowed.")
    found, limit = Gathered(), min(MAX_CHARS, MAX_ALL_CHARS // max(1, len(named)))
    for name, value in named:
        if type(value) is ContextItem:  # isinstance() would ask the value, which may do anything
            found.items.append(GivenItem.model_validate(value.model_dump()))
            continue
        rendering = rendered(name, value)
        if rendering.png:
            found.figures.append(Figure(f"{name}.png", rendering.png))
        else:
            found.items.append(_item(name, rendering, limit))
    if sum(len(one.text) for one in found.items) > MAX_ALL_CHARS:
        raise BadCall(f"Together that is too long for one message: {MAX_ALL_CHARS:,} characters are allowed.")
    return found


def variables(names: Iterable[str], namespace: Mapping[Any, Any]) -> dict[str, Any]:
    """Return variables by name; raises BadCall, which names similar ones."""
    found = {}
    for name in names:
        if name not in namespace:
            there = [one for one in namespace if isinstance(one, str) and not one.startswith("_")]
            near = difflib.get_close_matches(name, there, 3)
            raise BadCall(f"There is no variable '{name}'.", f"Did you mean: {', '.join(near)}?" if near else None)
        found[name] = namespace[name]
    return found


def rendered(name: str, value: object) -> Rendering:
    """Return a value as it is sent; raises BadCall in one line, whatever the value does."""
    figure = str(type(value).__module__).startswith(("matplotlib", "PIL"))
    seconds = FIGURE_SECONDS if figure else SECONDS
    try:
        return within(seconds, lambda: render(value))
    except TooSlow:
        problem = f"to show it takes more than {seconds:g} seconds"
    except Failed as error:
        problem = str(error).rstrip(".")
    raise BadCall(
        f"'{name}' cannot be sent: {problem}.", "Nothing was sent. Leave it out, or send what you want to show of it."
    )


def user_namespace() -> Mapping[str, Any]:
    """Return the variables of the notebook."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return shell.user_ns if shell is not None else vars(sys.modules["__main__"])


def _named(context: Context, namespace: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    if isinstance(context, Mapping):
        return [(one_line(str(name)) or "value", value) for name, value in context.items()]
    if not isinstance(context, list | tuple):
        raise BadCall(
            f"context is a list of values, or a dict of values by name, and no {type(context).__name__}.",
            "Write it as context=[df, model].",
        )
    return [(_name_of(value, namespace) or f"value {number}", value) for number, value in enumerate(context, 1)]


def _name_of(value: object, namespace: Mapping[Any, Any]) -> str | None:
    if type(value) is ContextItem:
        return value.name
    names = (name for name, one in list(namespace.items()) if one is value and str(name)[:1] != "_")
    return next(names, None)


def _item(name: str, rendering: Rendering, limit: int) -> GivenItem:
    text, detail = clean(rendering.text) or "(empty)", rendering.detail
    if len(text) > limit:
        detail = f"{detail}, the first {limit:,} characters"
    return GivenItem(name=name, kind="variable", detail=one_line(detail), text=cut(text, limit, "\n… (cut)"))
