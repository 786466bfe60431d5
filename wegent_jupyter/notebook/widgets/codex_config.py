"""With which account Codex works, device by device, and through which proxy."""

from typing import ClassVar

from ipywidgets import VBox

from wegent_jupyter.client.client import Client
from wegent_jupyter.client.watch import What
from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.asked import Asked
from wegent_jupyter.notebook.widgets.codex_login import DeviceLogin, codex, facts
from wegent_jupyter.notebook.widgets.controls import Text
from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector
from wegent_jupyter.notebook.widgets.live import Live
from wegent_jupyter.notebook.widgets.looks import Cell, Code, Known, Line, Part, Title, problem
from wegent_jupyter.notebook.widgets.proxy import ProxyPart
from wegent_jupyter.notebook.widgets.saved_login import SavedLogin
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.personal import DeviceAuth, RuntimeConfig

SHOWN = 30
"""Devices; more are counted only."""
Found = tuple[RuntimeConfig, list[DeviceAuth]]


class CodexConfig(Live):
    """Logs Codex in on devices; keeps one login for several devices, and a proxy. No secret is ever shown again."""

    follows: ClassVar[set[What]] = {"devices", "settings"}

    def __init__(self, selector: DeviceSelector | str | api.Device | None = None, *, quiet: bool = False) -> None:
        """Show all devices; the one that is given, or that a selector chooses, is offered first where a login is taken
        from one. Raises BadCall."""
        self._private = None
        if selector is not None and not isinstance(selector, DeviceSelector):
            self._private = selector = DeviceSelector(selector, quiet=True)
        super().__init__(quiet=quiet)
        self._selector = selector
        self._seen = 0
        """News of the personal settings."""
        self._found: Asked[Found] = Asked(self)
        self._rows: dict[str, DeviceLogin] = {}
        self._intro, self._problem, self._devices = Text(), Text(), VBox()
        self._saved, self._proxy = SavedLogin(self), ProxyPart(self)
        if selector is not None:
            selector.observe(self._chose, "value")
        self._begin(self._problem, self._intro, self._devices, self._saved, self._proxy)

    @property
    def config(self) -> RuntimeConfig | None:
        """Return what is saved, without its secrets; None before it is known."""
        return self._found.value[0] if self._found.value else None

    @property
    def logins(self) -> list[DeviceAuth]:
        """Return how the login file stands on each device."""
        return self._found.value[1] if self._found.value else []

    @property
    def preferred(self) -> str | None:
        """Return the id of the device that a selector chooses."""
        return self._selector.value if self._selector is not None else None

    def close(self) -> None:
        """Take it away; a login that has begun can be gone on with elsewhere."""
        if not self._closed and self._selector is not None:
            self._selector.unobserve(self._chose, "value")
            if self._private is not None:
                self._private.close()
        super().close()

    def _chose(self, _: object) -> None:
        self._refresh()

    def _news(self, what: What, about: object) -> None:
        if what == "settings" and about in (None, "codex", "proxy"):
            self._seen += 1

    def reload(self) -> None:
        """Ask what is saved once more. For whoever has the lock."""
        self._seen += 1
        self._want()

    def _want(self) -> None:
        self._found.want(_ask, "codex", self._seen, self._reported())

    def _paint(self) -> None:
        self._want()
        failed, value = self._found.problem, self._found.value
        self._problem.show(problem(failed.message, failed.fix) if failed else [])
        self._intro.show(_intro(self.logins) if value else [])
        self._paint_rows()
        self._saved.paint()
        self._proxy.paint()

    def _paint_rows(self) -> None:
        watch = self.watch
        there = watch.devices if watch is not None else {}
        logins = self.logins[:SHOWN]
        for auth in logins:
            row = self._rows.get(auth.device_id) or DeviceLogin(self, auth.device_id)
            self._rows[auth.device_id] = row
            row.show(auth, there.get(auth.device_id), sends=self._sends())
        wanted = tuple(self._rows[auth.device_id] for auth in logins)
        if wanted != self._devices.children:
            self._devices.children = wanted

    def _sends(self) -> bool:
        """Say whether devices without a login get the saved one."""
        config = self.config
        return config is not None and config.configured and config.use_user_config

    def _reported(self) -> tuple[tuple[str, str, bool | None], ...]:
        """Return what of the devices changes what the gateway says of their logins."""
        watch = self.watch
        devices = list(watch.devices.values()) if watch is not None else []
        return tuple(
            (one.device_id, one.status, agent.logged_in if (agent := codex(one)) is not None else None)
            for one in devices
        )

    def _static(self) -> list[Part]:
        config, watch = self.config, self.watch
        if config is None or watch is None:
            failed = self._found.problem
            return [Title("Codex"), *(problem(failed.message, failed.fix) if failed else [])]
        parts: list[Part] = [Title("Codex"), *_intro(self.logins)]
        for auth in self.logins[:SHOWN]:
            parts += facts(auth, watch.devices.get(auth.device_id), sends=self._sends())
        saved: Cell = words.KINDS[config.auth_kind] if config.configured else "none"
        proxy = config.proxy_url_masked if config.proxy_configured else None
        rows: list[tuple[str, Cell]] = [
            ("Saved login", saved),
            ("Use personal configuration", "on" if config.use_user_config else "off"),
            ("Saved proxy", Code(proxy) if proxy else "none"),
            ("Use for Codex", "on" if config.use_proxy else "off"),
        ]
        return [*parts, Title("One login for several devices, and the proxy"), Known(rows)]


async def _ask(client: Client) -> Found:
    return await client.codex(), await client.codex_devices()


def _intro(logins: list[DeviceAuth]) -> list[Part]:
    parts: list[Part] = [
        Title("Log in on each device"),
        Line("The safest way: every device has a login of its own, which nothing else uses up.", "hint"),
    ]
    if not logins:
        parts.append(Line("No device has told yet whether it can run Codex.", "hint"))
    if len(logins) > SHOWN:
        parts.append(Line(f"The first {SHOWN} of {len(logins):,} devices.", "hint"))
    return parts
