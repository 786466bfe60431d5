"""Voilà shows a notebook without its code: widgets work there, and a card is its Markdown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import httpx
import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.face import SHOTS
from tests.support.server import JupyterServer, free_port, private_environment, wait_for

pytestmark = pytest.mark.ui
SLOW = 60_000
"""Milliseconds in which a kernel has started and run the notebook, however busy the machine is."""
CELLS = (
    "from wegent_jupyter import notebook as wg\nselector = wg.DeviceSelector()\nselector",
    "wg.SlotStatus(selector)",
    "%%wegent --agent practice --mode edits --wait\n"
    "!say Some **bold** <b>text</b> <img src=x onerror=\"document.title='hacked'\">\n!write hello.txt hi",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run the gateway, which the kernels of Voilà find by the file of this user."""
    running = JupyterServer(tmp_path_factory.mktemp("voila")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(scope="module")
def address(server: JupyterServer) -> Iterator[str]:
    """Run a real Voilà on a notebook, and return where it is."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), server.files / "board.ipynb")
    port = free_port()
    with (server.home / "voila.log").open("ab") as log:
        command = [sys.executable, "-m", "voila", "board.ipynb", "--no-browser", f"--port={port}"]
        voila = subprocess.Popen(
            command,
            cwd=server.files,
            env=private_environment(server.home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def answers() -> bool:
        assert voila.poll() is None, (server.home / "voila.log").read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/voila/static/", trust_env=False).status_code < 500
        except httpx.TransportError:
            return False

    wait_for(answers, "Voilà answers")
    yield f"http://127.0.0.1:{port}/"
    voila.terminate()
    voila.wait(30)


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """Open it, on this computer alone: Voilà would fetch what draws formulas."""
    context = browser.new_context(viewport={"width": 900, "height": 1000})
    opened = context.new_page()
    opened.route(lambda url: not url.startswith(address), lambda route: route.abort())
    opened.goto(f"{address}?theme={request.param}", timeout=SLOW)
    expect(opened.get_by_text("tokens in")).to_be_visible(timeout=SLOW)
    expect(opened.get_by_text("Nothing runs there")).to_be_visible(timeout=SLOW)
    SHOTS.mkdir(exist_ok=True)
    opened.screenshot(path=SHOTS / f"voila-{request.param}.png", full_page=True)
    yield opened
    context.close()


def test_widgets_live_and_a_card_is_readable_and_harmless(page: Page, server: JupyterServer) -> None:
    expect(page.get_by_label("Device")).to_have_value("This computer")
    expect(page.get_by_text("0/5 slots in use").last).to_be_visible()

    expect(page.get_by_text("PRACTICE: scripted, not AI")).to_be_visible()
    expect(page.get_by_text("on This computer · Done")).to_be_visible()
    expect(page.locator("strong").get_by_text("bold", exact=True).last).to_be_visible()
    expect(page.get_by_text('<b>text</b> <img src=x onerror="document.title=').last).to_be_visible()
    expect(page.get_by_text("✓ Write hello.txt")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "hacked"

    task_id = server.submit("!ask May I?", mode="ask", title="From elsewhere")["task"]["id"]
    expect(page.get_by_text("1/5 slots in use").last).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("From elsewhere")).to_be_visible()
    server.post(f"/tasks/{task_id}/cancel", {})
    expect(page.get_by_text("0/5 slots in use").last).to_be_visible(timeout=SLOW)
