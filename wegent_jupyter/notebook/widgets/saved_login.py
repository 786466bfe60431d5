"""The login that is saved for devices without one: what is known of it, where it comes from, and the switch."""

from typing import TYPE_CHECKING

from ipywidgets import HBox, VBox

from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.controls import FLUSH, Choice, Question, Switch, Text, button, shown
from wegent_jupyter.notebook.widgets.looks import Cell, Code, Known, Line, Part, Strong, Title, problem, unhidden
from wegent_jupyter.notebook.widgets.worker import LOCK
from wegent_jupyter.protocol.personal import RuntimeConfig, UpdateRuntimeConfig

if TYPE_CHECKING:
    from wegent_jupyter.notebook.widgets.codex_config import CodexConfig

WARNING = (
    "Codex renews it from time to time, and that can be done once: with the same login on two machines, the first that "
    "renews it logs both out. Log in on each device instead, or copy an API key, which is not renewed."
)


class SavedLogin(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Imports a login from a device, switches its use on and off, and forgets it."""

    def __init__(self, owner: "CodexConfig") -> None:
        """Show nothing yet."""
        self._owner = owner
        self._top, self._known, self._none = Text(), Text(), Text()
        self._use = Switch(self._switch, description="Use personal configuration")
        self._picked: str | None = None
        self._from = Choice(self._pick, description="From a device", style=FLUSH)
        self._import = button("Import", self._take, tip="Save the login that Codex has there")
        self._forget = button("Forget…", self._ask_forget, tip="Forget the saved login")
        self._question = Question()
        self._row = HBox([self._from, self._import, self._forget])
        super().__init__([self._top, self._use, self._known, self._row, self._none, self._question])

    def paint(self) -> None:
        """Show how it stands. Called with the lock."""
        config, idle = self._owner.config, self._owner.idle
        shown(self, config is not None)
        if config is None:
            return
        self._top.show([Title("One login for several devices")])
        if self._use.value != config.use_user_config:
            self._use.value = config.use_user_config
        self._use.disabled = not idle
        self._known.show([*_known(config), *(_warning() if config.upload_allowed and warns_of_copies(config) else [])])
        self._paint_row(config, idle)

    def _paint_row(self, config: RuntimeConfig, idle: bool) -> None:
        offered = self._offered()
        ids = [id_ for _, id_ in offered]
        wanted = next((one for one in (self._picked, self._owner.preferred) if one in ids), ids[0] if ids else None)
        self._from.offer(offered, wanted)
        self._from.disabled = self._import.disabled = not idle or not ids
        self._forget.disabled = not idle
        shown(self._row, config.upload_allowed)
        shown(self._forget, config.configured)
        none: list[Part] = [Line("No device that is online has a login.", "hint")] if not ids else []
        forbidden = "This server saves no logins: its operator has switched that off. Log in on each device."
        self._none.show(none if config.upload_allowed else [Line(forbidden, "warning")])

    def _offered(self) -> list[tuple[str, str]]:
        """Return the devices that are online and have a login, or may have one."""
        watch = self._owner.watch
        devices = watch.devices if watch is not None else {}
        there = [devices.get(one.device_id) for one in self._owner.logins if one.exists is not False]
        return [(unhidden(one.name), one.device_id) for one in there if one is not None and words.present(one)]

    def _pick(self, device_id: str | None) -> None:
        self._picked = device_id

    def _switch(self, on: bool) -> None:
        request = UpdateRuntimeConfig(use_user_config=on)
        self._owner._do("Saving…", lambda client: client.set_codex(request), lambda _: self._owner.reload())

    def _take(self) -> None:
        with LOCK:
            device_id, config = self._from.value, self._owner.config
        if device_id is None or config is None:
            return
        if config.configured:
            more = "Devices that have got it keep theirs; only devices without one get the new one."
            self._question.ask("Replace the saved login?", more, "Replace", lambda: self._store(device_id))
        else:
            self._store(device_id)

    def _store(self, device_id: str) -> None:
        self._owner._do("Importing…", lambda client: client.import_codex(device_id), lambda _: self._owner.reload())

    def _ask_forget(self) -> None:
        more = "It is deleted from this server. Devices that have got it keep theirs."
        self._question.ask("Forget the saved login?", more, "Forget", self._forget_it)

    def _forget_it(self) -> None:
        self._owner._do("Forgetting…", lambda client: client.forget_codex(), lambda _: self._owner.reload())


def warns_of_copies(config: RuntimeConfig) -> bool:
    """Say whether importing would break a login that is in use elsewhere."""
    return not (config.configured and config.auth_kind == "api_key")


def _warning() -> list[Part]:
    return [Line([Strong("A ChatGPT login breaks when it is copied."), WARNING], "warning")]


def _known(config: RuntimeConfig) -> list[Part]:
    rows: list[tuple[str, Cell]] = [("Saved login", words.KINDS[config.auth_kind] if config.configured else "none")]
    if config.configured:
        rows += [
            ("Digest", Code((config.auth_json_sha256 or "")[:12])),
            ("Saved", words.ago(config.auth_json_updated_at) or words.NONE),
        ]
    rows.append(("Path on devices", Code(config.target_path)))
    failed = problem(config.problem) if config.problem else []
    return [Line(words.own_login(config), "hint"), *failed, Known(rows)]
