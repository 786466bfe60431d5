"""The server extension. Loading it costs next to nothing; everything else is imported once the server listens."""

import asyncio
import importlib
from ast import literal_eval
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Enum, Float, Integer, List, TraitError, Unicode, default, validate

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service


MAX_NOTICE = 500


class Names(List[str]):
    """A list of names on a command line: given once, several times, or as `['one', 'two']`.

    Traitlets reads a single one as None where None is allowed, which would allow what was to be forbidden.
    """

    def from_string(self, s: str) -> list[str]:
        """Read one."""
        return self.from_string_list([s])

    def from_string_list(self, s_list: list[str]) -> list[str]:
        """Read several."""
        read = [literal_eval(one) if one.strip().startswith("[") else [one] for one in s_list]
        return [name for names in read for name in names]


class WegentApp(ExtensionApp):
    """Run AI coding agents on your own computers, from JupyterLab."""

    name = "wegent_jupyter"
    app_name = "Wegent"
    description = "Run AI coding agents on your own computers, from JupyterLab."
    load_other_extensions = True

    data_dir = Unicode(help="Where the database and the lock are. One gateway per directory.").tag(config=True)
    database_url = Unicode(
        help="SQLAlchemy URL of the database. Empty: SQLite in data_dir. It may hold a password: keep the file private."
    ).tag(config=True)
    embedded_executor = Enum(
        ["on", "off"], default_value="on", help="Start an executor on this machine, so that it is a device."
    ).tag(config=True)
    executor_home = Unicode(help="Home of the embedded executor. Empty: 'executor' in data_dir.").tag(config=True)
    default_slots = Integer(5, min=1, max=20, help="Turns that a new device may run at once, 1 to 20.").tag(config=True)
    max_slots = Integer(20, min=1, max=20, help="Turns that any device may run at once, 1 to 20.").tag(config=True)
    allowed_agents = Names(
        Unicode(), default_value=None, allow_none=True, help="Agents that the embedded executor offers. None: all."
    ).tag(config=True)
    allow_full_access = Bool(True, help="Let users choose the mode in which an agent may do everything.").tag(
        config=True
    )
    reconnect_window = Float(
        60.0, min=1.0, help="Seconds for which a device that lost its connection may come back before its turns fail."
    ).tag(config=True)
    allow_remote_devices = Bool(True, help="Let other machines join as devices.").tag(config=True)
    allow_codex_upload = Bool(
        True, help="Let users save a Codex login here, from where it goes to their devices that have none."
    ).tag(config=True)
    stable_identities = Bool(
        False,
        help="The identity provider gives each person the same name for ever, so that people do not see each other's "
        "tasks. Off: every authenticated principal is the one owner, as token logins make a new name per browser.",
    ).tag(config=True)

    notice = Unicode(
        help="Plain text that every face shows, up to 500 characters, such as what this server is for."
    ).tag(config=True)

    service: "Service | None" = None

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return f"{jupyter_data_dir()}/wegent"

    @validate("notice")
    def _check_notice(self, proposal: dict[str, Any]) -> str:
        notice: str = proposal["value"].strip()
        if len(notice) > MAX_NOTICE or not notice.replace("\n", " ").isprintable():
            raise TraitError(f"WegentApp.notice has to be plain text of at most {MAX_NOTICE} characters.")
        return notice

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Start once the server listens; imports happen in a thread, so that it goes on answering."""
        module = await asyncio.to_thread(importlib.import_module, "wegent_jupyter.server.service")
        self.service = module.Service(self)
        await self.service.start()

    async def stop_extension(self) -> None:
        """Stop the gateway, and the embedded executor if it is idle."""
        if self.service is not None:
            await self.service.stop()

    def current_activity(self) -> int | None:
        """Return how many turns run or wait, so that a busy server is not shut down as inactive."""
        return self.service.activity() if self.service is not None else None
