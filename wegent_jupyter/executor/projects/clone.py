"""Clone a repository into a directory beside its target, whose place it takes when it is whole."""

import asyncio
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from wegent_jupyter.executor import command_git, git_settings, git_words, workspaces
from wegent_jupyter.executor.git import Git, GitFailed, enter
from wegent_jupyter.executor.git_words import Reason
from wegent_jupyter.executor.processes import GuardedProcess, ProcessRecords, ProgramNotFound, spawn
from wegent_jupyter.protocol.projects import Progress

LOOK_SECONDS = 0.5
"""Between two looks whether an address leads elsewhere; git tells it once, among much else."""
SILENT_SECONDS = 120
"""Without a byte from an HTTP server, after which a clone is given up."""
PREFIX = ".wegent-clone-"
_PHASES = re.compile(
    r"(?:remote: )?((?:Enumerating|Counting|Compressing|Receiving|Updating) (?:objects|files)|Resolving deltas"
    r"|Checking out files|Filtering content):\s+(?:(\d+)% )?"
)
"""What git tells of a clone under way; other words may be the server's."""
_SSH_OPTIONS = "-o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=30"
"""Never to wait for a person, nor for a server that is gone."""


class NotCloned(Exception):
    """There is no clone, and nothing of it; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        """Keep what is shown."""
        super().__init__(reason.message)
        self.reason = reason


@dataclass
class Clone:
    """One clone. `source` is an address, or an absolute path; `order` names its directory until it is whole."""

    order: str
    source: str
    branch: str | None
    target: Path
    records: ProcessRecords
    _process: GuardedProcess | None = field(default=None, init=False)

    @property
    def progress(self) -> Progress:
        """Return how far it is."""
        found = _PHASES.findall(self._process.stderr_tail) if self._process else []
        if not found:
            return Progress(phase="Cloning")
        phase, percent = found[-1]
        return Progress(phase=phase, percent=min(int(percent), 100) if percent else None)

    async def run(self) -> list[str]:
        """Make it, and return what is not as one may think; raises NotCloned. Also when cancelled nothing is left."""
        digest = hashlib.sha256(self.order.encode()).hexdigest()
        staging = self.target.parent / f"{PREFIX}{digest[:16]}"
        made: list[Path] = []
        try:
            await asyncio.to_thread(shutil.rmtree, staging, True)  # left by this order in an executor that was killed
            made = await asyncio.to_thread(workspaces.make, staging.parent)
            staging.mkdir()
            made.append(staging)
            await self._clone(staging)
            warnings = await self._warnings(staging)
            await asyncio.to_thread(staging.rename, self.target)
            made = []
        except workspaces.BadWorkspace as error:
            raise NotCloned(Reason("bad_path", str(error))) from error
        except GitFailed as error:
            raise NotCloned(Reason("git_failed", git_words.harmless(str(error)))) from error
        except OSError as error:
            raise NotCloned(_not_made(self.target, error)) from error
        finally:
            if made:
                await asyncio.to_thread(_sweep, made)
        return warnings

    async def _clone(self, staging: Path) -> None:
        git = Git(git_settings.ALWAYS, [str(staging.parent)])
        try:
            self._process = await spawn(
                self._command(staging),
                cwd=staging,
                env={**git.environment, **await _transport(git, staging)},
                marker=f"clone-{staging.name.removeprefix(PREFIX)}",
                records=self.records,
            )
        except ProgramNotFound as error:
            raise GitFailed("git was not found on this device. Install it there.") from error
        async with self._process as process:
            process.stdin.close()
            status = await self._watch(process)
        if status != 0:
            said = process.stderr_tail
            raise NotCloned(git_words.explain(said, source=self.source, branch=self.branch, status=status))

    def _command(self, staging: Path) -> list[str]:
        branch = [f"--branch={self.branch}"] if self.branch else []
        options = ["--progress", "--template=", "--origin=origin", "--no-recurse-submodules", *branch]
        return ["git", "clone", *options, "--", self.source, str(staging)]

    async def _watch(self, process: GuardedProcess) -> int:
        """Wait for the end; raises NotCloned as soon as the address leads elsewhere."""
        ending = asyncio.create_task(process.wait())
        while True:
            await asyncio.wait({ending}, timeout=LOOK_SECONDS)
            for other in re.findall(r"^warning: redirecting to (\S+)", process.stderr_tail, re.MULTILINE):
                if _elsewhere(self.source, other):
                    place = git_words.harmless(other)
                    text = f"{git_words.harmless(self.source)} leads elsewhere, to {place}."
                    raise NotCloned(Reason("redirected", text, "Use that address, if you trust it."))
            if ending.done():
                return ending.result()

    async def _warnings(self, staging: Path) -> list[str]:
        git, _ = await enter(staging)
        if (await git.text(["rev-parse", "--verify", "--quiet", "HEAD"], staging))[0] != 0:
            return ["The repository is empty: it has no commit yet."]
        found = []
        if links := await command_git.links(git.text, staging):
            text = f"{_count(links, 'submodule was', 'submodules were')} not cloned ({_some(links)})."
            found.append(f"{text} `git submodule update --init` in a terminal does that, if you trust them.")
        if (await git.text(["rev-parse", "--is-shallow-repository"], staging))[1] == "true\n":
            found.append("The history is not whole: what was cloned is a shallow repository itself.")
        if pointers := await _pointers(git, staging):
            text = f"{_count(pointers, 'file is', 'files are')} only a pointer of Git LFS ({_some(pointers)})."
            found.append(f"{text} Install git-lfs, then run `git lfs install` and `git lfs pull` there.")
        return found


async def _transport(git: Git, folder: Path) -> dict[str, str]:
    """Return how git reaches servers: as the person set it up, but without ever asking or waiting for ever."""
    found = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(SILENT_SECONDS)}
    # Set and empty, so that no window of another program asks instead.
    found["GIT_ASKPASS"] = git.environment.get("GIT_ASKPASS", "")
    ssh = git.environment.get("GIT_SSH_COMMAND") or (await git.text(["config", "core.sshCommand"], folder))[1].strip()
    if ssh or "GIT_SSH" not in git.environment:
        found["GIT_SSH_COMMAND"] = f"{ssh or 'ssh'} {_SSH_OPTIONS}"
    return found


async def _pointers(git: Git, staging: Path) -> list[str]:
    """Return the files that Git LFS should have fetched, where it is not set up."""
    for way in ("process", "smudge"):
        if (await git.text(["config", f"filter.lfs.{way}"], staging))[1].strip():
            return []
    return [one for one in (await git.text(["ls-files", "-z", ":(attr:filter=lfs)"], staging))[1].split("\0") if one]


def _elsewhere(source: str, other: str) -> bool:
    """Say whether an address leads to another host, or away from TLS."""
    asked, told = urlsplit(source), urlsplit(other)
    return asked.hostname != told.hostname or (asked.scheme == "https" and told.scheme != "https")


def _sweep(made: list[Path]) -> None:
    """Remove a clone, if there is one, and the directories that were made for it."""
    if made[-1].name.startswith(PREFIX):
        shutil.rmtree(made.pop(), ignore_errors=True)
    workspaces.unmake(made)


def _not_made(target: Path, error: OSError) -> Reason:
    path = workspaces.shown(str(target))
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
        return Reason("target_taken", f"{path} is not empty any more.", "Choose another directory.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return git_words.explain("No space left on device", source=path)
    return Reason("bad_path", f"{path} cannot be made: {error.strerror or error}.")


def _count(items: list[str], one: str, many: str) -> str:
    return f"{len(items):,} {one if len(items) == 1 else many}"


def _some(names: Iterable[str]) -> str:
    first = [os.fsencode(name).decode(errors="replace") for name in list(names)[:4]]
    return ", ".join([*first[:3], "…"] if len(first) > 3 else first)[:300]
