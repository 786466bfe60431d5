"""Controls that tell what a person did with them, and nothing of what was done to them from here."""

from collections.abc import Callable
from typing import Any, Final

from ipywidgets import HTML, Button, Checkbox, Dropdown, HBox, Password, VBox
from traitlets import Unicode

from wegent_jupyter.notebook.widgets.looks import Line, Part, Strong, page
from wegent_jupyter.notebook.widgets.worker import LOCK


class Choice(Dropdown):  # type: ignore[misc]  # ipywidgets has no types
    """A list of choices; what is picked is told once it is in place."""

    options: Any
    value: Any

    def __init__(self, on_pick: Callable[[Any], None], **traits: Any) -> None:
        """Offer nothing yet."""
        super().__init__(**traits)
        self._on_pick = on_pick

    def offer(self, options: list[tuple[str, str]], value: str | None) -> None:
        """Show choices, each a label and what it stands for, and which is chosen."""
        if tuple(options) != tuple(self.options) or value != self.value:
            with self.hold_sync():
                if tuple(options) != tuple(self.options):
                    self.options = options
                self.value = value

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what a front end sends."""
        with LOCK:
            super().set_state(sync_data)
            picked = self.value
        if "index" in sync_data:
            self._on_pick(picked)


class Switch(Checkbox):  # type: ignore[misc]  # ipywidgets has no types
    """On or off; what a person wants is told."""

    def __init__(self, on_change: Callable[[bool], None], **traits: Any) -> None:
        """Be off."""
        super().__init__(indent=False, **traits)
        self._on_change = on_change

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what a front end sends."""
        with LOCK:
            super().set_state(sync_data)
        if "value" in sync_data:
            self._on_change(bool(self.value))


class Secret(Password):  # type: ignore[misc]  # ipywidgets has no types
    """A field whose text never becomes a part of the widget's state.

    A state is echoed to every front end and can be saved in the notebook: what is typed is taken out of the message
    before it gets there, and every front end is told to empty the field.
    """

    value = Unicode("").tag(sync=True, echo_update=False)

    def __init__(self, on_typed: Callable[[str], None], **traits: Any) -> None:
        """Be empty. Only a whole text is sent, not each letter."""
        super().__init__(continuous_update=False, **traits)
        self._on_typed = on_typed

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what a front end sends."""
        typed = sync_data.get("value")
        super().set_state({name: value for name, value in sync_data.items() if name != "value"})
        if isinstance(typed, str) and typed:
            self.send_state("value")
            self._on_typed(typed)


class Text(HTML):  # type: ignore[misc]  # ipywidgets has no types
    """Parts that are shown; sent only when they are others."""

    def show(self, parts: list[Part]) -> None:
        """Show parts; none takes no room."""
        self.value = page(parts)
        shown(self, bool(parts))


class Question(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Asks in place whether something shall be done."""

    def __init__(self) -> None:
        """Ask nothing yet."""
        self._text = Text()
        self._then: Callable[[], None] = self.drop
        self._yes = button("Yes", self._agreed, style="danger")
        super().__init__([self._text, HBox([self._yes, button("Cancel", self.drop)])])
        shown(self, False)

    def ask(self, question: str, more: str, word: str, then: Callable[[], None]) -> None:
        """Ask; `word` is that of the button which does it."""
        with LOCK:
            self._text.show([Line([Strong(question), more], "warning")])
            self._yes.description, self._then = word, then
            shown(self, True)

    def drop(self) -> None:
        """Ask no longer."""
        with LOCK:
            shown(self, False)

    def _agreed(self) -> None:
        self.drop()
        self._then()


FLUSH: Final = {"description_width": "initial"}
"""The style of a control whose name begins where the text above it does."""


def button(word: str, on_click: Callable[[], None], *, style: str = "", tip: str = "") -> Button:
    """Return a button as wide as its word."""
    made = Button(description=word, button_style=style, tooltip=tip, layout={"width": "max-content"})
    made.on_click(lambda _: on_click())
    return made


def shown(widget: Any, visible: bool) -> None:
    """Show a widget, or let it take no room."""
    display = None if visible else "none"
    if widget.layout.display != display:
        widget.layout.display = display


def close_all(widget: Any) -> None:
    """Close a widget with all in it: ipywidgets keeps everything that is not closed."""
    for part in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if part is not None:
            close_all(part)
    widget.close()
