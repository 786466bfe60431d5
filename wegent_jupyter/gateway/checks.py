"""Try a provider or a proxy from a device, before a turn depends on it. A test that failed is an answer."""

from wegent_jupyter.gateway.asking import ask_ours, told
from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.personal import NO_PROXY, UNDER_PERSONAL, Personal, unreadable
from wegent_jupyter.gateway.providers import UNDER_MODELS, Providers, check_provider
from wegent_jupyter.gateway.proxy_url import read_proxy
from wegent_jupyter.gateway.vault import Unreadable
from wegent_jupyter.protocol.models import (
    TEST_PROVIDER,
    TEST_PROXY,
    TEST_SECONDS,
    VENDOR,
    CheckAnswer,
    ProviderCheck,
    ProviderKind,
    ProxyCheck,
    TestNewProvider,
    TestProvider,
    TestResult,
)
from wegent_jupyter.protocol.personal import TestProxy

SECONDS = TEST_SECONDS + 5.0
"""For the device to try and to answer."""
MAX_TEXT = 2_000


class Checks:
    """Tests from devices."""

    def __init__(self, devices: Devices, personal: Personal, providers: Providers) -> None:
        """Try what is in `personal` and `providers`."""
        self._devices, self._personal, self._providers = devices, personal, providers

    async def provider(self, owner: str, provider_id: int, request: TestProvider) -> TestResult:
        """Try a saved provider; raises Refused."""
        kept = self._providers.find(owner, provider_id)
        device = self._devices.get(owner, request.device_id)
        try:
            key = await self._providers.key(owner, kept)
        except Unreadable as error:
            raise unreadable("The saved key", error, UNDER_MODELS) from error
        model = request.model or kept.default_model or kept.models[0]
        return await self._try(device, kept.kind, kept.base_url, key, model)

    async def new_provider(self, owner: str, request: TestNewProvider) -> TestResult:
        """Try a provider that is not saved; raises Refused."""
        device = self._devices.get(owner, request.device_id)
        check_provider(request)
        model = request.default_model or request.models[0]
        return await self._try(device, request.kind, request.base_url, request.key, model)

    async def _try(self, device: DeviceEntry, kind: ProviderKind, base_url: str, key: str, model: str) -> TestResult:
        if not base_url and not key:
            text = (
                "It has neither a key nor an address: the agent's own login on the device answers, which is not tried."
            )
            return TestResult(ok=False, message=text, fix="Log in to the agent on the device, or give a key.")
        proxy = await self._codex_proxy(device.owner) if kind == "openai" else None
        check = ProviderCheck(
            kind=kind, base_url=base_url or VENDOR[kind], api_key=key, model_id=model, proxy_url=proxy
        )
        data = check.model_dump(exclude_none=True)
        answer = await ask_ours(device, TEST_PROVIDER, data, CheckAnswer, SECONDS, (key, proxy))
        return _result(answer, key, proxy)

    async def _codex_proxy(self, owner: str) -> str | None:
        """Return the proxy that Codex would use."""
        if not self._personal.codex(owner).use_proxy:
            return None
        try:
            found = await self._personal.proxy_url(owner)
        except Unreadable as error:
            raise unreadable("The saved proxy", error, UNDER_PERSONAL) from error
        return found.url if found is not None else None

    async def proxy(self, owner: str, request: TestProxy) -> TestResult:
        """Try a proxy, by default the saved one; raises Refused."""
        device = self._devices.get(owner, request.device_id)
        try:
            taken = read_proxy(request.proxy_url) if request.proxy_url else await self._personal.proxy_url(owner)
        except Unreadable as error:
            raise unreadable("The saved proxy", error, UNDER_PERSONAL) from error
        if taken is None:
            raise Refused(NO_PROXY, code="proxy_not_configured", fix="Save an address, or give the one to try.")
        data = ProxyCheck(proxy_url=taken.url).model_dump()
        answer = await ask_ours(device, TEST_PROXY, data, CheckAnswer, SECONDS, (taken.url,))
        return _result(answer, taken.url)


def _result(answer: CheckAnswer, *secrets: str | None) -> TestResult:
    """Return what a device found. Providers quote keys in their errors, and clients the addresses of proxies."""
    message = told(answer.result or answer.message, secrets, MAX_TEXT)
    fix = told(answer.fix, secrets, MAX_TEXT) if answer.fix else answer.fix
    return TestResult(ok=answer.ok, message=message, fix=fix, seconds=answer.seconds)
