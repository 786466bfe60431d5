"""REST of models and their providers."""

from wegent_jupyter.protocol import managing, models
from wegent_jupyter.server.handler import ID, Handler, route


class ModelsHandler(Handler):
    """`/models`."""

    @route
    async def get(self) -> None:
        """List the models that tasks may name."""
        self.reply(self.service.gateway.settings.providers.choices(self.owner))


class ProvidersHandler(Handler):
    """`/models/providers`."""

    @route
    async def get(self) -> None:
        """List the owner's providers, by name, without their keys."""
        items = await self.service.gateway.settings.providers.items(self.owner)
        self.reply(models.ProviderList(items=items, total=len(items)))

    @route
    async def post(self) -> None:
        """Add one."""
        self.need_person()
        request = self.read(models.CreateProvider)
        self.reply(await self.service.gateway.settings.providers.create(self.owner, request), 201)


class ProviderHandler(Handler):
    """`/models/providers/{id}`."""

    @route
    async def get(self, provider_id: str) -> None:
        """Show one, without its key."""
        self.reply(await self.service.gateway.settings.providers.show(self.owner, int(provider_id)))

    @route
    async def put(self, provider_id: str) -> None:
        """Change one."""
        self.need_person()
        request = self.read(models.UpdateProvider)
        self.reply(await self.service.gateway.settings.providers.update(self.owner, int(provider_id), request))

    @route
    async def delete(self, provider_id: str) -> None:
        """Forget one, and its key."""
        self.need_person()
        name = await self.service.gateway.settings.providers.delete(self.owner, int(provider_id))
        self.reply(managing.Message(message=f"Provider '{name}' deleted"))


class TestProviderHandler(Handler):
    """`/models/providers/{id}/test`."""

    @route
    async def post(self, provider_id: str) -> None:
        """Try one from a device."""
        self.need_person()
        request = self.read(models.TestProvider)
        self.reply(await self.service.gateway.settings.checks.provider(self.owner, int(provider_id), request))


class TestNewProviderHandler(Handler):
    """`/models/test`."""

    @route
    async def post(self) -> None:
        """Try one from a device before it is saved."""
        self.need_person()
        request = self.read(models.TestNewProvider)
        self.reply(await self.service.gateway.settings.checks.new_provider(self.owner, request))


TABLE: list[tuple[str, type[Handler]]] = [
    (r"/models", ModelsHandler),
    (r"/models/test", TestNewProviderHandler),
    (r"/models/providers", ProvidersHandler),
    (rf"/models/providers/{ID}", ProviderHandler),
    (rf"/models/providers/{ID}/test", TestProviderHandler),
]
