"""One server and one browser per module, pages that report their faults, and a picture of what failed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.support.face import HOST, Face, launch_chromium
from tests.support.lab import lab_server
from tests.support.server import JupyterServer

expect.set_options(timeout=15_000)  # milliseconds; for machines with much else to do
Open = Callable[..., Face]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know that their test failed."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium. The scope is the module: while playwright runs, asyncio.run() cannot."""
    with sync_playwright() as playwright:
        running = launch_chromium(playwright)
        yield running
        running.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Hold cookies and storage of one person."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    yield made
    made.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab in a home that nobody has seen before."""
    server = lab_server(tmp_path_factory.mktemp("lab"))
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture
def open_face(context: BrowserContext, lab: JupyterServer, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open pages that are closed with the test, which fails if one of them logged an error or left the machine."""
    faces: list[Face] = []

    def open_(path: str = "lab", server: JupyterServer = lab) -> Face:
        faces.append(Face(context.new_page(), server))
        return faces[-1].load(path).show_side()

    yield open_
    for number, face in enumerate(faces):
        picture_failure(face, request, number)
    if faces:
        faces[0].stop_everything()
    for face in faces:
        face.page.close()
    assert_sound(*faces)


@pytest.fixture(scope="module")
def first_face(context: BrowserContext, lab: JupyterServer) -> Face:
    """Load the module's own page, for the first time in this home."""
    return Face(context.new_page(), lab).load()


@pytest.fixture
def face(first_face: Face, request: pytest.FixtureRequest) -> Iterator[Face]:
    """Give the module's page to one test; afterwards nothing runs and no task tab is open."""
    yield first_face
    picture_failure(first_face, request)
    first_face.stop_everything()
    first_face.close_tasks()
    assert_sound(first_face)


def picture_failure(face: Face, request: pytest.FixtureRequest, number: int = 0) -> None:
    """Save what a page shows if the test failed."""
    if request.node.stash.get(FAILED, False):
        face.shot(f"failed-{request.node.name}-{number}")


def assert_sound(*faces: Face) -> None:
    """Fail if a page logged an error or talked to another machine; its record starts anew."""
    errors = [error for face in faces for error in face.errors]
    for face in faces:
        face.errors.clear()
    assert not errors, "\n".join(errors)
    assert all(face.hosts <= {HOST} for face in faces)
