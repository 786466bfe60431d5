"""Speak with `codex app-server`: JSON-RPC on its standard streams, one object per line, under the guard.

It knows nothing of turns. What Codex asks is answered beside the reading, so a person may take their time.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from wegent_jupyter._version import __version__
from wegent_jupyter.executor.processes import GuardedProcess, ProcessRecords, spawn

log = logging.getLogger(__name__)

LINE_LIMIT = 64 << 20
"""Bytes of one message: a conversation that is resumed comes in one line."""
START_SECONDS = 55.0
"""For the answer to `initialize`: a cold start of 300 MB from a slow disk; warm it takes 0.1 s."""
REQUEST_SECONDS = 60.0
WRITE_SECONDS = 30.0
"""For a program that does not read what it is told."""
EXIT_SECONDS = 2.0
"""For the program's own end after the end of its input; it takes 0.02 s."""
WORDS = 2000
"""Characters of standard error that an error shows."""
METHOD_NOT_FOUND, INTERNAL = -32601, -32603
QUIET = ("features.plugins=false", "analytics.enabled=false", "check_for_update_on_startup=false")
"""Settings without which Codex calls other hosts than its model's."""
_RESOLVED = "serverRequest/resolved"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Json = dict[str, Any]
OnNotification = Callable[[str, Json], None]
OnRequest = Callable[[str, Json], Awaitable[Json]]


