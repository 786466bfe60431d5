"""The server that a command talks to: the running one, or a private one for the time of a run."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator

from wegent_jupyter.cli import private_server
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.client.client import Client, Unreachable
from wegent_jupyter.client.discover import BadSetting, Server, named_server, running_server

START_SECONDS = 60.0
POLL_SECONDS = 0.1
STOP_SECONDS = 15.0


def find() -> Server | None:
    """Return the server that the environment names, else the one that runs here, else None; raises BadInput."""
    try:
        return named_server() or running_server()
    except BadSetting as error:
        raise BadInput(str(error)) from error


@contextlib.asynccontextmanager
async def existing_client() -> AsyncIterator[Client]:
    """Connect to the running server; raises Unreachable when there is none."""
    server = find()
    if server is None:
        raise Unreachable("No server with Wegent runs. Start one with: jupyter lab")
    async with Client(server, find) as client:
        yield client


@contextlib.asynccontextmanager
async def any_client() -> AsyncIterator[Client]:
    """Connect to the running server, or to a private one that is stopped afterwards; raises Unreachable."""
    server = find()
    if server is not None:
        async with Client(server, find) as client:
            yield client
        return
    print("No server runs: starting a private one …", file=sys.stderr)
    process = _start()
    try:
        async with Client(await _wait_for_server(process)) as client:
            await _wait_for_device(client)
            yield client
    finally:
        await _stop(process)


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyter_server",
            "--no-browser",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            "--ServerApp.allow_root=True",
            "--ServerApp.jpserver_extensions={'wegent_jupyter': True}",
            "--ServerApp.log_level=WARN",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for us: it stops the turn first, and then the server.
        start_new_session=True,
    )


async def _wait_for_server(process: "subprocess.Popen[bytes]") -> Server:
    until = time.monotonic() + START_SECONDS
    watch = private_server.Watch(process.pid)
    while time.monotonic() < until:
        server = running_server()
        if server is not None:
            return server
        if process.poll() is not None:
            raise Unreachable(
                f"The private server ended with status {process.returncode}. Look at: jupyter server --no-browser"
            )
        refusal = await watch.refusal()
        if refusal is not None and running_server() is None:
            raise Unreachable(refusal)
        await asyncio.sleep(POLL_SECONDS)
    raise Unreachable(f"The private server did not start within {START_SECONDS:.0f} s.")


async def _wait_for_device(client: Client) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if any(device.status in ("online", "busy") for device in await client.devices()):
            return
        await asyncio.sleep(POLL_SECONDS)
    reason = (await client.version()).reason or "No device came online."
    raise Unreachable(reason)


async def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    until = time.monotonic() + STOP_SECONDS
    while process.poll() is None and time.monotonic() < until:  # noqa: ASYNC110 - a process, not an event of this loop
        await asyncio.sleep(POLL_SECONDS)
    if process.poll() is None:
        process.kill()
        process.wait()
