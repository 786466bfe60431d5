"""A server of tools on standard streams, as agents start them: it adds up, and says always the same."""

from __future__ import annotations

import json
import sys
from typing import Any

SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}


HARMLESS: dict[str, dict[str, bool]] = {
    "peek": {"readOnlyHint": True},
    "soft": {"destructiveHint": False, "openWorldHint": False},
}
"""Tools that say of themselves that they do no harm."""


def tool(name: str, **hints: bool) -> dict[str, Any]:
    return {"name": name, "description": name, "inputSchema": SCHEMA, "annotations": hints}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the result of a request, None for what is not known."""
    known: dict[str, dict[str, Any]] = {
        "initialize": {
            "protocolVersion": params.get("protocolVersion"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "demo", "version": "1"},
        },
        "tools/list": {"tools": [tool("add"), *(tool(name, **hints) for name, hints in HARMLESS.items())]},
        "tools/call": {"content": [{"type": "text", "text": "sum 3"}]},
    }
    return known.get(method)


def main() -> None:
    """Answer each line until the input ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            result = answer(message["method"], message.get("params") or {})
            body = {"result": result} if result is not None else {"error": {"code": -32601, "message": "unknown"}}
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}), flush=True)


if __name__ == "__main__":
    main()
