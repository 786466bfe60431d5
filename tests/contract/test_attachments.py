"""Files that people send with messages, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.server import JupyterServer
from wegent_jupyter.protocol.api import MAX_ATTACHMENTS
from wegent_jupyter.protocol.attachments import MAX_BYTES, file_name

PNG = bytes.fromhex("89504e470d0a1a0a")


def upload(server: JupyterServer, data: bytes, name: str = "notes.txt", type_: str = "text/plain") -> httpx.Response:
    return server.request("POST", "/attachments", params={"name": name, "type": type_}, content=data)


def kept(server: JupyterServer, data: bytes, **names: str) -> dict[str, Any]:
    answer = upload(server, data, **names)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_agent_finds_the_very_bytes_and_the_transcript_has_them_for_download(server: JupyterServer) -> None:
    data = PNG + bytes(range(256)) * 9000  # more than two parts of a megabyte
    sent = kept(server, data, name="plot ünï.png", type_="image/png")
    assert (sent["name"], sent["type"], sent["size"]) == ("plot ünï.png", "image/png", len(data))
    task = server.submit("!say thanks", attachments=[sent["id"]])
    turn = server.finished(task["task"]["id"])
    assert turn["state"] == "completed"
    assert turn["attachments"] == [sent]
    (there,) = (server.data / "executor" / "attachments").rglob("plot*.png")
    assert there.read_bytes() == data
    answer = server.get(f"/attachments/{sent['id']}")
    assert answer.content == data
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''plot%20%C3%BCn%C3%AF.png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_next_message_takes_attachments_too(server: JupyterServer) -> None:
    task = server.submit("!say hi")["task"]["id"]
    server.finished(task)
    sent = kept(server, b"more")
    answer = server.post(f"/tasks/{task}/turns", {"prompt": "!say more", "attachments": [sent["id"]]})
    assert answer.json()["attachments"] == [sent]
    assert server.finished(task)["state"] == "completed"


def test_what_was_sent_is_neither_sent_again_nor_removed(server: JupyterServer) -> None:
    sent = kept(server, b"once")
    server.finished(server.submit("!say hi", attachments=[sent["id"]])["task"]["id"])
    again = server.post("/tasks", {"prompt": "!say hi", "agent": "practice", "attachments": [sent["id"]]})
    assert (again.status_code, again.json()["code"]) == (409, "attachment_sent")
    removed = server.request("DELETE", f"/attachments/{sent['id']}")
    assert (removed.status_code, removed.json()["code"]) == (409, "attachment_sent")
    assert server.get(f"/attachments/{sent['id']}").content == b"once"


def test_what_was_not_sent_can_be_removed_and_is_gone(server: JupyterServer) -> None:
    made = kept(server, b"never mind")
    assert server.request("DELETE", f"/attachments/{made['id']}").status_code == 200
    assert server.get(f"/attachments/{made['id']}").status_code == 404
    assert not (server.data / "attachments" / str(made["id"])).exists()
    gone = server.post("/tasks", {"prompt": "!say hi", "agent": "practice", "attachments": [made["id"]]})
    assert gone.status_code == 404


def test_limits_are_said_and_nothing_is_kept(server: JupyterServer) -> None:
    def files() -> int:
        folder = server.data / "attachments"
        return len([*folder.iterdir()]) if folder.exists() else 0

    before = files()
    large = upload(server, b"x" * (MAX_BYTES + 1))
    assert (large.status_code, large.json()["code"]) == (413, "attachment_too_large")
    assert f"{MAX_BYTES:,}" in large.json()["message"]
    assert server.request("POST", "/attachments", content=b"x").status_code == 422
    assert upload(server, b"x", type_="text/html; charset=x\r\nX: y").status_code == 422
    assert files() == before
    many = server.post(
        "/tasks", {"prompt": "!say hi", "agent": "practice", "attachments": [*range(1, MAX_ATTACHMENTS + 2)]}
    )
    assert many.status_code == 422


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("../../.bashrc", "_.._.bashrc"),
        ("a/b\\c:d.txt", "a_b_c_d.txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\n\t", "attachment"),
        (". .", "attachment"),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_name_is_one_that_every_file_system_takes(given: str, taken: str) -> None:
    assert file_name(given) == taken
