"""With which settings git runs in a repository that may be hostile: none of the programs that its settings name runs.

Hooks are off for every command, also for a commit and a push. What a person set for all their repositories (filters
such as that of LFS, ssh, credential helpers) is used; the same set in a repository is not.
"""

from collections.abc import Iterable

Settings = list[tuple[str, str]]
TRUSTED = ("system", "global")
"""Where a person set what holds for all their repositories; `command` is what we set."""
ALWAYS: Settings = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.pager", "cat"),
    ("safe.bareRepository", "explicit"),
    ("log.showSignature", "false"),
    ("status.submoduleSummary", "false"),
    # A submodule has settings of its own, which are not looked at here.
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    # It may run a program (gc.recentObjectsHook), and would be ended with the command.
    ("maintenance.auto", "false"),
    ("gc.auto", "0"),
]
_NEUTRAL = {
    ("filter", "clean"): "",
    ("filter", "smudge"): "",
    ("filter", "process"): "",
    ("filter", "required"): "false",
    ("hook", "command"): "true",
    ("core", "sshcommand"): "ssh",
    ("core", "askpass"): "",
    ("core", "alternaterefscommand"): "true",
    ("remote", "uploadpack"): "git-upload-pack",
    ("remote", "receivepack"): "git-receive-pack",
    ("gpg", "defaultkeycommand"): "",
}
_SIGNERS = {"gpg.ssh.program": "ssh-keygen", "gpg.x509.program": "gpgsm"}
_HELPER = ("credential", "helper")
_BASIC = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
}
LOCAL = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_PREFIX",
        "GIT_NAMESPACE",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_EXTERNAL_DIFF",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
        "GIT_REPLACE_REF_BASE",
    }
)
"""Of our own environment: what would make git work elsewhere than in the directory asked for."""


def environment(ceilings: Iterable[str], settings: Settings, separator: str) -> dict[str, str]:
    """Return the environment with which git looks for no repository above the ceilings and has these settings."""
    found = {**_BASIC, "GIT_CEILING_DIRECTORIES": separator.join(ceilings), "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def overriding(listed: str) -> Settings | None:
    """Return what to set against a repository's own settings, from `git config --list --show-scope -z`.

    None: this git knows no settings from the environment (it is older than 2.31).
    """
    words = listed.split("\0")
    found = [(scope, *_pair(entry)) for scope, entry in zip(words[::2], words[1::2], strict=False)]
    if not any(scope == "command" and name == "core.hookspath" for scope, name, _ in found):
        return None
    trusted = [(name, value) for scope, name, value in found if scope in TRUSTED]
    theirs = {name for scope, name, _ in found if scope not in (*TRUSTED, "command")}
    last = dict(trusted)
    against = [(name, last.get(name, neutral)) for name in sorted(theirs) if (neutral := _neutral(name)) is not None]
    if any(_kind(name) == _HELPER for name in theirs):
        # An empty one empties the list.
        against += [("credential.helper", ""), *(one for one in trusted if _kind(one[0]) == _HELPER)]
    return against


def _pair(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("\n")
    return name, value if equals else "true"


def _kind(name: str) -> tuple[str, str]:
    """Return section and variable, without what is between them."""
    return name.partition(".")[0], name.rpartition(".")[2]


def _neutral(name: str) -> str | None:
    if _kind(name) == ("gpg", "program"):
        return _SIGNERS.get(name, "gpg")
    return _NEUTRAL.get(_kind(name))
