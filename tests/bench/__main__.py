"""`python -m tests.bench`: measure, print a table, write JSON. Whatever is compared was measured in the same run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import claude, codex, devices, dispatch, events, files, notebook, remote, startup, terminals
from tests.bench.rows import Row, table
from tests.support.server import ROOT

BENCHES: dict[str, tuple[Callable[[int], list[Row]], int]] = {
    "startup": (startup.rows, 5),
    "dispatch": (dispatch.rows, 5),
    "events": (events.rows, 7),
    "claude": (claude.rows, 5),
    "codex": (codex.rows, 5),
    "remote": (remote.rows, 3),
    "devices": (devices.rows, 3),
    "terminals": (terminals.rows, 5),
    "files": (files.rows, 3),
    "notebook": (notebook.rows, 5),
}
"""name → (what takes a number of rounds and gives rows, how many rounds it needs for a steady median)"""


def main() -> int:
    """Run the benchmarks; the exit status says whether they ran, not whether the aims are met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(BENCHES)}; default: all")
    parser.add_argument("--rounds", type=int, help="how often each is measured; the table has medians")
    parser.add_argument("--output", type=Path, default=ROOT / "bench-output" / "bench.json")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no {unknown[0]}")
    rows: list[Row] = []
    for name in options.names or BENCHES:
        measure, rounds = BENCHES[name]
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += measure(options.rounds or rounds)
    print(table(rows))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({**machine(), "rows": [row.as_json() for row in rows]}, indent=2) + "\n")
    print(f"\n{options.output}", file=sys.stderr)
    return 0


def machine() -> dict[str, object]:
    """Say where and when, so that a figure is not compared with one from elsewhere."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


if __name__ == "__main__":
    sys.exit(main())
