"""Widgets in a real kernel of a real server, seen and used over the kernel's channels as a front end does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from tests.support.front_end import FrontEnd
from tests.support.kernels import Failed, Kernel
from tests.support.machine import Machine, new_key
from tests.support.server import JupyterServer, private_environment, wait_for
from tests.support.skills import skill, tree
from tests.support.vendor import REFRESH, Vendor

CANARY = "canary-7d10"
VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "<img src=x onerror=alert(1)>\u202e"
KEY = {"auth_mode": "apikey", "OPENAI_API_KEY": CANARY}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, vendor: Vendor) -> Iterator[JupyterServer]:
    """Run a server with Codex, whose vendor is on loopback, and with skills of both agents."""
    folder = tmp_path_factory.mktemp("widgets")
    for agent, name in (("codex", "tidy"), ("codex", "plot"), ("claude", "plot")):
        skill(folder / f".{agent}" / "skills" / name, f"As {agent} has it")
    server = JupyterServer(folder, environment=vendor.environment(folder / ".codex"))
    with ExitStack() as stack:
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        server.start()
        server.agent_ready("codex")
        yield server


@pytest.fixture(scope="module")
def box(home: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Run a second device, which has a login of Codex."""
    machine = Machine(tmp_path_factory.mktemp("machines") / "gpu-box", home)
    (machine.home / ".codex").mkdir(parents=True)
    (machine.home / ".codex" / "auth.json").write_text(json.dumps(KEY))
    machine.start()
    yield machine
    machine.kill()


@pytest.fixture(scope="module")
def kernel(home: JupyterServer, box: Machine) -> Iterator[Kernel]:
    with Kernel(home) as running:
        running.run("from wegent_jupyter import notebook as wg")
        yield running


@pytest.fixture(scope="module")
def front(kernel: Kernel) -> Iterator[FrontEnd]:
    with FrontEnd(kernel.client.connection_file) as running:
        yield running


def made(kernel: Kernel, name: str, code: str) -> str:
    """Make a widget, and return its id."""
    found: str = kernel.value(f"{name}.model_id", f"{name} = {code}")
    return found


def bundle(kernel: Kernel, name: str) -> dict[str, Any]:
    """Show a widget in an output, and return all that the notebook saves of it."""
    [shown] = [one for one in kernel.outputs(f"display({name})") if one["msg_type"] == "display_data"]
    found: dict[str, Any] = shown["content"]["data"]
    return found


def stop_all(server: JupyterServer) -> None:
    for task in server.get("/tasks").json()["items"]:
        if task["state"] not in ("completed", "failed", "cancelled"):
            server.post(f"/tasks/{task['id']}/cancel", {})
    wait_for(lambda: all(one["slot_used"] == 0 for one in server.get("/devices").json()["items"]), "all is free")


def test_what_a_person_picks_drives_the_linked_widgets_and_where_tasks_run(
    kernel: Kernel, front: FrontEnd, box: Machine
) -> None:
    selector = made(kernel, "sel", "wg.DeviceSelector()")
    slots = made(kernel, "slots", "wg.SlotStatus(sel)")
    assert kernel.value("[sel.device.name, [one.name for one in sel.devices]]") == [
        "This computer",
        ["This computer", "gpu-box"],
    ]
    kernel.run("picked = []\nsel.observe(lambda change: picked.append(change.new), 'value')")
    front.says(slots, "This computer", "0/5 slots in use")
    front.pick(selector, "Device", "gpu-box (standalone)")
    front.says(slots, "gpu-box")
    assert kernel.value("[sel.value, sel.device.name, picked]") == [box.device_id, "gpu-box", [box.device_id]]
    task = kernel.value("t.id", "wg.use(sel)\nt = wg.run('!say hi', agent='practice')\nt.wait(60)")
    assert box.server.get(f"/tasks/{task}").json()["device_id"] == box.device_id

    kernel.run("sel.value = 'This computer'")  # by its name, from a cell
    front.says(slots, "This computer")
    labels = front.states[front.control(selector, "Device")]
    assert labels["_options_labels"][labels["index"]] == "This computer (embedded)"
    with pytest.raises(Failed, match="The device 'nowhere' is unknown"):
        kernel.run("sel.value = 'nowhere'")
    assert kernel.value("sel.device.name") == "This computer"


def test_what_a_device_does_is_seen_while_a_cell_runs(kernel: Kernel, front: FrontEnd, home: JupyterServer) -> None:
    slots = made(kernel, "slots", "wg.SlotStatus('This computer')")
    front.says(slots, "Nothing runs there")
    # The cell goes on until the front end has seen it: nothing that waits for the cell's end could tell it.
    go = home.files / "seen"
    kernel.client.execute(
        "import os, time\n"
        "t = wg.run('!write a.txt hi', agent='practice', title='Waits for a person')\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.05)"
    )
    front.says(slots, "1/5 slots in use", "Waits for a person", "Waiting for you")
    go.touch()
    assert kernel.value("[slots.used, slots.max, slots.queued]") == [1, 5, 0]
    kernel.run("t.stop()")
    front.says(slots, "0/5 slots in use", "Nothing runs there")


