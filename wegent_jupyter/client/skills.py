"""The routes of a device's skills."""

from urllib.parse import quote, urlencode

from wegent_jupyter.client.rest import REQUEST_SECONDS, Rest
from wegent_jupyter.protocol.skills import SHARE_SECONDS, ShareRequest, SharingReport, SkillList

DEVICE_SECONDS = 2 * REQUEST_SECONDS
MOVE_SECONDS = REQUEST_SECONDS + SHARE_SECONDS


class SkillRoutes(Rest):
    """What can be asked of skills, and sharing them between agents."""

    async def skills(self, device_id: str, workspace: str | None = None) -> SkillList:
        """Return the skills of a device, and those that a directory brings."""
        query = f"?{urlencode({'workspace': workspace}, quote_via=quote)}" if workspace is not None else ""
        return await self._get(f"{_skills(device_id)}{query}", SkillList, DEVICE_SECONDS)

    async def sharing(self, device_id: str) -> SharingReport:
        """Return whether skills are shared there, and what sharing them would do."""
        return await self._get(_sharing(device_id), SharingReport, DEVICE_SECONDS)

    async def share_skills(self, device_id: str, digest: str | None = None) -> SharingReport:
        """Share them; `digest`: ApiError 409 when it would not do any more what was shown."""
        return await self._post(_sharing(device_id), ShareRequest(digest=digest), SharingReport, MOVE_SECONDS)

    async def unshare_skills(self, device_id: str) -> SharingReport:
        """Undo it."""
        return await self._delete(_sharing(device_id), SharingReport, MOVE_SECONDS)


def _skills(device_id: str) -> str:
    return f"/devices/{quote(device_id, safe='')}/skills"


def _sharing(device_id: str) -> str:
    return f"{_skills(device_id)}/sharing"
