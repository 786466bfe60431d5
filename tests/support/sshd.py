"""A real SSH server on loopback, through which one reaches a machine that has a home of its own."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.server import free_port, wait_for

SERVER = shutil.which("sshd") or "/usr/sbin/sshd"  # not on everybody's PATH
CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/me.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
ForceCommand {folder}/login
"""
CLIENT = """\
Host *
  User {user}
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/me
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
"""


class SshServer:
    """Use as a context manager; `path` has an `ssh` that finds it whatever host is named."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Give who logs in this environment."""
        self.path = folder / "bin"
        self._folder = folder
        self._port = free_port()
        self._environment = environment

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True)
        for name in ("host", "me"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._folder / name)]
            subprocess.run(command, check=True)
        places = {"folder": self._folder, "port": self._port, "user": getpass.getuser()}
        (self._folder / "sshd_config").write_text(CONFIG.format(**places))
        (self._folder / "ssh_config").write_text(CLIENT.format(**places))
        said = " ".join(shlex.quote(f"{name}={value}") for name, value in self._environment.items())
        self._program(self._folder / "login", f'exec env -i {said} TERM=dumb sh -c "cd && exec $SSH_ORIGINAL_COMMAND"')
        self._program(self.path / "ssh", f'exec {shutil.which("ssh")} -F {self._folder / "ssh_config"} "$@"')
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd locks its helpers in
        with (self._folder / "log").open("wb") as log:
            command = [SERVER, "-D", "-e", "-f", str(self._folder / "sshd_config")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: "listening" in self.log, f"sshd listens: {self.log}")
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(15)

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    @staticmethod
    def _program(path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
