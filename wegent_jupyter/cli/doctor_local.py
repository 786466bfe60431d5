"""What can be wrong on this computer, whether a server runs or not."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import psutil
from jupyter_core.paths import jupyter_runtime_dir

from wegent_jupyter._version import __version__
from wegent_jupyter.cli.checks import Check, fail, ok, warn
from wegent_jupyter.client.discover import data_dir

LOW_DISK, FULL_DISK = 1 << 30, 100 << 20
"""Free bytes below which an agent's work is at risk, and below which nothing can be stored."""
LOW_MEMORY = 512 << 20
"""Free bytes below which a second agent of 200 MB makes the computer crawl."""
PTY_SECONDS = 10.0
PTY_SAYS = "the terminal answers"


def version() -> Check:
    """Say what runs, and where it is not supported."""
    what = f"wegent-jupyter {__version__}, Python {platform.python_version()}, {platform.system()}"
    if sys.platform == "win32":
        return fail("version", f"{what}: not supported", "Use Linux, such as WSL 2, or macOS.")
    return ok("version", what)


def directories() -> list[Check]:
    """Check each directory that we write to."""
    places = {
        "data directory": data_dir(),
        "runtime directory": Path(jupyter_runtime_dir()),
        "executor home": data_dir() / "executor",
    }
    return [directory(name, path) for name, path in places.items()]


def directory(name: str, path: Path) -> Check:
    """Check that a directory, or what it will be made in, is ours, private and writable, with room."""
    try:
        there = _nearest(path)
        if not there.is_dir():
            return fail(name, f"{there} is not a directory", f"Move it away: mv {there} {there}.old")
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
        found = there.stat()
        free = shutil.disk_usage(there).free
    except OSError as error:
        return fail(name, f"{path} cannot be written: {error}", f"chown it to you and: chmod u+rwx {path}")
    if free < FULL_DISK:
        return fail(name, f"{path}: only {free >> 20} MB are free", "Free some space.")
    if there == path and hasattr(os, "getuid") and found.st_uid != os.getuid():
        return warn(name, f"{path} belongs to another user", f"sudo chown -R $(id -un) {path}")
    if there == path and found.st_mode & 0o077:
        return warn(name, f"{path} is open to other users", f"chmod 700 {path}")
    if free < LOW_DISK:
        return warn(name, f"{path}: only {free >> 20} MB are free", "Free some space.")
    return ok(name, f"{path}, {free / (1 << 30):.1f} GB free")


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest one above it that is there."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def configuration() -> Check:
    """Check that the file with this device's identity and agents can be read."""
    name, path = "device configuration", data_dir() / "executor" / "device-config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ok(name, "made at the first start")
    except (OSError, ValueError) as error:
        return fail(name, f"{path} cannot be read: {error}", "Mend it, or move it away to start anew.")
    if not isinstance(found, dict):
        return fail(name, f"{path} is not a JSON object", "Mend it, or move it away to start anew.")
    return ok(name, f"{path}")


def resources() -> Check:
    """Check that there is memory for another agent; say how busy the processors are."""
    free = psutil.virtual_memory().available
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    what = f"{free / (1 << 30):.1f} GB of memory free, load {load:.1f} on {os.cpu_count()} processors"
    if free < LOW_MEMORY:
        return warn("memory", what, "Close programs, or give the device fewer slots: c.WegentApp.default_slots")
    return ok("memory", what)


def pty() -> Check:
    """Check that a shell on a pseudo-terminal starts and answers."""
    fix = "In a container: mount devpts (docker does). Else raise kernel.pty.max."
    try:
        from ptyprocess import PtyProcess

        shell = PtyProcess.spawn(["sh", "-c", f"stty size && echo '{PTY_SAYS}'"], dimensions=(24, 80))
        try:
            said = _read_all(shell.fd)
        finally:
            shell.close(force=True)
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        return fail("terminal", f"no pseudo-terminal: {error}", fix)
    if PTY_SAYS not in said or "24 80" not in said:
        return fail("terminal", f"a shell on a pseudo-terminal said {said!r}", fix)
    return ok("terminal", "a shell on a pseudo-terminal answers")


def _read_all(descriptor: int) -> str:
    """Return what a terminal's program says until it ends, or for a time."""
    import select
    import time

    said, until = b"", time.monotonic() + PTY_SECONDS
    while (left := until - time.monotonic()) > 0 and select.select([descriptor], [], [], left)[0]:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # Linux: the program has ended
            break
        if not data:
            break
        said += data
    return said.decode(errors="replace")


def proxy() -> Check:
    """Check that no proxy catches connections of this computer to itself."""
    proxies = {name: url for name, url in getproxies().items() if name in ("http", "https", "all")}
    caught = [host for host in ("127.0.0.1", "localhost") if not proxy_bypass(host)]
    if proxies and caught:
        names = ", ".join(f"{name.upper()}_PROXY" for name in proxies)
        return warn(
            "proxy",
            f"{names} also catches connections to {' and '.join(caught)}",
            "export NO_PROXY=127.0.0.1,localhost, then start JupyterLab again",
        )
    return ok("proxy", "set, and keeps away from this computer" if proxies else "none is set")
