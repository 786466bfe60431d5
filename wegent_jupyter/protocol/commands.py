"""Commands that a person's program may have run on a device, by key (Wegent's backend/app/services/device there).

A key names a program with its arguments, or something that the device does itself; never a shell string.
"""

from dataclasses import dataclass
from typing import Literal

Post = Literal["text", "file_list", "directory_list", "json"]
"""What becomes of the output: as it is; lines without `.` and `..`; lines that end in `/`, without it; read as JSON."""
DeviceType = Literal["local", "app", "remote", "cloud"]


@dataclass(slots=True, frozen=True)
class CommandSpec:
    """One key. The caller's arguments, `min_args` to `max_args` of them, follow `argv`."""

    argv: tuple[str, ...] = ()
    """Empty: the device does it itself."""
    post: Post = "text"
    min_args: int = 0
    max_args: int = 0
    paths: bool = False
    """The arguments are paths: they have to lie in a workspace of the device."""
    remote: bool = False
    """Wegent allows it on `remote` and `cloud` devices of its own executors, too."""
    stock: bool = True
    """Wegent's own executors can do it, by `argv` or by key."""
    private: bool = False
    """Only the gateway itself asks for it: what it prints is a secret."""
    person: bool = False
    """An API token or key must not ask for it: it moves a person's files."""


def _git(*arguments: str, args: tuple[int, int] = (0, 0), remote: bool = True) -> CommandSpec:
    return CommandSpec(("git", *arguments), min_args=args[0], max_args=args[1], remote=remote)


ANY = 50
"""Arguments of a command that takes a list."""

COMMANDS: dict[str, CommandSpec] = {
    "pwd": CommandSpec(("pwd",), remote=True),
    "home_dir": CommandSpec(stock=False),
    "project_workspace_root": CommandSpec(stock=False),
    "ls_a": CommandSpec(("ls", "-a"), "file_list"),
    "ls_dirs": CommandSpec(("ls", "-a", "-p"), "directory_list", remote=True),
    # {path, entries: [{name, path, is_directory, size, modified_at}]}, directories first.
    "workspace_tree": CommandSpec((), "json", 0, 1, paths=True, remote=True),
    # {success, path, name, content, truncated, size, modified_at}, at most 256 KiB.
    "workspace_read_text_file": CommandSpec((), "json", 1, 1, paths=True, remote=True),
    # (path, offset): {path, name, content_base64, offset, eof, size, modified_at}, at most 1 MiB.
    "workspace_read_file_chunk": CommandSpec((), "json", 1, 2, paths=True, remote=True),
    # {exists, isDirectory, isEmpty, isGitRepo, remoteUrl, headCommit}
    "project_folder_status": CommandSpec((), "json", 1, 1, paths=True, stock=False),
    "mkdir_p": CommandSpec(("mkdir", "-p", "--"), min_args=1, max_args=ANY, paths=True, remote=True),
    "path_exists": CommandSpec(("test", "-e"), min_args=1, max_args=1, paths=True),
    "git_clone": _git("clone", "--", args=(1, 2), remote=False),
    "git_fetch": _git("fetch", "--all", "--prune", remote=False),
    "git_config": _git("config", "--get", args=(1, 1), remote=False),
    "git_branch": _git("rev-parse", "--abbrev-ref", "HEAD"),
    "git_branch_list": _git("branch", "--all", "--format=%(refname:short)"),
    "git_checkout": _git("switch", "--", args=(1, 1)),
    "git_checkout_new": _git("switch", "--create", args=(1, 1)),
    "git_status_porcelain": _git("status", "--porcelain"),
    "git_remote_url": _git("remote", "get-url", "origin"),
    "git_add_all": _git("add", "--all"),
    "git_commit": _git("commit", "-m", args=(1, 1)),
    "git_push": _git("push", "-u", "origin", "HEAD"),
    "git_commit_available": _git("rev-parse", "--verify", "--quiet", "--end-of-options", args=(1, 1), remote=False),
    # (source), (source, target, commit), (source, target): worktrees of the source's repository.
    "git_worktree_list": CommandSpec((), "text", 1, 1, paths=True, stock=False),
    "git_worktree_add": CommandSpec((), "text", 2, 3, paths=True, stock=False),
    "git_worktree_remove": CommandSpec((), "text", 2, 2, paths=True, stock=False),
    # The directories in the directories of one; one that is `…/worktrees/<digits>/<name>` is removed, as the other is,
    # only if nothing would be lost.
    "find_worktree_dirs": CommandSpec((), "file_list", 1, 1, paths=True, stock=False),
    "remove_worktree_dir": CommandSpec((), "text", 1, 1, paths=True, stock=False),
    "git_is_worktree": _git("rev-parse", "--is-inside-work-tree"),
    "git_diff_unstaged": _git("diff", "--binary"),
    "git_diff_staged": _git("diff", "--binary", "--cached"),
    "git_diff_last_commit": _git("show", "--binary", "--format=", "HEAD"),
    "git_diff_shortstat": _git("diff", "--shortstat", "HEAD"),
    # What differs from the last commit, or from the base branch, files that git does not know included.
    "git_diff": CommandSpec(stock=False, remote=True),
    "git_branch_diff": CommandSpec(stock=False, remote=True),
    "git_branch_diff_shortstat": CommandSpec(stock=False, remote=True),
    # Wire §12. The second takes no arguments; its output is a `skills.SharingResult`.
    "ls_skills": CommandSpec((), "json", stock=False),
    "setup_shared_skills": CommandSpec((), "json", stock=False, person=True),
    # Wire §11.2, by the variables WEGENT_RUNTIME_CONFIG_{RUNTIME, TARGET_PATH, CONTENT}:
    # {"status": "written"|"skipped_existing"|"read"|"failed", runtime, path, content?, error?}.
    "sync_runtime_auth_file": CommandSpec((), "json", stock=False, private=True),
    "read_runtime_auth_file": CommandSpec((), "json", stock=False, private=True),
}


def allowed_for_stock(key: str, device_type: str) -> bool:
    """Say whether Wegent lets this key be used on one of its own executors of this type (wire §14.4)."""
    return device_type in ("local", "app") or COMMANDS[key].remote