class RpcError(Exception):
    """Codex refused a request; raised in `on_request`, what Codex is told."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        """Take the parts of a JSON-RPC error."""
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Gone(Exception):
    """The program ended, or no longer says what can be read."""


async def refuse(method: str, params: Json) -> Json:
    """Answer what nobody here can answer."""
    raise RpcError(METHOD_NOT_FOUND, f"{method} is not supported by this client")


def ignore(method: str, params: Json) -> None:
    """Pass over a notification."""


class AppServer:
    """One started and initialised `codex app-server`; `close` or `kill` it, also after it ended by itself."""

    def __init__(self, process: GuardedProcess, on_notification: OnNotification, on_request: OnRequest) -> None:
        """Take over the process; see `start`."""
        self._process, self._on_notification, self._on_request = process, on_notification, on_request
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._answering: dict[str | int, asyncio.Task[None]] = {}
        self._writing = asyncio.Lock()
        self._ending = False
        self.gone: asyncio.Future[Gone] = asyncio.get_running_loop().create_future()
        """Done when nothing more comes."""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        program: Path,
        *,
        cwd: Path,
        env: Mapping[str, str],
        marker: str,
        records: ProcessRecords | None = None,
        config: Sequence[str] = (),
        on_notification: OnNotification = ignore,
        on_request: OnRequest = refuse,
    ) -> Self:
        """Start the program and greet it.

        `config` are settings, each `key=value in TOML`; they stand in the argument list, which anybody on the machine
        can read. Notifications are told in their order, by a call that must not block. Raises ProgramNotFound, OSError,
        RpcError, Gone, TimeoutError.
        """
        settings = [part for one in (*QUIET, *config) for part in ("-c", one)]
        argv = [str(program), *settings, "app-server"]
        process = await spawn(argv, cwd=cwd, env=env, marker=marker, line_limit=LINE_LIMIT, records=records)
        server = cls(process, on_notification, on_request)
        try:
            client = {"name": "wegent-jupyter", "title": "wegent-jupyter", "version": __version__}
            hello = {"clientInfo": client, "capabilities": {"experimentalApi": True}}
            await server.request("initialize", hello, START_SECONDS)
            await server.notify("initialized")
        except Gone as error:
            words = await server.died()
            await server.kill()
            raise Gone(words) from error
        except BaseException:
            await server.kill()
            raise
        return server

    async def request(self, method: str, params: Json | None = None, seconds: float = REQUEST_SECONDS) -> Json:
        """Return Codex's answer; raises RpcError, Gone, TimeoutError."""
        number = next(self._numbers)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if self.gone.done():
                raise self.gone.result()
            async with asyncio.timeout(seconds):
                await self._write({"id": number, "method": method, "params": params or {}})
                return await answer
        except TimeoutError:
            raise TimeoutError(f"Codex did not answer `{method}` within {seconds:.0f} s.") from None
        finally:
            del self._waiting[number]
            if answer.done() and not answer.cancelled():
                answer.exception()  # it may have come together with what ended the waiting

    async def notify(self, method: str, params: Json | None = None) -> None:
        """Tell Codex something; raises Gone."""
        await self._write({"method": method, **({"params": params} if params is not None else {})})

    async def close(self) -> None:
        """Let the program end by itself, then end its tree."""
        self._ending = True
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_SECONDS):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the tree now."""
        self._ending = True
        try:
            await self._process.end()
        finally:
            tasks = [self._reading, *self._answering.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._end(Gone("it was ended"))

    def reap_orphans(self) -> None:
        """End what outlived its own parent inside the tree; the program stays."""
        self._process.reap_orphans()

    async def died(self) -> str:
        """Return how the program ended and its last words."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_SECONDS):
                await self._process.wait()
        status = self._process.returncode
        how = f"ended with exit status {status}" if status is not None else "stopped answering"
        return f"{how}.{' Its last words: ' + self.last_words if self.last_words else ''}"

    @property
    def last_words(self) -> str:
        """Return the end of what the program wrote to standard error."""
        return _COLOURS.sub("", self._process.stderr_tail).strip()[-WORDS:]

    async def _write(self, message: Json) -> None:
        data = json.dumps(message, ensure_ascii=True).encode() + b"\n"
        try:
            async with asyncio.timeout(WRITE_SECONDS), self._writing:
                self._process.stdin.write(data)
                await self._process.stdin.drain()
        except TimeoutError:
            raise Gone("it does not read what it is told") from None
        except (ConnectionError, RuntimeError) as error:
            raise Gone("its input is closed") from error

    async def _read(self) -> None:
        reason = Gone("it ended")
        try:
            while line := await self._process.stdout.readline():
                message = _parse(line)
                if message is not None:
                    self._take(message)
        except ValueError:
            reason = Gone(f"it said more than {LINE_LIMIT >> 20} MiB in one line")
        except OSError as error:
            reason = Gone(f"it cannot be read: {error}")
        finally:
            self._end(reason)

    def _end(self, reason: Gone) -> None:
        if not self.gone.done():
            self.gone.set_result(reason)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Gone(str(reason)))

    def _take(self, message: Json) -> None:
        method, number = message.get("method"), message.get("id")
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        if not isinstance(method, str):
            self._answered(message, number)
        elif isinstance(number, str | int):
            task = asyncio.create_task(self._answer(number, method, params))
            self._answering[number] = task
            task.add_done_callback(lambda _: self._answering.pop(number, None))
        else:
            if method == _RESOLVED:
                self._withdraw(params.get("requestId"))
            try:
                self._on_notification(method, params)
            except Exception:  # of whoever listens: what comes after it is still to be heard
                log.exception("The notification %s could not be taken", method)

    def _answered(self, message: Json, number: Any) -> None:
        answer = self._waiting.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            said = str(error.get("message") or "It did not say why.")
            answer.set_exception(RpcError(code if isinstance(code, int) else INTERNAL, said, error.get("data")))
        else:
            result = message.get("result")
            answer.set_result(result if isinstance(result, dict) else {})

    def _withdraw(self, number: Any) -> None:
        """Stop looking for an answer that Codex no longer needs."""
        task = self._answering.get(number) if isinstance(number, str | int) else None
        if task is not None:
            task.cancel()

    async def _answer(self, number: str | int, method: str, params: Json) -> None:
        try:
            answer: Json = {"result": await self._on_request(method, params)}
        except RpcError as error:
            answer = {"error": {"code": error.code, "message": error.message}}
        except Exception:
            log.exception("Codex's request %s could not be answered", method)
            answer = {"error": {"code": INTERNAL, "message": "the client failed"}}
        with contextlib.suppress(Gone):
            await self._write({"id": number, **answer})


def _parse(line: bytes) -> Json | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        log.debug("Codex said what is not JSON: %d bytes", len(line))
        return None
    return message if isinstance(message, dict) else None
