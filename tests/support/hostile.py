"""Repositories that name programs of their own, none of which may ever run."""

from __future__ import annotations

from pathlib import Path

from tests.support.repositories import git


def trap(folder: Path) -> tuple[str, Path]:
    """Return a program that passes on its input, and the file that tells it ran."""
    ran, program = folder / "ran", folder / "trap"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> '{ran}'\ncat\n")
    program.chmod(0o755)
    return str(program), ran


HOOKS = ("post-checkout", "post-commit", "pre-commit", "reference-transaction", "post-index-change", "pre-auto-gc")


def set_traps(path: Path, program: str) -> None:
    """Let the settings, hooks and filters of a repository with `a.txt` and `b.md` name a program, in a last commit."""
    (path / ".gitattributes").write_text("*.txt filter=evil\n*.md filter=later\n")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "attributes")
    for name in HOOKS:
        hook = path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.symlink_to(program)
    for name in ("core.fsmonitor", "diff.external", "core.sshCommand", "core.pager", "core.editor"):
        git(path, "config", name, program)
    for way in ("clean", "smudge", "process"):
        git(path, "config", f"filter.evil.{way}", program)
    git(path, "config", "uploadpack.packObjectsHook", program)
    # Holds in worktrees only, so it is not seen in the repository itself.
    (path / ".git" / "later").write_text(f'[filter "later"]\nsmudge = {program}\nclean = {program}\n')
    git(path, "config", "includeIf.gitdir:**/worktrees/**.path", str(path / ".git" / "later"))