def test_slots_are_set_and_what_waits_is_listed_in_its_order(
    kernel: Kernel, front: FrontEnd, home: JupyterServer
) -> None:
    slots = made(kernel, "slots", "wg.SlotStatus('This computer')")
    number = front.control(slots, "Slots")
    front.change(number, value=1)
    front.click(slots, "Set")
    front.says(slots, "0/1 slots in use")
    for title in ("First", "Second", "Third"):
        home.submit("!write a.txt hi", mode="ask", title=title)
    shown = front.says(slots, "1/1 slots in use", "2 queued", "Second", "Third")
    assert shown.index("First") < shown.index("Second") < shown.index("Third")
    assert "all slots are in use" in shown
    wait_for(lambda: kernel.value("slots.queued") == 2, "the trait has it")
    stop_all(home)
    front.change(number, value=5)
    front.click(slots, "Set")
    front.says(slots, "0/5 slots in use")


def test_a_secret_that_is_typed_is_in_no_state_and_in_no_message(
    kernel: Kernel, front: FrontEnd, home: JupyterServer
) -> None:
    codex = made(kernel, "codex", "wg.CodexConfig()")
    front.says(codex, "Saved proxy none", "Save a proxy first.")
    field = front.control(codex, "Address of the proxy")
    before = len(front.told)
    front.change(field, value=f"http://ann:{CANARY}@127.0.0.1:3128")
    front.says(codex, "It is not saved yet.")
    wait_for(lambda: front.states[field]["value"] == "", "the field is emptied in every front end")
    front.click(codex, "Save")
    front.says(codex, "http://***:***@127.0.0.1:3128")
    use = front.control(codex, "Use for Codex")
    front.change(use, value=True)
    wait_for(lambda: home.get("/users/me/runtime-configs/codex").json()["use_proxy"], "the server has it")
    assert len(front.told) > before
    assert not [one for one in front.told if CANARY in one]
    assert CANARY not in kernel.run("import ipywidgets; print(ipywidgets.Widget.get_manager_state(), codex)")
    assert CANARY not in json.dumps(bundle(kernel, "codex"))

    front.change(field, value=f"gopher://{CANARY}")
    front.says(codex, "It is not saved yet.")
    front.click(codex, "Save")
    assert "It has to begin with http://" in front.says(codex, "✕")  # refused, in place
    assert not [one for one in front.told if CANARY in one]
    front.click(codex, "Clear…")
    front.says(codex, "Clear the proxy?")
    front.click(codex, "Clear")
    front.says(codex, "Saved proxy none")
    wait_for(lambda: front.states[use]["value"] is False, "its use is off, too")


def test_a_login_is_imported_used_and_forgotten_only_when_a_person_says_so(
    kernel: Kernel, front: FrontEnd, home: JupyterServer
) -> None:
    codex = made(kernel, "codex", "wg.CodexConfig()")
    front.says(codex, "A ChatGPT login breaks when it is copied.", "gpu-box", "Has a login", "Has none")
    front.click(codex, "Import")
    front.says(codex, "Saved login API key")
    assert "A ChatGPT login breaks" not in front.text(codex)  # a key does not
    use = front.control(codex, "Use personal configuration")
    front.change(use, value=True)
    front.says(codex, "Got the saved one", "Skipped: has its own, which is kept")
    front.click(codex, "Import")
    front.says(codex, "Replace the saved login?")
    front.click(codex, "Cancel")
    front.click(codex, "Forget…")
    front.says(codex, "Forget the saved login?")
    assert home.get("/users/me/runtime-configs/codex").json()["configured"]
    front.click(codex, "Forget")
    front.says(codex, "Saved login none")
    front.change(use, value=False)
    front.says(codex, "Nothing is sent to devices.")
    assert not [one for one in front.told if CANARY in one]


