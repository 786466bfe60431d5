"""REST of skills: those of a device, and sharing them between its agents."""

from wegent_jupyter.protocol import skills
from wegent_jupyter.server.handler import NAME, Handler, route


class SkillsHandler(Handler):
    """`/devices/{id}/skills`."""

    @route
    async def get(self, device_id: str) -> None:
        """List the skills of a device; with `workspace`, also those that this directory brings."""
        workspace = self.get_query_argument("workspace", "", strip=False) or None
        self.reply(await self.service.gateway.relay.skills(self.owner, device_id, workspace))


class SharingHandler(Handler):
    """`/devices/{id}/skills/sharing`."""

    @route
    async def get(self, device_id: str) -> None:
        """Say how sharing stands, and what it would do."""
        self.reply(await self.service.gateway.relay.sharing(self.owner, device_id))

    @route
    async def post(self, device_id: str) -> None:
        """Share: do what was shown."""
        self.need_person_or_kernel()
        request = self.read(skills.ShareRequest)
        self.reply(await self.service.gateway.relay.share(self.owner, device_id, request))

    @route
    async def delete(self, device_id: str) -> None:
        """Take it back."""
        self.need_person_or_kernel()
        self.reply(await self.service.gateway.relay.unshare(self.owner, device_id))


TABLE: list[tuple[str, type[Handler]]] = [
    (rf"/devices/{NAME}/skills", SkillsHandler),
    (rf"/devices/{NAME}/skills/sharing", SharingHandler),
]
