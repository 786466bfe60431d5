"""Two JupyterLabs on one data directory: the second says where Wegent runs, and takes over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.face import LIVENESS, Face
from tests.support.lab import lab_server
from tests.support.server import JupyterServer, wait_for

pytestmark = pytest.mark.ui


@pytest.fixture(scope="module")
def second(lab: JupyterServer) -> Iterator[JupyterServer]:
    """Run another JupyterLab in the same home, on another port."""
    server = lab_server(lab.home)
    try:
        server.start(wait=False)
        wait_for(lambda: state(server) == "elsewhere", "it has found out")
        yield server
    finally:
        server.kill()
        server.end_executor()


def state(server: JupyterServer) -> str | None:
    """Return what a server says of its gateway; None before it listens."""
    try:
        answer = server.get("/version")
    except httpx.TransportError:
        return None
    return str(answer.json()["state"]) if answer.status_code == 200 else None


def test_a_second_server_shows_where_wegent_runs_and_takes_over_when_the_first_ends(
    lab: JupyterServer, second: JupyterServer, open_face: Callable[..., Face]
) -> None:
    done = lab.submit("!write kept.txt by the first server")
    lab.finished(done["task"]["id"])
    face = open_face(server=second)
    expect(face.side).to_contain_text("Wegent runs in another Jupyter server")
    link = face.side.get_by_role("link", name=str(lab.port))
    answer = face.page.request.get(str(link.get_attribute("href")))
    assert answer.ok, f"{answer.url} answers {answer.status}"
    expect(face.composer).to_have_count(0)
    face.shot("second-1-elsewhere")

    lab.stop()
    expect(face.composer).to_be_visible(timeout=LIVENESS)
    expect(face.device.locator(".wegent-State")).to_have_text("Online", timeout=LIVENESS)
    expect(face.side).not_to_contain_text("another Jupyter server")
    face.shot("second-2-took-over")
    task = face.open(done["task"]["id"])
    expect(task.tools).to_contain_text("kept.txt")
    task.reply.fill("!bash cat kept.txt")
    task.reply.press("Enter")
    expect(task.tools.last).to_contain_text("by the first server", timeout=LIVENESS)
    task.is_state("Done")