def test_codex_is_logged_in_by_a_code_which_is_gone_afterwards(
    kernel: Kernel, front: FrontEnd, home: JupyterServer, vendor: Vendor
) -> None:
    (home.home / ".codex" / "auth.json").unlink(missing_ok=True)
    device = next(one for one in home.get("/devices").json()["items"] if one["embedded"])
    home.post(f"/devices/{device['device_id']}/agents/refresh", {})
    codex = made(kernel, "codex", "wg.CodexConfig()")
    vendor.verdict = "wait"
    front.click(codex, "Log in…")
    front.says(codex, "Open this page, in any browser:", "CODE-1")
    assert "CODE-1" not in json.dumps(bundle(kernel, "codex"))
    front.click(codex, "Cancel")
    front.says(codex, "The login was called off. Nothing was changed.")
    assert "CODE-1" not in front.page(codex)

    front.click(codex, "Log in…")
    front.says(codex, "CODE-2")
    vendor.verdict = "approve"
    front.says(codex, "Codex is logged in on This computer.", "ready, logged in")
    assert "CODE-2" not in front.page(codex)
    assert REFRESH in (home.home / ".codex" / "auth.json").read_text()
    assert not [one for one in front.told if REFRESH in one]


def test_skills_move_as_they_were_shown_and_come_back(kernel: Kernel, front: FrontEnd, home: JupyterServer) -> None:
    before = {agent: tree(home.home / f".{agent}" / "skills") for agent in ("codex", "claude")}
    skills = made(kernel, "skills", "wg.SkillsMigration('This computer')")
    front.says(skills, "Separate: each agent uses the skills in its own directory alone.")
    front.click(skills, "Share skills between Claude and Codex…")
    front.says(skills, "3 skills would move. One is renamed, as another has its name.", "it can be undone")
    assert {agent: tree(home.home / f".{agent}" / "skills") for agent in before} == before
    front.click(skills, "Share")
    front.says(skills, "Shared: 3 skills were moved.", "Shared: both agents use")
    assert (home.home / ".codex" / "skills").is_symlink()
    wait_for(lambda: kernel.value("skills.report.result.moved_count") == 3, "the report is there")
    front.click(skills, "Undo…")
    front.says(skills, "Undo sharing on This computer?")
    front.click(skills, "Undo")
    front.says(skills, "Undone: 3 skills are back where they were.")
    assert {agent: tree(home.home / f".{agent}" / "skills") for agent in before} == before

    # The same without a person.
    assert kernel.value("[len(skills.preview().moves), skills.migrate().moved_count]") == [3, 3]
    front.says(skills, "Shared: 3 skills were moved.")
    assert kernel.value("skills.undo().status") == "undone"
    assert {agent: tree(home.home / f".{agent}" / "skills") for agent in before} == before


def test_a_notebook_without_a_kernel_can_be_read_and_what_devices_say_is_no_markup(
    kernel: Kernel, home: JupyterServer, box: Machine, tmp_path: Path
) -> None:
    import nbformat
    from nbconvert import HTMLExporter

    home.request("PUT", f"/devices/{box.device_id}/alias", json={"alias": HOSTILE})
    made(kernel, "panel", "wg.Panel()")
    wait_for(lambda: kernel.value(f"{HOSTILE!r} in [one.name for one in panel.selector.devices]"), "it is renamed")
    shown = bundle(kernel, "panel")
    home.request("PUT", f"/devices/{box.device_id}/alias", json={"alias": "gpu-box"})
    assert shown[VIEW]["model_id"] == kernel.value("panel.model_id")
    for text in ("This computer", "Online", "0/5 slots in use", "Saved login", "Separate: each agent uses"):
        assert text in shown["text/plain"], text
        assert text in shown["text/html"], text
    assert "<img src=x onerror=alert(1)>⟨U+202E⟩" in shown["text/plain"]

    output = nbformat.v4.new_output("display_data", shown)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("panel", outputs=[output])])
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "0/5 slots in use" in page
    assert "&lt;img src=x onerror=alert(1)&gt;⟨U+202E⟩" in page
    assert "<img src=x" not in page


def test_a_device_that_goes_away_stays_chosen_until_it_is_removed(
    kernel: Kernel, front: FrontEnd, home: JupyterServer, box: Machine
) -> None:
    selector = made(kernel, "sel", "wg.DeviceSelector('gpu-box', online_only=True)")
    slots = made(kernel, "slots", "wg.SlotStatus(sel)")
    front.says(slots, "gpu-box", "Online")
    box.stop()
    front.says(selector, "gpu-box is offline: the task waits until it is back.")
    front.says(slots, "gpu-box", "Offline")
    assert kernel.value("sel.value") == box.device_id
    home.request("DELETE", f"/devices/{box.device_id}")
    front.says(selector, "Choose a device.")
    assert kernel.value("[sel.value, sel.device, [one.name for one in sel.devices]]") == [None, None, ["This computer"]]
    front.says(slots, "Choose a device to see what it is doing.")
    front.pick(selector, "Device", "This computer")
    front.says(slots, "This computer")


