"""Git repositories of a test's own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

PERSON = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}


def git(folder: Path, *arguments: str, **environment: str) -> str:
    """Run git as a person does, and return what it prints."""
    ran = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env={**os.environ, **PERSON, **environment},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, (arguments, ran.stderr)
    return ran.stdout.strip()


def repository(path: Path, **files: str) -> Path:
    """Make a repository with one commit of these files (`a.txt` by default)."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    commit(path, **(files or {"a.txt": "one\n"}))
    return path


def commit(path: Path, message: str = "a commit", **files: str) -> str:
    """Commit these files, and whatever else there is, and return the commit; `__` in a name is a slash."""
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(path, "add", "-A")
    git(path, "commit", "-q", "--allow-empty", "-m", message)
    return git(path, "rev-parse", "HEAD")


def bare(path: Path, source: Path) -> Path:
    """Make a bare copy of a repository, which a web server of plain files can serve, too."""
    git(source, "clone", "-q", "--bare", str(source), str(path))
    git(path, "update-server-info")
    return path


def slow_git(folder: Path, gate: Path) -> Path:
    """Return a folder for PATH whose `git` is the real one, but clones only when `gate` is there, and says how far."""
    real = shutil.which("git")
    assert real is not None, "This needs git"
    folder.mkdir(parents=True)
    program = folder / "git"
    program.write_text(
        "#!/bin/sh\n"
        f'for word in "$@"; do if [ "$word" = clone ]; then\n'
        f"  printf 'Receiving objects:  43%% (43/100)\\r' >&2\n"
        f"  until [ -e {shlex.quote(str(gate))} ]; do sleep 0.05; done; break\n"
        f'fi; done\nexec {shlex.quote(real)} "$@"\n'
    )
    program.chmod(0o755)
    return folder
