"""Run an executor: one process, one home, one device, until it is stopped."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wegent_jupyter.executor import identity, logs, slim
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.status import Reporter, to_terminal
from wegent_jupyter.locks import DirectoryLock

if TYPE_CHECKING:
    from wegent_jupyter.executor.device import Device
    from wegent_jupyter.executor.link import Link

ORPHAN_SECONDS = 600.0
"""An embedded executor without a server and without work ends itself after ten minutes."""
ABANDONED_SECONDS = 86_400.0
"""A program in a terminal is work for a day without a server: `htop` would be for ever."""


WAIT_SECONDS = 1.0


def run(settings: Settings, *, wait: bool = False) -> int:
    """Run until a signal says stop; returns the exit status: 2 for bad settings, 3 if one runs already.

    `wait`: until that one ends. The connection over which this was started may be the one that it uses.
    """
    lock = DirectoryLock(settings.home, "executor")
    try:
        if settings.embedded is None:
            identity.check(settings.home)
        if not lock.acquire() and not (wait and _acquire_after(lock, settings.home)):
            return give_up(f"Another executor works in {settings.home} (process {lock.holder().get('pid', '?')}).", 3)
        lock.publish({"pid": os.getpid(), "started": _started()})
        logs.start(settings.logs)
    except identity.Copied as error:
        return give_up(str(error), 2)
    except OSError as error:
        lock.release()
        return give_up(f"{error.filename or settings.home} cannot be used: {error.strerror or error}.", 2)
    try:
        return asyncio.run(_serve(settings))
    finally:
        lock.release()


def _acquire_after(lock: DirectoryLock, home: Path) -> bool:
    """Wait for the executor that works in a home to end, then take its place; says whether that happened."""
    pid = lock.holder().get("pid", "?")
    print(f"An executor works in {home} already (process {pid}): waiting until it ends.", flush=True)
    try:
        while not lock.acquire():
            time.sleep(WAIT_SECONDS)
    except KeyboardInterrupt:
        return False
    return True


def give_up(message: str, status: int) -> int:
    """Say why the program ends, and return its exit status."""
    print(f"wegent-executor: {message}", file=sys.stderr)
    return status


async def _serve(settings: Settings) -> int:
    # After the lock: these take a third of a second, and a second executor should say so at once.
    slim.import_socketio()
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
        return give_up(str(error), 2)
    hung_up = asyncio.Event()
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else nohup said so
        loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    logging.info("wegent-executor %s works in %s as %s", settings.version, settings.home, settings.device_id)
    reporter = Reporter(settings.home, to_terminal if settings.embedded is None else lambda _text: None)
    link = Link(settings, device, reporter)
    working = {asyncio.create_task(link.run()), asyncio.create_task(stop.wait())}
    working.add(asyncio.create_task(_until_done(hung_up, device)))
    if settings.embedded is not None:
        working.add(asyncio.create_task(_until_orphaned(link, device, settings.home)))
    done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
    await device.close()
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    if settings.home.exists():
        reporter.tell("stopped", settings.backend_url)
    for task in done:
        task.result()
    return 0


async def _until_done(hung_up: asyncio.Event, device: "Device") -> None:
    """Return when the terminal is gone and nothing runs.

    A device that was started over SSH loses its terminal with every cut of the network: its turns go on, and the next
    `wegent-executor --wait` takes over.
    """
    await hung_up.wait()
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    logging.info("The terminal is gone; what runs goes on")
    while device.working:  # noqa: ASYNC110 - seconds do not matter
        await asyncio.sleep(WAIT_SECONDS)


async def _until_orphaned(link: "Link", device: "Device", home: Path) -> None:
    """Return once there was neither a server nor work for ten minutes, or the home is no longer ours."""
    connected = last = time.monotonic()
    ours = _file_of(home)
    while time.monotonic() - last < ORPHAN_SECONDS and _file_of(home) == ours:
        await asyncio.sleep(1.0)
        now = time.monotonic()
        connected = now if link.connected else connected
        if not device.runner.idle or (device.working and now - connected < ABANDONED_SECONDS) or link.connected:
            last = now


def _file_of(home: Path) -> int | None:
    """Return what tells our lock file from that of a home that was removed and made anew."""
    try:
        return (home / "executor.lock").stat().st_ino
    except FileNotFoundError:
        return None


def _started() -> float:
    import psutil

    return psutil.Process().create_time()
