"""A proxy that says it connects to whatever it is asked for, and leads nowhere: on loopback, in threads of its own."""

from __future__ import annotations

import base64
import socketserver
import threading
from typing import Self


class HttpProxy:
    """Listens while it is used as a context manager; `credentials` are NAME:PASSWORD, without them anybody may come."""

    def __init__(self, credentials: str | None = None) -> None:
        self._wanted = base64.b64encode(credentials.encode()).decode() if credentials else ""
        self.asked: list[str] = []
        """HOST:PORT of each connection that it agreed to."""
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, head: list[str]) -> bytes:
        if self._wanted and f"Proxy-Authorization: Basic {self._wanted}" not in head:
            return b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        self.asked.append(head[0].split()[1])
        return b"HTTP/1.1 200 Connected\r\n\r\n"

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head: list[str] = []
                while line := self.rfile.readline().decode().strip():
                    head.append(line)
                if head:
                    self.wfile.write(proxy.answer(head))

        return Handler
