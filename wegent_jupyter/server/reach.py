"""How another machine reaches this server as it runs now, in commands that work."""

import os
import shlex
import shutil
import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from jupyter_server.utils import url_path_join

from wegent_jupyter.protocol.access import AddDevice, JoinWay

TUNNEL_PORT = 18888
"""On the other machine, on its loopback."""
PERSON = "USER@HOST"
"""To be replaced by the person."""
INSTALL = "pip install wegent-jupyter"
EXECUTOR = "wegent-executor"
ANY = ("", "*", "0.0.0.0", "::")  # noqa: S104 - recognised, not bound to


def ways_in(serverapp: Any, *, allowed: bool) -> AddDevice:
    """Return the ways in, the best one first; `allowed`: the operator lets other machines join."""
    path = url_path_join(serverapp.base_url, "wegent")
    tunnel, direct = _tunnel(serverapp, path), _direct(serverapp, path)
    private = direct.works and direct.url.startswith("https:")
    root = serverapp.base_url == "/"
    return AddDevice(
        allowed=allowed,
        install=INSTALL,
        ways=[direct, tunnel] if private or not tunnel.works else [tunnel, direct],
        stock=root,
        stock_reason=None
        if root
        else f"Wegent's own executors connect at the root of a server; this one is at {serverapp.base_url}.",
    )


def _tunnel(serverapp: Any, path: str) -> JoinWay:
    """Return the way over SSH: from here to the machine, which reaches us through that very connection."""
    url = f"{_scheme(serverapp)}://127.0.0.1:{TUNNEL_PORT}{path}"
    ssh = (
        "ssh -t -o ExitOnForwardFailure=yes -o ServerAliveInterval=15 "
        f"-R 127.0.0.1:{TUNNEL_PORT}:{shlex.quote(_local_end(serverapp))} {PERSON} {EXECUTOR} --wait"
    )
    reason = fix = None
    works = shutil.which("ssh") is not None
    if not works:
        reason, fix = "There is no ssh on this computer.", "Install an SSH client (OpenSSH)."
    elif serverapp.certfile:
        reason = "The certificate of this server has to be valid for 127.0.0.1, and known on the machine."
        fix = "Copy the certificate to the machine and add: --ca FILE"
    # Quoted twice: ssh hands its words to a shell over there.
    join = f"{ssh} join {shlex.quote(shlex.quote(url))}"
    return JoinWay(id="ssh", url=url, join=join, run=ssh, works=works, reason=reason, fix=fix)


def _local_end(serverapp: Any) -> str:
    """Return where this server listens, as `ssh -R` takes it."""
    if serverapp.sock:
        return str(serverapp.sock)
    # Tornado listens on "::" for IPv6 alone.
    host = "::1" if serverapp.ip == "::" else "127.0.0.1" if serverapp.ip in ANY else serverapp.ip
    return f"{_bracketed(host)}:{serverapp.port}"


def _direct(serverapp: Any, path: str) -> JoinWay:
    """Return the way without anything between."""
    url = f"{_origin(serverapp)}{path}"
    reason, fix = _why_not(serverapp)
    works = reason is None
    if works and url.startswith("http:"):
        reason = "Without TLS, whoever is on the network between can read and change everything, the key included."
        fix = "Start the server with --ServerApp.certfile=FILE --ServerApp.keyfile=FILE, or use SSH."
    join = f"{EXECUTOR} join {shlex.quote(url)}"
    return JoinWay(id="direct", url=url, join=join, run=EXECUTOR, works=works, reason=reason, fix=fix)


def _why_not(serverapp: Any) -> tuple[str | None, str | None]:
    """Return why no other machine reaches this server, and what to do; (None, None) if they do."""
    if _published(serverapp):
        return None, None
    if serverapp.sock:
        return "This server listens on a socket file, which no other machine reaches.", "Use SSH."
    if _in_hub():
        return (
            "JupyterHub does not say under which address it is reached from outside.",
            f"On the machine, give the address of your browser: {EXECUTOR} join "
            f"https://HUB{serverapp.base_url}wegent; or use SSH.",
        )
    if _is_loopback(serverapp.ip):
        return (
            f"This server listens on {serverapp.ip} only, which no other machine reaches.",
            "Use SSH, or start it with --ServerApp.ip=0.0.0.0 and TLS.",
        )
    if not serverapp.allow_remote_access:
        return "This server refuses other names than localhost.", "Set ServerApp.allow_remote_access=True, or use SSH."
    return None, None


def _origin(serverapp: Any) -> str:
    """Return scheme, host and port as seen from outside."""
    if published := _published(serverapp):
        return published
    host = socket.gethostname() if serverapp.ip in ANY or _is_loopback(serverapp.ip) else serverapp.ip
    return f"{_scheme(serverapp)}://{_bracketed(host)}:{serverapp.port}"


def _scheme(serverapp: Any) -> str:
    return "https" if serverapp.certfile else "http"


def _in_hub() -> bool:
    return "JUPYTERHUB_API_URL" in os.environ


def _published(serverapp: Any) -> str | None:
    """Return the origin that the operator said: JupyterHub's `public_url` (from 5.0 on), or `custom_display_url`."""
    said = os.environ.get("JUPYTERHUB_PUBLIC_URL") if _in_hub() else serverapp.custom_display_url
    shown = urlsplit(said or "")
    if shown.scheme not in ("http", "https") or not shown.hostname or _is_loopback(shown.hostname):
        return None
    return f"{shown.scheme}://{shown.netloc.rpartition('@')[2]}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
