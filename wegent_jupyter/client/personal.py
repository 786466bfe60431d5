"""The routes of a person's own Codex login, its proxy, and of logging agents in on their devices."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from wegent_jupyter.client.projects import starting
from wegent_jupyter.client.rest import REQUEST_SECONDS, ApiError, Unreachable
from wegent_jupyter.client.sockets import Sockets
from wegent_jupyter.protocol.models import TEST_SECONDS, TestResult
from wegent_jupyter.protocol.personal import (
    AgentLogin,
    DeviceAuth,
    DeviceAuthList,
    ImportAuth,
    ProxyConfig,
    RuntimeConfig,
    StartLogin,
    TestProxy,
    UpdateProxy,
    UpdateRuntimeConfig,
    UploadAuth,
)

CODEX = "/users/me/runtime-configs/codex"
PROXY = "/users/me/proxy-config"
LOOK_SECONDS = 2.0
"""Between two looks at a login that waits for a person."""
DEVICE_SECONDS = 2 * REQUEST_SECONDS
"""The server waits for the device meanwhile, and says so itself when that does not answer."""
TRY_SECONDS = REQUEST_SECONDS + TEST_SECONDS


class PersonalRoutes(Sockets):
    """What can be asked of personal settings, and done to them; none of it gives a secret out again."""

    async def codex(self) -> RuntimeConfig:
        """Return how a personal Codex login stands: saved or not, used or not."""
        return await self._get(CODEX, RuntimeConfig)

    async def set_codex(self, request: UpdateRuntimeConfig) -> RuntimeConfig:
        """Switch the personal login, and the proxy, of Codex on or off."""
        return await self._put(CODEX, request, RuntimeConfig)

    async def upload_codex(self, request: UploadAuth) -> RuntimeConfig:
        """Save what an `auth.json` has."""
        return await self._post(f"{CODEX}/auth-json", request, RuntimeConfig)

    async def import_codex(self, device_id: str) -> RuntimeConfig:
        """Save the `auth.json` of a device; ApiError 409 when it cannot be read there."""
        return await self._post(
            f"{CODEX}/import-device", ImportAuth(device_id=device_id), RuntimeConfig, DEVICE_SECONDS
        )

    async def forget_codex(self) -> RuntimeConfig:
        """Forget what is saved; devices keep theirs."""
        return await self._delete(f"{CODEX}/auth-json", RuntimeConfig)

    async def codex_devices(self) -> list[DeviceAuth]:
        """Return the devices with what is known of their login file."""
        return (await self._get(f"{CODEX}/devices", DeviceAuthList)).items

    async def proxy(self) -> ProxyConfig:
        """Return which proxy is saved, without credentials."""
        return await self._get(PROXY, ProxyConfig)

    async def set_proxy(self, url: str) -> ProxyConfig:
        """Save a proxy; '' clears it, and turns it off."""
        return await self._put(PROXY, UpdateProxy(proxy_url=url), ProxyConfig)

    async def test_proxy(self, request: TestProxy) -> TestResult:
        """Try a proxy from a device."""
        return await self._post(f"{PROXY}/test", request, TestResult, TRY_SECONDS)

    async def login(self, device_id: str, agent: str) -> AgentLogin:
        """Begin to log an agent in on a device, or show what has begun."""
        return await self._post(_login(device_id, agent), StartLogin(), AgentLogin, DEVICE_SECONDS)

    async def login_state(self, device_id: str, agent: str) -> AgentLogin:
        """Return how a login stands."""
        return await self._get(_login(device_id, agent), AgentLogin, DEVICE_SECONDS)

    async def cancel_login(self, device_id: str, agent: str) -> AgentLogin:
        """Give a login up."""
        return await self._delete(_login(device_id, agent), AgentLogin, DEVICE_SECONDS)

    async def logging_in(self, now: AgentLogin) -> AsyncIterator[AgentLogin]:
        """Yield a login, and again at each change, until it is done or failed; waits for a lost server."""
        yield now
        while now.state in ("starting", "waiting"):
            await asyncio.sleep(LOOK_SECONDS)
            try:
                found = await self.login_state(now.device_id, now.agent)
            except (ApiError, Unreachable) as error:
                if isinstance(error, ApiError) and not starting(error):
                    raise
                await self.find_again()
                continue
            if found != now:
                now = found
                yield now


def _login(device_id: str, agent: str) -> str:
    return f"/devices/{quote(device_id, safe='')}/agents/{quote(agent, safe='')}/login"
