"""Log an agent in on this device by a code: `codex app-server` asks its vendor for one and waits for the person.

Each device gets a login of its own that way, so there is nothing to copy. One login at a time.
"""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents import codex_login
from wegent_jupyter.executor.personal.login_words import Words, explain, is_kept
from wegent_jupyter.executor.personal.presence import is_blank
from wegent_jupyter.executor.processes import ProcessRecords, ProgramNotFound
from wegent_jupyter.protocol.personal import LoginAnswer, LoginState

log = logging.getLogger(__name__)

LOGIN_SECONDS = 930.0
"""Codex itself gives up after 15 minutes, as long as its codes are good; this is for one that does not."""
ANSWER_SECONDS = 15.0
"""How long `start` waits for the code; it comes within a second where Codex and its vendor are near."""
CANCEL_SECONDS = 5.0
MAX_URL, MAX_CODE = 2_048, 100
"""Characters, as a `LoginAnswer` has room for."""
_BEGIN, _CANCEL, _COMPLETED = "account/login/start", "account/login/cancel", "account/login/completed"


@dataclass(slots=True, frozen=True)
class Codex:
    """What to log in, and how it is run."""

    program: Path
    environment: Mapping[str, str]
    home: Path
    """The executor's, in which it starts."""
    records: ProcessRecords


def has_login(environment: Mapping[str, str]) -> bool:
    """Say whether Codex keeps a login in its file already, of whatever worth."""
    path = codex_login.auth_file(environment)
    return os.path.lexists(path) and not is_blank(path)


class Logins:
    """The logins of one device."""

    def __init__(self, logged_in: Callable[[], Awaitable[None]], seconds: float = LOGIN_SECONDS) -> None:
        """`logged_in` is called once a login is there."""
        self._logged_in, self._seconds = logged_in, seconds
        self._current: _Login | None = None

    @property
    def waiting(self) -> bool:
        """Say whether a login is under way."""
        return self._current is not None and not self._current.work.done()

    def begin(self, codex: Codex) -> None:
        """Begin one unless one is under way."""
        if not self.waiting:
            self._current = _Login(codex, self._logged_in, self._seconds)

    async def show(self) -> LoginAnswer:
        """Show the last one, with its code if that comes in time."""
        current = self._current
        if current is None:
            return self.status()
        begun = asyncio.create_task(current.begun.wait())
        await asyncio.wait({begun, current.work}, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        return current.answer()

    def status(self) -> LoginAnswer:
        """Show the last one."""
        return LoginAnswer(success=True) if self._current is None else self._current.answer()

    async def cancel(self) -> LoginAnswer:
        """End the one that is under way; returns when no process of it is left."""
        if self._current is not None:
            await self._current.end()
        return self.status()

    async def close(self) -> None:
        """End what is under way."""
        await self.cancel()


class _Login:
    """One login, from asking for a code to its end."""

    def __init__(self, codex: Codex, logged_in: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._codex, self._logged_in, self._seconds = codex, logged_in, seconds
        self._state: LoginState = "starting"
        self._url, self._code = "", ""
        self._failure: Words | None = None
        self._ending = False
        self._completed: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.begun = asyncio.Event()
        """Set once there is a code."""
        self.work = asyncio.create_task(self._run())

    def answer(self) -> LoginAnswer:
        """Return how it stands."""
        shown = self._state == "waiting"
        return LoginAnswer(
            success=True,
            state=self._state,
            url=self._url if shown else None,
            user_code=self._code if shown else None,
            text=self._failure.text if self._failure else None,
            fix=self._failure.fix if self._failure else None,
        )

    async def end(self) -> None:
        """Cancel it, and wait until nothing of it runs."""
        if not self._ending:  # once: a second time would hit what ends the program
            self._ending = True
            self.work.cancel()
        await asyncio.wait({self.work})
        if self._state in ("starting", "waiting"):
            self._state = "cancelled"

    async def _run(self) -> None:
        try:
            error = await self._through()
        except asyncio.CancelledError:
            self._state = "cancelled"  # before it began, or with no more to tell
            return
        except Exception as problem:
            log.exception("A login ended unexpectedly")
            error = type(problem).__name__
        if error is None:
            try:
                await self._logged_in()
            finally:
                self._state = "done"
        elif error:
            self._failure, self._state = explain(error), "failed"
        else:
            self._state = "cancelled"

    async def _through(self) -> str | None:
        """Go through it; returns None when the login is there, '' when it was cancelled, else what is wrong."""
        from wegent_jupyter.executor.agents.codex_rpc import AppServer, Gone, RpcError  # with the first login

        codex, server = self._codex, None
        try:
            server = await AppServer.start(
                codex.program,
                cwd=codex.home,
                env=codex.environment,
                marker=f"login-{secrets.token_hex(8)}",
                records=codex.records,
                on_notification=self._noticed,
            )
            return await self._ask(server)
        except (RpcError, TimeoutError) as error:
            return str(error)
        except (ProgramNotFound, OSError) as error:
            return f"{codex.program} cannot be run: {error}"
        except Gone:
            return f"Codex {await server.died()}" if server is not None else "Codex ended as soon as it was started."
        finally:
            if server is not None:
                await server.close()

    async def _ask(self, server: Any) -> str | None:
        begun = await server.request(_BEGIN, {"type": "chatgptDeviceCode"})
        self._url, self._code = str(begun.get("verificationUrl") or ""), str(begun.get("userCode") or "")
        fits = (
            self._url.startswith(("https://", "http://")) and len(self._url) <= MAX_URL and len(self._code) <= MAX_CODE
        )
        if not fits or not self._code:
            return "Codex gave no address and code; it may be too old or too new for this."
        self._state = "waiting"
        self.begun.set()
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.wait({self._completed, server.gone}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return None if await self._withdraw(server, begun) is None else "device auth timed out"
        except asyncio.CancelledError:
            return await self._withdraw(server, begun)
        if not self._completed.done():
            raise server.gone.result()
        return await self._verdict()

    async def _withdraw(self, server: Any, begun: dict[str, Any]) -> str | None:
        """Tell Codex to stop; returns None if the login was there already, else ''."""
        from wegent_jupyter.executor.agents.codex_rpc import Gone, RpcError

        with contextlib.suppress(RpcError, Gone, TimeoutError):
            await server.request(_CANCEL, {"loginId": begun.get("loginId")}, CANCEL_SECONDS)
        return None if self._completed.done() and await self._verdict() is None else ""

    async def _verdict(self) -> str | None:
        """Return what Codex says is wrong; None when the login is there. A file alone may be of another's."""
        told = self._completed.result()
        if told.get("success"):
            return None
        error = str(told.get("error") or "It did not say why.")
        # Codex calls it failed when it cannot reach the vendor's other hosts yet, though its login is there to stay.
        kept = is_kept(error) and await asyncio.to_thread(has_login, self._codex.environment)
        return None if kept else error

    def _noticed(self, method: str, params: dict[str, Any]) -> None:
        if method == _COMPLETED and not self._completed.done():
            self._completed.set_result(params)
