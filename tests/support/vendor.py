"""Codex's vendor, played on loopback: it gives a code, waits for a person who is the test, and hands out a login.

The real program is pointed at it by `CODEX_APP_SERVER_LOGIN_ISSUER` and `chatgpt_base_url` of its configuration.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

REFRESH = "canary-refresh-4c0d"
"""A secret of the login."""
ACCOUNT = "workspace-1"
Verdict = Literal["wait", "approve", "deny"]
USER_CODE, TOKEN = "/api/accounts/deviceauth/usercode", "/api/accounts/deviceauth/token"


class Vendor:
    """Listens while it is used as a context manager."""

    def __init__(self) -> None:
        self.verdict: Verdict = "wait"
        self.status = 200
        """Of its answer when it is asked for a code."""
        self.routes = True
        """It says which hosts serve the account, too, which Codex asks after the login."""
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, codex_home: Path) -> dict[str, str]:
        """Point Codex with that home here, and return the variables that do so."""
        codex_home.mkdir(parents=True, exist_ok=True)
        (codex_home / "config.toml").write_text(f'chatgpt_base_url = "{self.url}/backend-api"\n')
        return {"CODEX_APP_SERVER_LOGIN_ISSUER": self.url}

    @property
    def codes(self) -> int:
        """Return how many codes it gave."""
        return self.asked.count(USER_CODE)

    def answer(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        if path == USER_CODE:
            return self.status, {"device_auth_id": f"d{self.codes}", "user_code": f"CODE-{self.codes}", "interval": "1"}
        if path == TOKEN:
            if self.verdict == "approve":
                return 200, {"authorization_code": "a", "code_challenge": "c", "code_verifier": "v"}
            return (403, {}) if self.verdict == "wait" else (400, {"error": "access_denied"})
        if path == "/oauth/token":
            return 200, {"id_token": _token(), "access_token": _token(), "refresh_token": REFRESH}
        if path == "/backend-api/wham/accounts/check" and self.routes:
            place = {"workspace_backend_origin": "https://chatgpt.com", "account_routing_override": "NO_CONSTRAINT"}
            return 200, {"accounts": [{"id": ACCOUNT, **place}], "account_ordering": [ACCOUNT]}
        return 404, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = vendor.answer(self.path.partition("?")[0])
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                return

        return Handler


def _token() -> str:
    """Return a token that says whose it is, as Codex reads it."""
    account = {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "pro", "chatgpt_user_id": "u"}
    claims = {"email": "a@x", "exp": int(time.time()) + 86_400, "https://api.openai.com/auth": account}
    parts = (base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": "none"}, claims))
    return ".".join([*(part.decode() for part in parts), "sig"])
