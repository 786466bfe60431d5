"""The `wegent-executor` program: one process, one home, one device."""

import argparse
import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wegent_jupyter._version import __version__
from wegent_jupyter.executor.config import ConfigBroken, Settings, load
from wegent_jupyter.locks import DirectoryLock

if TYPE_CHECKING:
    from wegent_jupyter.executor.device import Device
    from wegent_jupyter.executor.link import Link

ORPHAN_SECONDS = 600.0
"""An embedded executor without a server and without work ends itself after ten minutes."""
LOG_BYTES, LOG_FILES = 10 << 20, 5
"""Wegent's defaults of `logging.max_size_mb` and `logging.backup_count` of `device-config.json`."""


def main(arguments: list[str] | None = None) -> int:
    """Run the executor until it is stopped; returns the exit status: 2 for bad settings, 3 if one runs already."""
    parser = argparse.ArgumentParser(prog="wegent-executor", description="Run AI coding agents on this machine.")
    parser.add_argument("--version", "-v", action="version", version=__version__)
    parser.add_argument(
        "--config", type=Path, help="the device configuration (default: device-config.json in the home)"
    )
    options = parser.parse_args(arguments)
    try:
        settings = load(os.environ, options.config)
    except ConfigBroken as error:
        return _give_up(str(error), 2)
    if settings.embedded is None and not settings.backend_url:
        return _give_up("There is no gateway to connect to. Set WEGENT_BACKEND_URL and WEGENT_AUTH_TOKEN.", 2)
    lock = DirectoryLock(settings.home, "executor")
    if not lock.acquire():
        return _give_up(f"Another executor works in {settings.home} (process {lock.holder().get('pid', '?')}).", 3)
    lock.publish({"pid": os.getpid()})
    _log_to(settings.home / "logs")
    try:
        return asyncio.run(_serve(settings))
    finally:
        lock.release()


async def _serve(settings: Settings) -> int:
    # After the lock: these take a third of a second, and a second executor should say so at once.
    from wegent_jupyter.executor.device import Device
    from wegent_jupyter.executor.journal import JournalBroken
    from wegent_jupyter.executor.link import Link

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on its loop
            loop.add_signal_handler(number, stop.set)
    try:
        device = Device(settings, stop.set)
    except JournalBroken as error:
        return _give_up(str(error), 2)
    logging.info("wegent-executor %s works in %s as %s", __version__, settings.home, settings.device_id)
    link = Link(settings, device)
    working = {asyncio.create_task(link.run()), asyncio.create_task(stop.wait())}
    if settings.embedded is not None:
        working.add(asyncio.create_task(_until_orphaned(link, device, settings.home)))
    done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
    await device.close()
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    for task in done:
        task.result()
    return 0


async def _until_orphaned(link: "Link", device: "Device", home: Path) -> None:
    """Return once there was neither a server nor work for ten minutes, or the home is no longer ours."""
    last, ours = time.monotonic(), _identity(home)
    while time.monotonic() - last < ORPHAN_SECONDS and _identity(home) == ours:
        await asyncio.sleep(1.0)
        if link.connected or not device.runner.idle:
            last = time.monotonic()


def _identity(home: Path) -> int | None:
    """Return what tells our lock file from that of a home that was removed and made anew."""
    try:
        return (home / "executor.lock").stat().st_ino
    except FileNotFoundError:
        return None


def _log_to(directory: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        directory / "executor.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _give_up(message: str, status: int) -> int:
    print(f"wegent-executor: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
