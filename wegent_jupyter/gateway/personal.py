"""What people configure for themselves: the Codex login and the proxy (Wegent's user_runtime_config.py, wire §11).

All of it is in memory, sealed where it is secret, so that neither a heartbeat nor a dispatch asks the store.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from wegent_jupyter.gateway.auth_file import read_auth
from wegent_jupyter.gateway.devices import now
from wegent_jupyter.gateway.errors import Conflict, Forbidden, Refused, Unavailable
from wegent_jupyter.gateway.proxy_url import ProxyUrl, read_proxy
from wegent_jupyter.gateway.store import personal_records
from wegent_jupyter.gateway.store.records import Row
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.gateway.vault import Unreadable, Vault, VaultFailed
from wegent_jupyter.protocol.personal import ProxyConfig, RuntimeConfig, UpdateRuntimeConfig

What = Literal["codex", "proxy"]
NO_PROXY = "proxy is not configured"
"""Wegent's words."""
UNDER_PERSONAL = "Enter it again under Personal, or switch the proxy off."
"""What to do about a proxy that cannot be read."""


@dataclass(slots=True, frozen=True)
class CodexKept:
    """What is stored of a person's Codex configuration."""

    use_user_config: bool = False
    use_proxy: bool = False
    sealed: str | None = field(default=None, repr=False)
    """The login."""
    sha256: str | None = None
    kind: Literal["chatgpt", "api_key"] | None = None
    auth_updated_at: str | None = None
    updated_at: str | None = None


@dataclass(slots=True, frozen=True)
class ProxyKept:
    """What is stored of a person's proxy."""

    sealed: str | None = field(default=None, repr=False)
    """Its address."""
    masked: str | None = None
    proxy_updated_at: str | None = None
    updated_at: str | None = None


