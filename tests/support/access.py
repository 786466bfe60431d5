"""What tests of joining and credentials do again and again."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.server import JupyterServer
from tests.support.sockets import Peer
from wegent_jupyter.protocol import wire

DEVICES = wire.NAMESPACE


def bare(server: JupyterServer, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """Ask the API with nothing but these headers."""
    with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
        return client.request(method, f"{server.url}wegent/api{path}", json=body, headers=headers)


def credential(server: JupyterServer, kind: str, **headers: str) -> dict[str, Any]:
    """Make a token, a key or a join code as a person does."""
    options = {"headers": headers} if headers else {}
    answer = server.post("/credentials", {"kind": kind, "name": f"a {kind}"}, **options)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def join_by_code(server: JupyterServer, device_id: str) -> str:
    """Join with a join code and return the device's key."""
    code = credential(server, "join")["secret"]
    answer = bare(server, "POST", "/join", {"device_id": device_id, "name": device_id, "code": code})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["key"]
    return key


def hello(device_id: str, *, ours: bool = True, boot_id: str = "boot") -> dict[str, Any]:
    """Return a registration of one of our executors, or of a stock one."""
    extension = {"wegentJupyter": {"version": 1, "boot_id": boot_id}} if ours else {}
    return {"device_id": device_id, "name": device_id, "runtime_features": {"schemaVersion": 1, **extension}}


async def register(peer: Peer, secret: str, device_id: str, **options: Any) -> dict[str, Any]:
    """Connect and register; returns the answer."""
    refused = await peer.connect(DEVICES, {"token": secret})
    assert refused is None, refused
    answer: dict[str, Any] = await peer.call(DEVICES, wire.REGISTER, hello(device_id, **options))
    return answer


async def online(peer: Peer, secret: str, device_id: str, **options: Any) -> dict[str, Any]:
    """Register and send the first heartbeat."""
    answer = await register(peer, secret, device_id, **options)
    assert answer.get("success"), answer
    assert await peer.call(DEVICES, wire.HEARTBEAT, {"device_id": device_id}) == {"success": True}
    return answer


async def admission(server: JupyterServer, secret: Any) -> str | None:
    """Return why the devices' namespace refuses a secret; None if it does not."""
    async with Peer(server) as peer:
        return await peer.connect(DEVICES, {"token": secret})
