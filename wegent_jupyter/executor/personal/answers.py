"""Answer what the gateway asks about a person's own configuration on this device."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.environment import agent_environment
from wegent_jupyter.executor.personal.presence import CODEX, Presence
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol.api import Agent
from wegent_jupyter.protocol.models import TEST_PROVIDER, TEST_PROXY, CheckAnswer, ProviderCheck, ProxyCheck
from wegent_jupyter.protocol.personal import LOGIN, LoginAnswer, LoginOrder
from wegent_jupyter.protocol.wire import AuthFile

log = logging.getLogger(__name__)

Answer = dict[str, Any]


class PersonalAnswers:
    """The answers of one device."""

    def __init__(
        self,
        home: Path,
        records: ProcessRecords,
        agents: Callable[[], Sequence[Agent]],
        *,
        wake: Callable[[], None],
        look: Callable[[], Awaitable[None]],
    ) -> None:
        """`agents` are those of the device; `wake` beats at once; `look` looks at the agents again and tells of it."""
        self._home, self._records, self._agents = home, records, agents
        self._wake, self._look = wake, look
        self._presence = Presence(lambda: self._codex is not None, wake, look)
        self._logins: Any = None
        """`login.Logins`, with the first order."""
        self._writing = asyncio.Lock()
        """Nobody writes a login file while another looks whether there is one."""
        self._telling = set[asyncio.Task[None]]()

    def questions(self) -> dict[str, Callable[[Answer], Awaitable[Answer]]]:
        """Return what answers each question; raises ValidationError."""
        return {LOGIN: self._login, TEST_PROVIDER: self._test_provider, TEST_PROXY: self._test_proxy}

    def auth_files(self) -> dict[str, AuthFile]:
        """Return what a heartbeat says of login files; never waits."""
        return self._presence.report()

    @property
    def busy(self) -> bool:
        """Say whether a person is logging an agent in."""
        return self._logins is not None and bool(self._logins.waiting)

    async def close(self) -> None:
        """End a login that is under way."""
        await self._presence.close()
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)
        if self._logins is not None:
            await self._logins.close()

    async def auth_command(self, key: str, given: dict[str, str]) -> tuple[int, Answer]:
        """Run `sync_runtime_auth_file` or `read_runtime_auth_file`; return exit status and answer (wire §11.2)."""
        from wegent_jupyter.executor.personal import auth_file  # an idle device has no need of it

        if self._codex is None:
            return auth_file.INVALID, {"status": "failed", "error": "Codex is not allowed on this device."}
        if key == "read_runtime_auth_file":
            return await asyncio.to_thread(auth_file.read, given, os.environ, Path.home())
        async with self._writing:
            if self.busy:  # its outcome would be taken for this file, and this file for its own
                text = "Codex is being logged in on this device at this moment. Nothing was written."
                return auth_file.INVALID, {"status": "failed", "error": text}
            status, answer = await asyncio.to_thread(auth_file.sync, given, os.environ, Path.home())
        if status == 0:
            self._tell_soon()  # also of one that came there meanwhile; it takes longer than a command may
        return status, answer

    @property
    def _codex(self) -> Agent | None:
        """Return Codex where this device offers it, be it installed or not."""
        return next((one for one in self._agents() if one.id == CODEX and one.provider == "openai"), None)

    async def _login(self, data: Answer) -> Answer:
        from wegent_jupyter.executor.personal.login import Codex, Logins, has_login

        order = LoginOrder.model_validate(data)
        agent = next((one for one in self._agents() if one.id == order.agent), None)
        if agent is None or not agent.device_login:
            name = order.agent if agent is None else agent.name
            return _refused("no_device_login", f"{name} cannot be logged in by a code on this device.")
        if self._logins is None:
            self._logins = Logins(self._tell)
        if order.action == "cancel":
            return _dump(await self._logins.cancel())
        if order.action == "status":
            known = self._logins.status()
            over = known.state == "done" and not await asyncio.to_thread(has_login, agent_environment())
            return _dump(LoginAnswer(success=True) if over else known)
        if self._logins.waiting:
            return _dump(await self._logins.show())
        if not agent.ready or agent.path is None:
            return _refused("agent_missing", f"{agent.name} cannot run: {agent.reason}", agent.fix)
        environment = agent_environment()
        async with self._writing:
            if await asyncio.to_thread(has_login, environment):
                text = f"{agent.name} has a login on this device already, which is not replaced."
                return _refused("logged_in", text, "To use another account, run `codex logout` on the device first.")
            self._logins.begin(Codex(Path(agent.path), environment, self._home, self._records))
        return _dump(await self._logins.show())

    def _tell_soon(self) -> None:
        task = asyncio.create_task(self._tell())
        self._telling.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A new login was not told at once", exc_info=task.exception())

    async def _tell(self) -> None:
        """Let the gateway know at once that there is a login."""
        await self._presence.refresh()
        self._wake()
        await self._look()

    async def _test_provider(self, data: Answer) -> Answer:
        from wegent_jupyter.executor.personal.checks import check_provider

        return _dump(await check_provider(ProviderCheck.model_validate(data)))

    async def _test_proxy(self, data: Answer) -> Answer:
        from wegent_jupyter.executor.personal.checks import check_proxy

        return _dump(await check_proxy(ProxyCheck.model_validate(data)))


def _dump(answer: LoginAnswer | CheckAnswer) -> Answer:
    return answer.model_dump(exclude_none=True)


def _refused(code: str, message: str, fix: str | None = None) -> Answer:
    return _dump(LoginAnswer(success=False, code=code, message=message, fix=fix))
