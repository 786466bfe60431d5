"""The routes of model providers."""

from wegent_jupyter.client.personal import TRY_SECONDS
from wegent_jupyter.client.rest import Rest
from wegent_jupyter.protocol.managing import Message
from wegent_jupyter.protocol.models import (
    CreateProvider,
    ModelChoice,
    ModelChoices,
    Provider,
    ProviderList,
    TestNewProvider,
    TestProvider,
    TestResult,
    UpdateProvider,
)

PROVIDERS = "/models/providers"


class ModelRoutes(Rest):
    """What can be asked of models and their providers, and done to them; a key is never given out again."""

    async def models(self) -> list[ModelChoice]:
        """Return the models that tasks may name."""
        return (await self._get("/models", ModelChoices)).items

    async def providers(self) -> list[Provider]:
        """Return all providers, by name."""
        return (await self._get(PROVIDERS, ProviderList)).items

    async def provider(self, provider_id: int) -> Provider:
        """Return one provider."""
        return await self._get(f"{PROVIDERS}/{provider_id}", Provider)

    async def create_provider(self, request: CreateProvider) -> Provider:
        """Add a provider."""
        return await self._post(PROVIDERS, request, Provider)

    async def update_provider(self, provider_id: int, request: UpdateProvider) -> Provider:
        """Change a provider; what is None stays."""
        return await self._put(f"{PROVIDERS}/{provider_id}", request, Provider)

    async def delete_provider(self, provider_id: int) -> Message:
        """Remove a provider, and its key."""
        return await self._delete(f"{PROVIDERS}/{provider_id}", Message)

    async def test_provider(self, provider_id: int, request: TestProvider) -> TestResult:
        """Try a provider from a device."""
        return await self._post(f"{PROVIDERS}/{provider_id}/test", request, TestResult, TRY_SECONDS)

    async def test_new_provider(self, request: TestNewProvider) -> TestResult:
        """Try a provider from a device before it is saved."""
        return await self._post("/models/test", request, TestResult, TRY_SECONDS)
