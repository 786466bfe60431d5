"""What Wegent costs a kernel, and how soon a cell that gives an agent something to do is finished."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench import servers
from tests.bench.rows import Row, row
from tests.support.kernels import Kernel
from tests.support.server import JupyterServer

CELLS = 20
"""In each kernel."""
TIMED = """
import time as _time, psutil as _psutil
_began, _had = _time.perf_counter(), _psutil.Process().memory_info().rss
{code}
_took = 1000 * (_time.perf_counter() - _began)
_grown = (_psutil.Process().memory_info().rss - _had) / 2**20
"""
POST = """
import httpx as _httpx
from wegent_jupyter.client.discover import kernel_server as _find
_server = _find()
_http = _httpx.Client(trust_env=False, headers={"Authorization": _server.authorization})
_body = {"prompt": "!say hi", "agent": "practice", "mode": "full"}
def post():
    _http.post(f"{_server.url}/api/tasks", json=_body).raise_for_status()
"""


def rows(rounds: int) -> list[Row]:
    """Start a kernel in each round; what is compared is measured in the same one, cell by cell in turn."""
    imports: list[tuple[float, float | None]] = []
    first: list[tuple[float, float | None]] = []
    grown: list[tuple[float, float | None]] = []
    cells: list[tuple[float, float | None]] = []
    with tempfile.TemporaryDirectory(prefix="wegent-bench-") as home:
        server = JupyterServer(Path(home)).start()
        try:
            for _ in range(rounds):
                with Kernel(server) as kernel:
                    ours = _timed(kernel, "from wegent_jupyter import notebook as wg")
                    use = _timed(kernel, "wg.devices()")
                    imports.append((ours[0], _timed(kernel, "import ipywidgets")[0]))
                    first.append((use[0], None))
                    grown.append((ours[1] + use[1], None))
                    cells.append(_cells(kernel))
        finally:
            servers.end(server)
    return [
        row("kernel: import of the notebook package", "ms", imports, reference_is="import ipywidgets", compare="ratio"),
        row("kernel: first call, with the connection", "ms", first, note="wg.devices()"),
        row("kernel: memory of both", "MiB", grown, note="growth of the RSS"),
        row("%%wegent: cell to card", "ms", cells, reference_is="a cell that posts the task by httpx", compare="ratio"),
    ]


def _timed(kernel: Kernel, code: str) -> tuple[float, float]:
    """Return milliseconds and MiB of a cell."""
    took, grown = kernel.value("[_took, _grown]", TIMED.format(code=code))
    return took, grown


def _cells(kernel: Kernel) -> tuple[float, float]:
    """Return what a magic and what a plain request take, in ms, as the front end sees it."""
    kernel.run(POST)
    ours, theirs = "%%wegent --agent practice --mode full\n!say hi", "post()"
    samples: dict[str, list[float]] = {ours: [], theirs: []}
    for code in (ours, theirs) * (CELLS + 1):
        began = time.perf_counter()
        kernel.outputs(code)
        samples[code].append(1000 * (time.perf_counter() - began))
        kernel.run("wg.tasks()[0].wait()")  # else the agents of all cells share the processors with the next one
    return median(samples[ours][1:]), median(samples[theirs][1:])
