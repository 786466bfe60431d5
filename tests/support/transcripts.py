"""Tasks as somebody looked at them, made by hand: what is in them is for the test to say."""

from __future__ import annotations

from typing import Any

from wegent_jupyter.client.seen import SeenTask, SeenTurn
from wegent_jupyter.protocol import api

BASE: dict[str, Any] = {"mode": "ask", "device_id": "box", "created_at": "2026-11-01T09:30:00+00:00"}
HOME = "/home/ann/churn"


def turn(number: int, prompt: str, *items: dict[str, Any], **fields: Any) -> SeenTurn:
    whole = {"id": number, "task_id": 7, "number": number, "prompt": prompt, "agent": "claude", "state": "completed"}
    numbered = [{"item_id": str(index), "index": index, **item} for index, item in enumerate(items)]
    return SeenTurn(api.Turn.model_validate({**BASE, **whole, **fields}), numbered)


def seen(*turns: SeenTurn, **fields: Any) -> SeenTask:
    whole = {"id": 7, "title": "Clean up", "agent": "claude", "state": "completed", "workspace": HOME}
    task = api.Task.model_validate({**BASE, "updated_at": BASE["created_at"], **whole, **fields})
    return SeenTask("gateway-1", task, "gpu-box", turns)


def message(text: str) -> dict[str, Any]:
    return {"kind": "message", "text": text}


def tool(title: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "tool", "title": title, "tool": "other", "status": "completed", "output": "", **fields}
