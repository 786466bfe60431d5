"""What people configured, as one object: the personal configuration, providers, and what comes of both for a turn."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal, Protocol

from wegent_jupyter.gateway.accounts import Accounts
from wegent_jupyter.gateway.auth_sync import AuthSync, RunCommand
from wegent_jupyter.gateway.checks import Checks
from wegent_jupyter.gateway.devices import Devices
from wegent_jupyter.gateway.personal import Personal
from wegent_jupyter.gateway.providers import Providers
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.gateway.vault import Vault
from wegent_jupyter.protocol.ids import IdSource

What = Literal["codex", "proxy", "models"]


class Faces(Protocol):
    """Who is told that something of it changed."""

    def settings_changed(self, owner: str, what: What) -> None:
        """Let them fetch it again."""
        ...


class Settings:
    """Everything of all owners that is secret, or decides about it."""

    def __init__(
        self,
        store: Store,
        key_file: Path,
        devices: Devices,
        ids: IdSource,
        faces: Faces,
        *,
        allow_upload: bool,
        run: RunCommand,
        spawn: Callable[[Coroutine[Any, Any, None]], Any],
    ) -> None:
        """Nothing is read yet. The key is in `key_file`; `run` has a device run a command, `spawn` is for the rest."""
        vault = Vault(key_file)
        self._faces = faces
        self.personal = Personal(store, vault, allow_upload=allow_upload, changed=self._personal_changed)
        self.providers = Providers(store, vault, ids, changed=lambda owner: faces.settings_changed(owner, "models"))
        self.accounts = Accounts(self.personal, self.providers)
        self.checks = Checks(devices, self.personal, self.providers)
        self.logins = AuthSync(
            self.personal, devices, run=run, changed=lambda owner: faces.settings_changed(owner, "codex"), spawn=spawn
        )

    async def open(self) -> None:
        """Read what is stored."""
        await self.personal.open()
        await self.providers.open()

    def _personal_changed(self, owner: str, what: Literal["codex", "proxy"]) -> None:
        """Show it, and bring a login that was saved or switched on to devices that last said that they have none."""
        self._faces.settings_changed(owner, what)
        if what == "codex":
            self.logins.now_wanted(owner)