def test_a_widget_that_is_closed_follows_nothing_and_leaves_what_it_was_given(kernel: Kernel, front: FrontEnd) -> None:
    listeners = "len(wg.session.session().watch._listeners)"
    kernel.run("import wegent_jupyter.notebook.session\nsel = wg.DeviceSelector()")
    last = made(kernel, "last", "__import__('ipywidgets').Label()")
    wait_for(lambda: last in front.states, "what was made before it was heard, too")
    before, known = kernel.value(listeners), set(front.states)
    panel = made(kernel, "panel", "wg.Panel(sel)")
    wait_for(lambda: panel in front.states, "it is there")
    assert kernel.value(listeners) > before
    kernel.run("panel.close()\npanel.close()")
    assert kernel.value(listeners) == before
    assert kernel.value("sel.device.name") == "This computer"

    wait_for(lambda: set(front.states) == known, "nothing of it is left in any front end")


@pytest.mark.parametrize("device", ["'This computer'", "wg.devices()[0].device_id", "wg.devices()[0]", "sel"])
def test_each_widget_takes_a_device_by_name_id_or_object_or_a_selector(kernel: Kernel, device: str) -> None:
    kernel.run("sel = wg.DeviceSelector()")
    id_ = kernel.value("wg.devices()[0].device_id")
    for kind, shown in (
        ("CodexConfig", "preferred"),
        ("SlotStatus", "device.device_id"),
        ("SkillsMigration", "device.device_id"),
    ):
        assert kernel.value(f"one.{shown}", f"one = wg.{kind}({device})") == id_
        kernel.run("one.close()")
    kernel.run("sel.close()")


@pytest.mark.parametrize("kind", ["CodexConfig", "DeviceSelector", "Panel", "SkillsMigration", "SlotStatus"])
def test_what_is_no_device_is_told_in_a_sentence(kernel: Kernel, kind: str) -> None:
    with pytest.raises(
        Failed, match=r"\AWegent: A device is given by its name or id, or by a DeviceSelector; int is none"
    ):
        kernel.run(f"wg.{kind}(5)")


def test_a_kernel_without_a_server_says_so_and_comes_to_life_with_one(home: JupyterServer, tmp_path: Path) -> None:
    server = JupyterServer(tmp_path / "home")
    environment = {**private_environment(server.home), "PATH": os.environ["PATH"]}
    server.home.mkdir()
    manager = KernelManager(kernel_name="python3")
    with ExitStack() as stack:
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        manager.start_kernel(env=environment)
        stack.callback(manager.shutdown_kernel, now=True)
        client = manager.client()
        client.start_channels()
        stack.callback(client.stop_channels)
        client.wait_for_ready(timeout=60)
        front = stack.enter_context(FrontEnd(manager.connection_file))
        client.execute("from wegent_jupyter import notebook as wg\npanel = wg.Panel()")

        def root() -> str | None:
            found = [one for one, state in front.states.items() if state.get("_model_name") == "TabModel"]
            whole = [one for one in front.states if found and f"IPY_MODEL_{found[0]}" in _children(front, one)]
            return whole[0] if whole else None

        panel = wait_for(root, "the panel is there")
        front.says(panel, "No server with Wegent was found.", "jupyter lab")
        assert "Traceback" not in front.text(panel)
        server.start()
        front.click(panel, "Try again")
        front.says(panel, "0/5 slots in use", "Online")
        assert front.buttons(panel).count("Try again") == 0

        server.kill()
        front.says(panel, "Reconnecting…", "The Jupyter server does not answer.")
        for code, status in (
            ("from wegent_jupyter.notebook import session as s", "ok"),
            ("from wegent_jupyter.notebook.widgets import live", "ok"),
            ("s.CONNECT_SECONDS = live.AGAIN_SECONDS = 1e6  # whoever waits that long never ends", "ok"),
            ("wg.Panel().close()", "ok"),
            ("wg.map(['x'])", "error"),
            ("s.CONNECT_SECONDS, live.AGAIN_SECONDS = 20.0, 3.0", "ok"),
        ):
            assert client.execute_interactive(code, timeout=60, output_hook=str)["content"]["status"] == status
        server.start()
        wait_for(lambda: "Reconnecting…" not in front.text(panel), "it is connected again, by itself")
        server.submit("!write a.txt hi", mode="ask", title="After the restart")
        front.says(panel, "1/5 slots in use", "After the restart")

        # The kernel's owner names another server: the widgets go along.
        token = tmp_path / "token"
        token.touch(0o600)
        token.write_text(new_key(home))
        client.execute(f"wg.connect({home.url!r}, {str(token)!r})")
        shown = front.says(panel, "Nothing runs there", str(home.home / ".codex" / "auth.json"))
        assert "After the restart" not in shown


def _children(front: FrontEnd, one: str) -> list[str]:
    children: list[str] = front.states[one].get("children", [])
    return children
