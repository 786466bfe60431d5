"""The reference for devices: python-socketio in Tornado and nothing else. `python -m tests.bench.raw_sockets PORT`"""

from __future__ import annotations

import asyncio
import sys

import socketio
import tornado.web

from tests.bench.raw_server import Nothing
from wegent_jupyter.protocol import wire


class Devices(socketio.AsyncNamespace):  # type: ignore[misc]
    """Takes everybody in."""

    async def on_connect(self, _sid: str, _environ: object, _auth: object = None) -> None:
        pass


async def main() -> None:
    server = socketio.AsyncServer(async_mode="tornado", namespaces=[wire.NAMESPACE], transports=["websocket"])
    server.register_namespace(Devices(wire.NAMESPACE))
    handler = socketio.get_tornado_handler(server)
    application = tornado.web.Application([("/wegent/socket.io/", handler), ("/api", Nothing)])
    application.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
