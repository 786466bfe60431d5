"""Make of what git says when it fails one sentence and what to do; never with a password that was in an address."""

import re
from typing import NamedTuple

from wegent_jupyter.protocol.access import printable

MAX_SAID = 500


class Reason(NamedTuple):
    """Why something of git failed, as a turn or a project shows it."""

    code: str
    message: str
    fix: str | None = None


# The first that matches counts: a word of the server, or of another program, comes before git's own consequence of it.
_REASONS = [
    (
        r"no space left on device|disk quota exceeded|file too large|out of diskspace",
        Reason("disk_full", "There is not enough space on the device.", "Free disk space there, then try again."),
    ),
    (
        r"unable to write|could not write|write error",
        Reason(
            "disk_full",
            "Not all files could be written on the device, which may be full: {said}",
            "Free disk space there, then try again.",
        ),
    ),
    (
        r"remote branch .* not found in upstream",
        Reason(
            "branch_not_found",
            "{source} has no branch or tag “{branch}”.",
            "Choose another one, or none: then it is the repository's own choice.",
        ),
    ),
    (
        r"git-lfs.*(not found|no such file)|smudge filter lfs failed|external filter .* failed",
        Reason(
            "filter_failed",
            "A filter that is set up on the device for all repositories failed, such as the one of Git LFS: {said}",
            "Install git-lfs on the device, or mend its filters in ~/.gitconfig.",
        ),
    ),
    (
        r"detected dubious ownership",
        Reason(
            "other_owner",
            "{source} belongs to another user of the device, so git does not use it.",
            "If you trust it, run there: git config --global --add safe.directory {source}",
        ),
    ),
    (
        r"could not resolve host",
        Reason(
            "host_not_found",
            "The device finds no {host}.",
            "Check the address, and whether the device is online (VPN, proxy).",
        ),
    ),
    (
        r"host key verification failed|no .* host key is known for",
        Reason(
            "host_key_unknown",
            "The device does not know the SSH host key of {host}.",
            "Run `ssh {host}` once in a terminal on the device, and accept the key if it is the right one.",
        ),
    ),
    (
        r"permission denied \(|too many authentication failures",
        Reason(
            "needs_key",
            "{host} accepts no SSH key of this device.",
            "Add one of the device's public keys (~/.ssh/*.pub) there; a key with a passphrase has to be in an "
            "ssh-agent that the executor knows.",
        ),
    ),
    (
        r"could not read (username|password)|terminal prompts disabled",
        Reason(
            "needs_password",
            "{host} wants a name and a password or token. A repository that is not there may look like that, too.",
            "Set up a credential helper on the device and sign in once in a terminal there, or use the SSH address.",
        ),
    ),
    (
        r"authentication failed|returned error: 40[13]|access denied",
        Reason(
            "access_denied",
            "{host} does not let this device in.",
            "Renew the password or token that the device's credential helper has for it, or ask for access.",
        ),
    ),
    (
        r"unable to update url base from redirection",
        Reason("redirected", "{source} leads elsewhere.", "Use the address to which it leads, if you trust it."),
    ),
    (
        r"ssl certificate|certificate (problem|verif)|server certificate|ssl_error|gnutls_handshake|ssl routines",
        Reason(
            "certificate",
            "The certificate of {host} is not trusted on the device: {said}",
            "Give git the right authority there: git config --global http.sslCAInfo <file>",
        ),
    ),
    (
        r"repository .*not found|returned error: 404|repository '.*' does not exist|update-server-info",
        Reason(
            "repository_not_found",
            "There is no repository at {source}, or this device may not see it.",
            "Check the address; a private one needs a credential helper or an SSH key on the device.",
        ),
    ),
    (
        r"not appear to be a git repository|not a git repository|not valid: is this|invalid gitfile|bundle file",
        Reason("not_a_repository", "{source} is no Git repository.", "Check the address."),
    ),
    (
        r"failed to connect|couldn't connect|connection (refused|timed out)|no route to host|is unreachable",
        Reason(
            "unreachable",
            "The device cannot reach {host}.",
            "Check the address, and whether the device is online (VPN, proxy, firewall).",
        ),
    ),
    (
        r"early eof|disconnect|hung up|rpc failed|transfer closed|too slow|connection (reset|closed)|broken pipe",
        Reason("interrupted", "The connection to {host} broke off.", "Try again."),
    ),
]


def explain(said: str, *, source: str, branch: str | None = None, status: int = 1) -> Reason:
    """Return why git failed, from its standard error."""
    names = {"source": harmless(source), "host": _host(source), "branch": branch or "", "said": _last(said)}
    for pattern, reason in _REASONS:
        if re.search(pattern, said, re.IGNORECASE):
            message, fix = reason.message.format(**names), reason.fix
            return Reason(reason.code, message, fix.format(**names) if fix else None)
    if status < 0:
        return Reason("interrupted", f"git was ended by signal {-status}.", "Try again.")
    return Reason("git_failed", f"git failed: {_last(said) or f'status {status}'}")


def harmless(text: str) -> str:
    """Return a text without names and passwords in its addresses, and what follows a `?` there."""
    bare = re.sub(r"(?<=://)[^/\s'\"]*@|(?<=\S)\?[^\s'\"]*", "", text)
    return printable(re.sub(r"\s+", " ", bare))[:MAX_SAID]


def _last(said: str) -> str:
    """Return the lines that tell what is wrong: the last ones that say so themselves, else the last one."""
    lines = [harmless(line) for line in re.split(r"[\r\n]+", said) if line.strip()]
    wrong = [line for line in lines if re.match(r"(remote: )?(fatal|error)\b", line, re.IGNORECASE)]
    return " ".join(wrong[-2:] or lines[-1:])[:MAX_SAID]


def _host(source: str) -> str:
    """Return which host an address names, with its port if it is told."""
    found = re.match(r"(?:[a-z]+://)?(?:[^/@]*@)?([^/:]+(?::\d+)?)", source)
    return found[1] if found else harmless(source)