class Personal:
    """The personal configuration of every owner."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        allow_upload: bool,
        changed: Callable[[str, Literal["codex", "proxy"]], None],
    ) -> None:
        """`allow_upload`: the operator lets people keep a Codex login here. `changed` tells an owner's faces."""
        self._store, self._vault, self.allow_upload, self._changed = store, vault, allow_upload, changed
        self._codex: dict[str, CodexKept] = {}
        self._proxies: dict[str, ProxyKept] = {}
        self._changing = asyncio.Lock()
        """What is read, changed and stored again is so by one at a time."""

    async def open(self) -> None:
        """Read what is stored."""
        for owner, what, data in await self._store.read(personal_records.all_personal):
            if what == "codex":
                self._codex[owner] = CodexKept(**data)
            elif what == "proxy":
                self._proxies[owner] = ProxyKept(**data)

    def codex(self, owner: str) -> CodexKept:
        """Return what an owner configured for Codex."""
        return self._codex.get(owner, CodexKept())

    def proxy(self, owner: str) -> ProxyKept:
        """Return an owner's proxy."""
        return self._proxies.get(owner, ProxyKept())

    # What people do.

    async def show(self, owner: str) -> RuntimeConfig:
        """Return an owner's Codex configuration, without what is secret."""
        codex, proxy = self.codex(owner), self.proxy(owner)
        problem = await asyncio.to_thread(self._vault.problem, codex.sealed) if codex.sealed else None
        return RuntimeConfig(
            use_user_config=codex.use_user_config,
            use_proxy=codex.use_proxy,
            configured=codex.sealed is not None,
            auth_json_sha256=codex.sha256,
            auth_json_updated_at=codex.auth_updated_at,
            proxy_configured=proxy.sealed is not None,
            proxy_url_masked=proxy.masked,
            proxy_updated_at=proxy.proxy_updated_at,
            updated_at=codex.updated_at,
            auth_kind=codex.kind,
            upload_allowed=self.allow_upload,
            problem=f"The saved login: {problem}" if problem else await self._proxy_problem(owner),
        )

    async def _proxy_problem(self, owner: str) -> str | None:
        sealed = self.proxy(owner).sealed
        problem = await asyncio.to_thread(self._vault.problem, sealed) if sealed else None
        return f"The saved proxy: {problem}" if problem else None

    async def update(self, owner: str, request: UpdateRuntimeConfig) -> RuntimeConfig:
        """Switch the use of the personal login and of the proxy; raises Refused."""
        async with self._changing:
            codex = self.codex(owner)
            use_proxy = codex.use_proxy if request.use_proxy is None else request.use_proxy
            if use_proxy and self.proxy(owner).sealed is None:
                raise Refused(NO_PROXY, code="proxy_not_configured", fix="Save the proxy's address first.")
            changed = replace(codex, use_user_config=request.use_user_config, use_proxy=use_proxy, updated_at=now())
            await self._save(owner, codex=changed)
        return await self.show(owner)

    def check_upload(self) -> None:
        """Raise Forbidden where the operator does not let logins be kept here."""
        if not self.allow_upload:
            raise Forbidden(
                "The operator of this server does not allow saving a Codex login.",
                code="codex_upload_forbidden",
                fix="Log in on the device itself, or use a provider with an API key.",
            )

    async def upload(self, owner: str, given: Any) -> RuntimeConfig:
        """Keep a login, in the place of an earlier one; raises Refused."""
        self.check_upload()
        auth = await asyncio.to_thread(read_auth, given)
        sealed = await self._seal(auth.text, about(owner, "codex"))
        async with self._changing:
            time = now()
            codex = replace(self.codex(owner), sealed=sealed, sha256=auth.sha256, kind=auth.kind)
            await self._save(owner, codex=replace(codex, auth_updated_at=time, updated_at=time))
        return await self.show(owner)

    async def forget(self, owner: str) -> RuntimeConfig:
        """Keep no login any more; devices keep theirs."""
        async with self._changing:
            codex = replace(self.codex(owner), sealed=None, sha256=None, kind=None)
            await self._save(owner, codex=replace(codex, auth_updated_at=None, updated_at=now()))
        return await self.show(owner)

    async def show_proxy(self, owner: str) -> ProxyConfig:
        """Return an owner's proxy, without what is secret."""
        proxy = self.proxy(owner)
        return ProxyConfig(
            configured=proxy.sealed is not None,
            proxy_url_masked=proxy.masked,
            proxy_updated_at=proxy.proxy_updated_at,
            updated_at=proxy.updated_at,
            problem=await self._proxy_problem(owner),
        )

    async def set_proxy(self, owner: str, given: str) -> ProxyConfig:
        """Keep a proxy's address; an empty one clears it, and nothing uses it any more. Raises Refused."""
        taken = read_proxy(given) if given.strip() else None
        sealed = await self._seal(taken.url, about(owner, "proxy")) if taken is not None else None
        async with self._changing:
            time, codex = now(), self.codex(owner)
            proxy = ProxyKept(sealed, taken.masked if taken else None, time if taken else None, time)
            if taken is None and codex.use_proxy:
                await self._save(owner, codex=replace(codex, use_proxy=False, updated_at=time), proxy=proxy)
            else:
                await self._save(owner, proxy=proxy)
        return await self.show_proxy(owner)

    # What is secret, for whom it is meant.

    async def auth_text(self, owner: str) -> str | None:
        """Return the saved login as a device gets it, or None; raises Unreadable."""
        sealed = self.codex(owner).sealed
        return await asyncio.to_thread(self._vault.open, sealed, about(owner, "codex")) if sealed else None

    async def proxy_url(self, owner: str) -> ProxyUrl | None:
        """Return the saved proxy, or None; raises Unreadable."""
        proxy = self.proxy(owner)
        if proxy.sealed is None:
            return None
        return ProxyUrl(
            await asyncio.to_thread(self._vault.open, proxy.sealed, about(owner, "proxy")), proxy.masked or ""
        )

    async def _seal(self, text: str, what: str) -> str:
        return await sealed_in(self._vault, text, what)

    async def _save(self, owner: str, codex: CodexKept | None = None, proxy: ProxyKept | None = None) -> None:
        parts: dict[What, CodexKept | ProxyKept] = {}
        if codex is not None:
            parts["codex"] = codex
        if proxy is not None:
            parts["proxy"] = proxy
        rows: dict[str, Row] = {what: asdict(part) for what, part in parts.items()}
        await self._store.write(lambda connection: personal_records.save_personal(connection, owner, rows))
        if codex is not None:
            self._codex[owner] = codex
        if proxy is not None:
            self._proxies[owner] = proxy
        for what in parts:
            self._changed(owner, what)


def about(owner: str, what: str) -> str:
    """Return what a secret is sealed for: one that was moved to another owner or place does not open there."""
    return f"{what} of {owner}"


async def sealed_in(vault: Vault, text: str, what: str) -> str:
    """Seal a secret off the loop; raises Unavailable."""
    try:
        return await asyncio.to_thread(vault.seal, text, what)
    except VaultFailed as error:
        raise Unavailable(f"Nothing was stored: {error}", code="vault_failed") from error


def unreadable(what: str, error: Unreadable, fix: str) -> Conflict:
    """Return the refusal of something that needs a secret which cannot be opened."""
    return Conflict(f"{what}: {error}", code="secret_unreadable", fix=fix)
