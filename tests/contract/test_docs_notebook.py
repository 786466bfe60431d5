"""Every Python block of the page on notebooks is run as it stands there, and the page leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.kernels import Failed, Kernel
from tests.support.server import ROOT, JupyterServer
from wegent_jupyter import notebook as wg
from wegent_jupyter.notebook import cell_options, listing, magics
from wegent_jupyter.server.app import WegentApp

PAGE = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
INNER = ("look", "now", "seen")
"""What of a task is there for the rest of the package."""
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    """Return the Python blocks of a page: each is a cell."""
    return re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Share the kernel of a notebook in a home in which nothing was ever set up."""
    server = JupyterServer(tmp_path_factory.mktemp("page")).start()
    try:
        with Kernel(server) as running:
            running.run("import matplotlib\nmatplotlib.use('agg')")
            yield running
    finally:
        server.stop()
        server.end_executor()


@pytest.mark.parametrize(("name", "page"), [("docs/notebooks.md", PAGE), ("README.md", README)])
def test_the_cells_of_a_page_run_from_top_to_bottom_as_they_stand_there(kernel: Kernel, name: str, page: str) -> None:
    ran = 0
    for source in blocks(page):
        try:
            kernel.outputs(source)
        except Failed as error:
            pytest.fail(f"This cell of {name} fails:\n\n{source}\n{error}")
        ran += 1
    assert ran == page.count("```python\n") > 0
    assert kernel.value("sorted({one.known.agent for one in wg.tasks(200)})") == ["practice"]


def test_the_page_names_every_name_option_command_and_trait() -> None:
    options = [action.option_strings[0] for action in cell_options._parser()._actions]
    widgets = [one for one in (getattr(wg, name) for name in wg.__all__) if hasattr(one, "class_own_traits")]
    traits = [f"`{trait}`" for widget in widgets for trait in widget.class_own_traits()]
    assert len(widgets) == 5
    functions = [f"wg.{name}" for name in wg.__all__ if not name.endswith(("Error", "Call", "Refused"))]
    commands = [f"%wegent {name}" for name in magics.COMMANDS]
    methods = [f"t.{name}" for name in vars(wg.Task) if not name.startswith("_") and name not in INNER]
    wanted = [*options, *traits, *functions, *commands, *methods]
    assert len(wanted) > 50
    assert [one for one in wanted if one not in PAGE] == []
    assert [name for name, _ in listing.RUNS if name.split()[0] not in options] == []


def test_the_operators_notice_has_the_bound_that_the_page_says() -> None:
    page = (ROOT / "docs" / "using.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if "c.WegentApp.notice" in line]
    assert "500 characters" in row
    assert WegentApp(notice="a" * 500).notice == "a" * 500
