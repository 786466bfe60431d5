"""What Binder does with this repository, step by step as repo2docker does it, in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.support.face import Face, launch_chromium
from tests.support.kernels import Kernel
from tests.support.lab import BUILT
from tests.support.server import ROOT, TOKEN, JupyterServer, private_environment, wait_for

BINDER = ROOT / "binder"
QUICKSTART = "notebooks/quickstart.ipynb"
BASE_URL = "/user/someone-x1/"
"""Binder's servers are never at the root."""
SECRET = "sk-of-whoever-runs-this-binder"
SCRIPTS = ("postBuild", "start")
pytestmark = pytest.mark.timeout(600)  # it installs JupyterLab, wherever that comes from


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone, which is the home of its user; the built front end is there, so that no Node.js is fetched."""
    clone = tmp_path_factory.mktemp("binder") / "home"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    built = clone / BUILT.relative_to(ROOT)
    shutil.copytree(BUILT, built, ignore=shutil.ignore_patterns("*.map"))
    (built / "static" / "style.js").touch()
    return clone


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    """Return the variables of the image: its Python comes first, nothing of this clone is on its path."""
    own = private_environment(home)
    del own["PYTHONPATH"]
    programs = home.parent / "env" / "bin"
    cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, check=True)
    return {
        **own,
        "PATH": f"{programs}{os.pathsep}{own['PATH']}",
        "VIRTUAL_ENV": str(programs.parent),
        # Of what it fetches, most was fetched for the environment of the tests.
        "PIP_CACHE_DIR": cache.stdout.decode().strip(),
        "PIP_NO_COMPILE": "1",
    }


@pytest.fixture(scope="module")
def image(home: Path, environment: dict[str, str]) -> Path:
    """Build it: Python, then what `requirements.txt` says, then `postBuild`."""
    subprocess.run([sys.executable, "-m", "venv", home.parent / "env"], check=True)

    def step(*command: str) -> None:
        ran = subprocess.run(command, cwd=home, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
        assert ran.returncode == 0, (ran.stdout + ran.stderr).decode()[-4000:]

    step("pip", "install", "-r", "binder/requirements.txt")
    step("./binder/postBuild")
    return home


@pytest.fixture(scope="module")
def server(image: Path, environment: dict[str, str]) -> Iterator[JupyterServer]:
    """Start a container: `start` gets BinderHub's command, on a computer that has accounts of its own."""
    running = JupyterServer(image, base_url=BASE_URL)
    options = [f"--ServerApp.{name}" for name in (f"port={running.port}", "ip=127.0.0.1", f"base_url={BASE_URL}")]
    page = "--LabApp.expose_app_in_browser=True"
    command = ["./binder/start", "jupyter", "lab", "--no-browser", "--allow-root", *options, page]
    with (image / "server.log").open("ab") as log:
        running.process = subprocess.Popen(
            [*command, f"--IdentityProvider.token={TOKEN}"],
            cwd=image,
            env={**environment, "ANTHROPIC_API_KEY": SECRET, "OPENAI_API_KEY": SECRET},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    wait_for(running.device_online, "the device is online")
    yield running
    running.stop()
    running.end_executor()


def test_its_files_are_what_repo2docker_takes() -> None:
    packages = [line.partition("#")[0].strip() for line in (BINDER / "apt.txt").read_text().splitlines()]
    wanted = [package for package in packages if package]
    assert wanted == [package for package in wanted if re.fullmatch(r"[a-z0-9.+-]+", package)] != []
    version = re.fullmatch(r"python-(3\.\d+)\n", (BINDER / "runtime.txt").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in project["classifiers"]
    for name in SCRIPTS:
        assert (BINDER / name).read_text().startswith("#!/usr/bin/env bash\n")
        assert os.access(BINDER / name, os.X_OK)


def test_the_image_has_the_extension_and_what_the_examples_import(image: Path, environment: dict[str, str]) -> None:
    modules = "import matplotlib, pandas, wegent_jupyter; print(wegent_jupyter.__file__)"
    ran = subprocess.run(["python", "-c", modules], cwd=image.parent, env=environment, capture_output=True, check=True)
    assert Path(ran.stdout.decode().strip()).is_relative_to(image.parent / "env")


def test_the_server_opens_the_quickstart(server: JupyterServer) -> None:
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=30) as client:
        answer = client.get(server.url, params={"token": TOKEN})
        kept = client.get(f"{server.url}api/contents/{QUICKSTART}", headers={"Authorization": f"token {TOKEN}"})
    assert answer.status_code == 200
    assert answer.url.path == f"{BASE_URL}lab/tree/{QUICKSTART}"
    assert kept.json()["type"] == "notebook"


def test_nothing_can_join_it_and_only_the_practice_agent_runs_there(server: JupyterServer) -> None:
    version = server.get("/version").json()
    assert version["state"] == "running"
    assert [agent["id"] for agent in server.get("/agents").json()["items"]] == ["practice"]
    assert "Do not paste keys" in version["notice"]
    assert server.post("/credentials", {"kind": "join", "name": "x"}).status_code == 403


def test_no_account_of_whoever_runs_it_reaches_an_agent(server: JupyterServer) -> None:
    task_id = server.submit("!bash env | cut -d= -f1 | sort")["task"]["id"]
    server.finished(task_id)
    events = server.get(f"/tasks/{task_id}/events").text
    assert "HOME" in events
    assert "_API_KEY" not in events and SECRET not in events


def test_the_quickstart_runs_there_from_top_to_bottom(server: JupyterServer, image: Path) -> None:
    said = ""
    with Kernel(server, "notebooks") as kernel:
        for cell in nbformat.read(image / QUICKSTART, 4).cells:
            if cell.cell_type == "code":
                said += kernel.run(cell.source)
    assert "Hello from a notebook" in said and "It asks: echo approved\ncompleted" in said


@pytest.mark.ui
def test_a_visitor_sees_the_quickstart_the_sidebar_and_the_warning(server: JupyterServer) -> None:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        face = Face(browser.new_page(viewport={"width": 1280, "height": 800}), server).load("")
        panel = face.page.locator(".jp-NotebookPanel:visible")
        expect(panel.get_by_role("heading", name="Quickstart")).to_be_visible()
        expect(face.side).to_be_visible()
        expect(face.side.get_by_text("Do not paste keys")).to_be_visible()
        face.shot("binder-quickstart")
        browser.close()
