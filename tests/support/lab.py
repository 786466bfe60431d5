"""JupyterLab and Notebook 7 with our front end, in a private home."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import psutil

from tests.support.server import ROOT, JupyterServer

BUILT = ROOT / "wegent_jupyter" / "labextension"
# Voilà is here for tests of its own; its button in notebooks makes Notebook 7 log an error on the page of the files.
OTHERS = {"@voila-dashboards/jupyterlab-preview": True}
APPLICATIONS = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}


def lab_server(home: Path, app: str = "jupyterlab", **fields: Any) -> JupyterServer:
    """Return a server, not started yet, whose pages load the front end of this very clone and ask no other host."""
    traits = APPLICATIONS[app]
    options = [
        f"--{traits}.expose_app_in_browser=True",
        f"--LabServerApp.extra_labextensions_path={_extensions(home)}",
        *(["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"] if app == "jupyterlab" else []),
        *fields.pop("options", []),
    ]
    set_settings(home, "@jupyterlab/apputils-extension", "notification", {"fetchNews": "false"})
    (home / "config" / "labconfig").mkdir(parents=True, exist_ok=True)
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": OTHERS}))
    return JupyterServer(home, app=app, options=options, **fields)


def _extensions(home: Path) -> Path:
    """Return a folder with nothing but the built front end, which is searched before any installed one.

    It is a copy, so that a build during the tests does not take the files away from under a page.
    """
    if not (BUILT / "static" / "style.js").is_file():
        raise AssertionError(
            f"The front end is not built: {BUILT} lacks static/style.js. Build it with "
            "`cd labextension && jlpm install --immutable && jlpm run build:prod`."
        )
    folder = home / "labextensions"
    if not folder.exists():
        shutil.copytree(BUILT, folder / "wegent-jupyter")
    return folder


def set_settings(home: Path, package: str, plugin: str, values: dict[str, Any]) -> None:
    """Write a user's settings of one plugin, as the settings editor would."""
    folder = home / "config" / "lab" / "user-settings" / package
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))


def configure_agents(server: JupyterServer, agents: dict[str, Any]) -> None:
    """Write agents into the configuration of the embedded executor, before its first start."""
    home = server.data / "executor"
    home.mkdir(parents=True)
    (home / "device-config.json").write_text(json.dumps({"agents": agents}))


def processes_of(attempt_id: int) -> list[psutil.Process]:
    """Return the living processes that carry an attempt's marker."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WEGENT_ATTEMPT") == str(attempt_id) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
