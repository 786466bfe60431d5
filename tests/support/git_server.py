"""Web servers to clone from: as they should be, and as they are."""

from __future__ import annotations

import functools
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Serve a directory: as it is, behind a password, moved to another host, and in other ways of the web."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Web, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Web(SimpleHTTPRequestHandler):
    """Below `/private/` 401, `/forbidden/` 403, `/away/` to another host, `/near/` to this one, `/page/` a page.

    Below `/smart/` git itself answers (git-http-backend), elsewhere the files.
    """

    def do_GET(self) -> None:
        port = self.headers["Host"].rpartition(":")[2]
        _, way, rest = self.path.split("/", 2) if self.path.count("/") > 1 else ("", "", "")
        match way:
            case "private":
                self._answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
            case "forbidden":
                self._answer(403, {})
            case "away":
                self._answer(301, {"Location": f"http://localhost:{port}/{rest}"})
            case "near":
                self._answer(301, {"Location": f"http://127.0.0.1:{port}/{rest}"})
            case "page":
                self._answer(200, {}, b"<html>\nhello</html>\n")
            case "smart":
                self._ask_git(f"/{rest}")
            case _:
                super().do_GET()

    def do_POST(self) -> None:
        self._ask_git(self.path.removeprefix("/smart"))

    def _ask_git(self, path: str) -> None:
        path, _, query = path.partition("?")
        request = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_PROJECT_ROOT": self.directory,
            "GIT_HTTP_EXPORT_ALL": "1",
        }
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        backend = ["git", "-c", "safe.directory=*", "http-backend"]
        ran = subprocess.run(backend, input=body, env={**os.environ, **request}, capture_output=True, check=True)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._answer(int(headers.pop("Status", "200").split()[0]), headers, content)

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def stalling_server() -> Iterator[str]:
    """Answer nothing, until the test ends."""
    over = threading.Event()

    class Stalls(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            over.wait()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stalls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/x.git"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
