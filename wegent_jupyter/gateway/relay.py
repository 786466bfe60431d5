"""What people ask of a device about its skills and its agents' logins: passed on, and answered in its own words."""

from wegent_jupyter.gateway.asking import ask_ours
from wegent_jupyter.gateway.devices import Devices
from wegent_jupyter.gateway.errors import Refused, Unavailable
from wegent_jupyter.protocol.personal import LOGIN, AgentLogin, LoginAnswer, LoginOrder
from wegent_jupyter.protocol.skills import (
    LIST,
    SHARE,
    SHARE_SECONDS,
    SHARING,
    UNSHARE,
    ListSkills,
    ShareRequest,
    ShareSkills,
    SharingAnswer,
    SharingReport,
    SkillList,
    SkillsAnswer,
)
from wegent_jupyter.protocol.wire import CALL_SECONDS

MAX_PATH = 4_096


class Relay:
    """Asks devices of ours."""

    def __init__(self, devices: Devices) -> None:
        """Find them in `devices`."""
        self._devices = devices

    async def skills(self, owner: str, device_id: str, workspace: str | None) -> SkillList:
        """Return the skills of a device, and those of a directory on it; raises Refused."""
        if workspace is not None and len(workspace) > MAX_PATH:
            raise Refused(f"A path has at most {MAX_PATH:,} characters.", code="invalid")
        data = ListSkills(workspace=workspace).model_dump(exclude_none=True)
        answer = await ask_ours(self._devices.get(owner, device_id), LIST, data, SkillsAnswer)
        return SkillList(items=answer.items, total=len(answer.items), truncated=answer.truncated, shared=answer.shared)

    async def sharing(self, owner: str, device_id: str) -> SharingReport:
        """Return how sharing stands on a device, and what it would do; raises Refused."""
        return await self._sharing(owner, device_id, SHARING, {}, CALL_SECONDS)

    async def share(self, owner: str, device_id: str, request: ShareRequest) -> SharingReport:
        """Let the agents of a device share their skills; raises Refused."""
        data = ShareSkills(digest=request.digest).model_dump(exclude_none=True)
        return await self._sharing(owner, device_id, SHARE, data, SHARE_SECONDS)

    async def unshare(self, owner: str, device_id: str) -> SharingReport:
        """Take that back; raises Refused."""
        return await self._sharing(owner, device_id, UNSHARE, {}, SHARE_SECONDS)

    async def _sharing(
        self, owner: str, device_id: str, event: str, data: dict[str, object], seconds: float
    ) -> SharingReport:
        device = self._devices.get(owner, device_id)
        answer = await ask_ours(device, event, data, SharingAnswer, seconds)
        if answer.sharing is None:
            raise Unavailable(f"{device.name} answered nonsense: sharing.", code="bad_answer")
        return SharingReport(device_id=device_id, sharing=answer.sharing, result=answer.result)

    async def login(self, owner: str, device_id: str, order: LoginOrder) -> AgentLogin:
        """Begin, show or end the login of an agent on its device; raises Refused."""
        device = self._devices.get(owner, device_id)
        if device.kept.ours and all(one.id != order.agent for one in device.agents):
            there = ", ".join(one.id for one in device.agents) or "none"
            raise Refused(f"{device.name} has no agent '{order.agent}'. It has: {there}.", code="agent_unknown")
        answer = await ask_ours(device, LOGIN, order.model_dump(), LoginAnswer)
        return AgentLogin(
            device_id=device_id,
            agent=order.agent,
            state=answer.state,
            url=answer.url,
            code=answer.user_code,
            message=answer.text,
            fix=answer.fix,
        )
