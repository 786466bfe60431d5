"""REST of the personal configuration: the Codex login, the proxy, and agents' own logins on devices.

Wegent's paths and shapes (backend/app/api/endpoints/users.py there), and ours beside them.
"""

from typing import Literal

from wegent_jupyter.gateway.settings import Settings
from wegent_jupyter.protocol import personal
from wegent_jupyter.protocol.models import TestResult
from wegent_jupyter.server.handler import NAME, Handler, route


class PersonalHandler(Handler):
    """Base of these."""

    @property
    def settings_of_people(self) -> Settings:
        """Return what people configured; raises Unavailable."""
        return self.service.gateway.settings


class RuntimeConfigHandler(PersonalHandler):
    """`/users/me/runtime-configs/codex`."""

    @route
    async def get(self) -> None:
        """Show it, without what is secret."""
        self.reply(await self.settings_of_people.personal.show(self.owner))

    @route
    async def put(self) -> None:
        """Switch the personal login and the proxy on or off."""
        self.need_person_or_kernel()
        request = self.read(personal.UpdateRuntimeConfig)
        self.reply(await self.settings_of_people.personal.update(self.owner, request))


class AuthJsonHandler(PersonalHandler):
    """`/users/me/runtime-configs/codex/auth-json`."""

    @route
    async def post(self) -> None:
        """Keep a login."""
        self.need_person_or_kernel()
        self.settings_of_people.personal.check_upload()
        request = self.read(personal.UploadAuth)
        self.reply(await self.settings_of_people.personal.upload(self.owner, request.auth_json))

    @route
    async def delete(self) -> None:
        """Keep none any more; devices keep theirs."""
        self.need_person_or_kernel()
        self.reply(await self.settings_of_people.personal.forget(self.owner))


class ImportHandler(PersonalHandler):
    """`/users/me/runtime-configs/codex/import-device`."""

    @route
    async def post(self) -> None:
        """Keep the login that an online device has."""
        self.need_person_or_kernel()
        request = self.read(personal.ImportAuth)
        self.reply(await self.settings_of_people.logins.fetch(self.owner, request.device_id))


class AuthDevicesHandler(PersonalHandler):
    """`/users/me/runtime-configs/codex/devices`."""

    @route
    async def get(self) -> None:
        """Say which devices have a login, and what became of sending it."""
        items = self.settings_of_people.logins.shown(self.owner)
        self.reply(personal.DeviceAuthList(items=items, total=len(items)))


class ProxyHandler(PersonalHandler):
    """`/users/me/proxy-config`."""

    @route
    async def get(self) -> None:
        """Show it, masked."""
        self.reply(await self.settings_of_people.personal.show_proxy(self.owner))

    @route
    async def put(self) -> None:
        """Keep an address, or clear it."""
        self.need_person_or_kernel()
        request = self.read(personal.UpdateProxy)
        self.reply(await self.settings_of_people.personal.set_proxy(self.owner, request.proxy_url))


class TestProxyHandler(PersonalHandler):
    """`/users/me/proxy-config/test`."""

    @route
    async def post(self) -> None:
        """Try a proxy from a device."""
        self.need_person_or_kernel()
        request = self.read(personal.TestProxy)
        result: TestResult = await self.settings_of_people.checks.proxy(self.owner, request)
        self.reply(result)


class LoginHandler(Handler):
    """`/devices/{id}/agents/{agent}/login`."""

    @route
    async def get(self, device_id: str, agent_id: str) -> None:
        """Show how far a login is."""
        await self._ask(device_id, agent_id, "status")

    @route
    async def post(self, device_id: str, agent_id: str) -> None:
        """Begin one, or show the one that has begun."""
        self.need_person_or_kernel()
        self.read(personal.StartLogin)
        await self._ask(device_id, agent_id, "start")

    @route
    async def delete(self, device_id: str, agent_id: str) -> None:
        """End it."""
        self.need_person_or_kernel()
        await self._ask(device_id, agent_id, "cancel")

    async def _ask(self, device_id: str, agent_id: str, action: Literal["start", "status", "cancel"]) -> None:
        order = personal.LoginOrder(agent=agent_id, action=action)
        self.reply(await self.service.gateway.relay.login(self.owner, device_id, order))


CODEX = r"/users/me/runtime-configs/codex"
TABLE: list[tuple[str, type[Handler]]] = [
    (CODEX, RuntimeConfigHandler),
    (rf"{CODEX}/auth-json", AuthJsonHandler),
    (rf"{CODEX}/import-device", ImportHandler),
    (rf"{CODEX}/devices", AuthDevicesHandler),
    (r"/users/me/proxy-config", ProxyHandler),
    (r"/users/me/proxy-config/test", TestProxyHandler),
    (rf"/devices/{NAME}/agents/{NAME}/login", LoginHandler),
]
