"""Git repositories of the tests, made and changed as nobody in particular."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

_NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@localhost",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@localhost",
}


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, and return what it printed."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **_NOBODY}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def new_repository(folder: Path, **files: str) -> Path:
    """Make a repository with one commit: `name_ending="text"` is the file `name.ending`."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for name, text in {"readme_md": "# Churn\n", **files}.items():
        (folder / name.replace("_", ".")).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Begin")
    return folder


def bare_copy(repository: Path, target: Path) -> Path:
    """Make what people clone from."""
    git(repository, "clone", "-q", "--bare", str(repository), str(target))
    return target


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
