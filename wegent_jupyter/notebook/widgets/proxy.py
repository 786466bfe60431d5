"""The proxy through which Codex reaches its vendor."""

from typing import TYPE_CHECKING

from ipywidgets import HBox, VBox

from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.controls import FLUSH, Question, Secret, Switch, Text, button, shown
from wegent_jupyter.notebook.widgets.looks import Cell, Code, Known, Line, Part, Title
from wegent_jupyter.notebook.widgets.worker import LOCK
from wegent_jupyter.protocol.personal import UpdateRuntimeConfig

if TYPE_CHECKING:
    from wegent_jupyter.notebook.widgets.codex_config import CodexConfig

INTRO = (
    "For networks in which Codex reaches its vendor through a proxy only. It may have a name and a password: it is "
    "encrypted here, and never shown again."
)


class ProxyPart(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Saves the address of a proxy, switches its use on and off, and clears it."""

    def __init__(self, owner: "CodexConfig") -> None:
        """Show nothing yet."""
        self._owner = owner
        self._typed = ""
        """What was typed and is not saved yet; in this object alone."""
        self._top, self._known, self._help = Text(), Text(), Text()
        self._field = Secret(
            self._take,
            description="Address of the proxy",
            style=FLUSH,
            placeholder="such as http://name:password@host:3128",
            layout={"width": "460px"},
        )
        self._save = button("Save", self._store)
        self._clear = button("Clear…", self._ask_clear)
        self._use = Switch(self._switch, description="Use for Codex")
        self._question = Question()
        row = HBox([self._field, self._save, self._clear])
        super().__init__([self._top, self._known, row, self._question, self._use, self._help])

    def paint(self) -> None:
        """Show how it stands. Called with the lock."""
        config, idle = self._owner.config, self._owner.idle
        shown(self, config is not None)
        if config is None:
            return
        self._top.show([Title("Proxy"), Line(INTRO, "hint")])
        saved: Cell = Code(config.proxy_url_masked) if config.proxy_url_masked else "none"
        rows: list[tuple[str, Cell]] = [("Saved proxy", saved)]
        if config.proxy_configured and config.proxy_updated_at:
            rows.append(("Saved", words.ago(config.proxy_updated_at)))
        typed: list[Part] = [Line("An address was typed. It is not saved yet.", "warning")] if self._typed else []
        self._known.show([Known(rows), *typed])
        self._field.disabled = not idle
        self._save.disabled = not idle or not self._typed
        self._clear.disabled = not idle
        shown(self._clear, config.proxy_configured)
        if self._use.value != config.use_proxy:
            self._use.value = config.use_proxy
        self._use.disabled = not idle or not (config.proxy_configured or config.use_proxy)
        self._help.show([Line(words.proxy(config), "hint")])

    def _take(self, typed: str) -> None:
        with LOCK:
            self._typed = typed.strip()
        self._owner._refresh()

    def _store(self) -> None:
        with LOCK:
            typed, self._typed = self._typed, ""
        if typed:
            self._put(typed)

    def _put(self, url: str) -> None:
        self._owner._do("Saving…", lambda client: client.set_proxy(url), lambda _: self._owner.reload())

    def _ask_clear(self) -> None:
        more = "Codex reaches its vendor directly from then on."
        self._question.ask("Clear the proxy?", more, "Clear", lambda: self._put(""))

    def _switch(self, on: bool) -> None:
        config = self._owner.config
        if config is not None:
            request = UpdateRuntimeConfig(use_user_config=config.use_user_config, use_proxy=on)
            self._owner._do("Saving…", lambda client: client.set_codex(request), lambda _: self._owner.reload())
