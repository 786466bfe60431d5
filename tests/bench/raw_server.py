"""The reference for streamed events: a Tornado WebSocket and nothing else. `python -m tests.bench.raw_server PORT`"""

from __future__ import annotations

import asyncio
import sys

import tornado.web
import tornado.websocket

FLUSH = 64
"""Messages between two waits for the socket: fastest here, and it bounds the memory."""


class Nothing(tornado.web.RequestHandler):
    """Answers 200, for whoever waits until this server is up."""

    def get(self) -> None:
        self.finish()


class Sender(tornado.websocket.WebSocketHandler):
    """Answers `COUNT SIZE` with so many messages of so many characters."""

    async def open(self, *_arguments: str, **_options: str) -> None:
        self.set_nodelay(True)

    async def on_message(self, message: str | bytes) -> None:
        count, size = (int(part) for part in message.split())
        text = "x" * size
        for number in range(count):
            sent = self.write_message(text)
            if number % FLUSH == FLUSH - 1:
                await sent


async def main() -> None:
    tornado.web.Application([("/", Sender), ("/api", Nothing)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
