"""Read and change `device-config.json`: what we do not know in it stays as it is."""

import json
from pathlib import Path
from typing import Any

from wegent_jupyter.locks import write_private

NAME = "device-config.json"


def read(path: Path) -> dict[str, Any]:
    """Return the file's object, empty when there is no file; raises OSError, ValueError."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def parse(text: str) -> dict[str, Any]:
    """Return the object that a text holds; raises ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


def line_of(text: str, place: list[str]) -> int:
    """Return the line in which a key stands, or the nearest key around it that is there."""
    at = 0
    for part in place:
        found = text.find(json.dumps(part), at)
        if found < 0:
            break
        at = found
    return text.count("\n", 0, at) + 1


def write(path: Path, values: dict[str, Any]) -> None:
    """Write the whole file, 0600, atomically; raises OSError."""
    write_private(path, json.dumps(values, indent=2) + "\n")


def set_connection(path: Path, url: str, name: str | None = None, ca_bundle: str | None = None) -> None:
    """Keep where the gateway is, and the device's name if one is given; raises OSError, ValueError."""
    values = read(path)
    connection = values.get("connection")
    connection = dict(connection) if isinstance(connection, dict) else {}
    connection["backend_url"] = url
    if ca_bundle is not None:
        connection["ca_bundle"] = ca_bundle
    write(path, {**values, **({"device_name": name} if name else {}), "connection": connection})


def set_agent_path(path: Path, agent_id: str, program: str | None) -> None:
    """Keep where a person said that an agent's program is, or forget it; raises OSError, ValueError."""
    values = read(path)
    paths = values.get("agent_paths")
    paths = dict(paths) if isinstance(paths, dict) else {}
    if program is None:
        paths.pop(agent_id, None)
    else:
        paths[agent_id] = program
    write(path, {**values, "agent_paths": paths})


def agent_path(path: Path, agent_id: str) -> str | None:
    """Return what was kept; None also where the file cannot be read, which its owner is told elsewhere."""
    try:
        paths = read(path).get("agent_paths")
    except (OSError, ValueError):
        return None
    found = paths.get(agent_id) if isinstance(paths, dict) else None
    return found if isinstance(found, str) and found else None
