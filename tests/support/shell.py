"""`jupyter wegent` as programs and people start it: with pipes, or on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.server import LIVENESS, JupyterServer, private_environment

COMMAND = [sys.executable, "-m", "wegent_jupyter.cli.main"]


class Ran:
    """What a command that ended left."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


def wegent(
    server: JupyterServer | Path,
    *arguments: str,
    cwd: Path | None = None,
    text: str = "",
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run a command with pipes to its end."""
    home = server if isinstance(server, Path) else server.home
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**private_environment(home), **(environment or {})},
        cwd=cwd or home,
        input=text.encode(),
        capture_output=True,
        timeout=100,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


class Terminal:
    """A command on a terminal of its own, or (`pipes`) one without input; leaving the block ends it."""

    def __init__(
        self,
        server: JupyterServer,
        *arguments: str,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        pipes: bool = False,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._leader, follower = pty.openpty()
        self.said = ""
        self._process = subprocess.Popen(
            [*command, *arguments],
            env={**private_environment(server.home), **(environment or {})},
            cwd=cwd or server.home,
            stdin=subprocess.DEVNULL if pipes else follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            preexec_fn=None if pipes else _take_terminal,
        )
        os.close(follower)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._leader)

    def type(self, text: str) -> None:
        """Type, as a person at the keyboard."""
        os.write(self._leader, text.encode())

    def see(self, text: str) -> None:
        """Wait until the terminal shows a text after what was seen before, and go on behind it."""
        until = time.monotonic() + LIVENESS
        while text not in self.said:
            if not self._read(until):
                raise AssertionError(f"{text!r} was not shown:\n{self.said}")
        self.said = self.said[self.said.index(text) + len(text) :]

    def word(self) -> str:
        """Wait until the terminal shows a whole word after what was seen before, and return it."""
        until = time.monotonic() + LIVENESS
        while not (self.said.split() and self.said[-1].isspace()):
            if not self._read(until):
                raise AssertionError(f"no word was shown:\n{self.said}")
        return self.said.split()[0]

    def end(self) -> int:
        """Read to the end and return the exit status."""
        until = time.monotonic() + LIVENESS
        while self._read(until):
            pass
        return self._process.wait(LIVENESS)

    def _read(self, until: float) -> bool:
        left = until - time.monotonic()
        if left <= 0 or not select.select([self._leader], [], [], left)[0]:
            return False
        try:
            data = os.read(self._leader, 1 << 16)
        except OSError:  # Linux: nobody has the other side any more
            return False
        self.said += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
