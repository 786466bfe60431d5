"""Terminals in the faces: opened from everywhere, on every device, and the same after whatever happens to the page."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.support.face import DARK, LIGHT, LIVENESS, Face
from tests.support.lab import lab_server
from tests.support.looks import READABLE, contrast
from tests.support.machine import Machine
from tests.support.proxy import Proxy
from tests.support.server import JupyterServer
from tests.support.terminal_face import BASH, PROMPT, Terminal, end_all, new_terminal, plain_prompt, sessions

pytestmark = pytest.mark.ui

QUICK = {"LOCAL_HEARTBEAT_INTERVAL": "1", "LOCAL_HEARTBEAT_CALL_TIMEOUT": "1", "LOCAL_RECONNECT_MAX_DELAY": "1"}
HERE, BOX = "This computer", "gpu-box"
COUNT = "i=0; until [ -e {} ]; do echo line $((i += 1)); sleep 0.02; done; echo all''told"
"""Prints numbered lines until somebody makes a file, so that no test races with it."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab whose shells have a known prompt."""
    server = lab_server(tmp_path_factory.mktemp("lab"), environment=BASH)
    plain_prompt(server.home)
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run Notebook 7 whose shells have that prompt, too."""
    server = lab_server(tmp_path_factory.mktemp("notebook"), app="notebook", environment=BASH)
    plain_prompt(server.home)
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture(scope="module")
def network(lab: JupyterServer) -> Iterator[Proxy]:
    """Stand between the second device and the server."""
    with Proxy(lab.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def running_box(lab: JupyterServer, network: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("machine") / BOX, lab, url=network.url, environment={**BASH, **QUICK})
    plain_prompt(machine.home)
    try:
        yield machine.start()
    finally:
        machine.kill()


@pytest.fixture
def box(running_box: Machine, face: Face) -> Machine:
    """Give the second device, seen by the page."""
    if running_box.process is not None and running_box.process.poll() is not None:
        running_box.start()
    running_box.reach("online")
    expect(row(face, BOX)).to_contain_text("Online", timeout=LIVENESS)
    return running_box


@pytest.fixture(params=[HERE, BOX])
def device(request: pytest.FixtureRequest, box: Machine) -> str:
    """Name a device of each kind."""
    name: str = request.param
    return name


@pytest.fixture(autouse=True)
def no_terminals(face: Face) -> None:
    """Let no test find the terminals and dialogs of another; what failed is pictured with its own."""
    for left in face.page.locator(".jp-Dialog").all():
        left.get_by_role("button", name=re.compile("Close|Cancel|Dismiss|OK")).first.click()
    end_all(face)


def row(face: Face, name: str) -> Locator:
    """Return a device in the sidebar."""
    title = face.page.locator(".wegent-RowTop > .wegent-Title").get_by_text(name, exact=True)
    return face.device.filter(has=title)


def open_on(face: Face, name: str) -> Terminal:
    """Open a terminal by the button of a device."""
    known = sessions(face)
    row(face, name).get_by_role("button", name=f"Open a terminal on {name}").click()
    return new_terminal(face, known)


def started_in(terminal: Terminal) -> str:
    path: str = terminal.face.server.get(f"/terminals/{terminal.session}").json()["path"]
    return path


def told_all(terminal: Terminal) -> None:
    """Compare the numbered lines with what was printed: each is there, once, in its place."""
    terminal.shows("alltold")
    lines = terminal.lines()
    numbers = [line for line in lines if line.startswith("line ")]
    assert numbers == [f"line {number}" for number in range(1, len(numbers) + 1)]
    assert lines[lines.index("line 1") : lines.index("alltold")] == numbers


def reloaded(face: Face, terminal: Terminal) -> None:
    """Load the page anew once the layout has the terminal in front; it shows the shell again."""
    terminal.remembered()
    face.reload()
    expect(terminal.screen).to_be_visible()
    terminal.is_state("attached")


@contextmanager
def refused(face: Face) -> Iterator[None]:
    """Do something that the server refuses, of which the browser logs the status."""
    yield
    face.errors[:] = [error for error in face.errors if "the server responded with a status of 4" not in error]


# Opening one.


def test_the_button_of_a_device_opens_a_shell_that_can_be_typed_in_at_once(face: Face, device: str) -> None:
    terminal = open_on(face, device)
    expect(terminal.tab).to_contain_text(f"{device}: ")
    expect(terminal.tab).to_contain_text(started_in(terminal).rsplit("/")[-1])
    terminal.run("echo $((6 * 7)) multi''byte ä€😀")
    terminal.shows("42 multibyte ä€😀")
    terminal.run("pwd; [ -t 0 ] && echo a te''rminal")
    terminal.shows(f"{started_in(terminal)}\na terminal")
    face.shot(f"terminals-1-{device.replace(' ', '-')}")


def test_the_button_of_a_task_opens_one_where_it_works(face: Face, box: Machine) -> None:
    task = face.open(box.submit("!write made.txt by the agent", title="Writes"))
    task.is_state("Done")
    known = sessions(face)
    task.root.get_by_role("button", name="Open a terminal where this task works").click()
    terminal = new_terminal(face, known)
    expect(terminal.tab).to_contain_text(f"{BOX}: ")
    terminal.run("pwd; cat made.txt")
    terminal.shows(f"{box.files}\nby the agent")


def palette(face: Face, text: str) -> None:
    """Run a command by typing its name."""
    face.page.keyboard.press("Control+Shift+c")
    search = face.page.locator(".jp-ModalCommandPalette input")
    expect(search).to_be_focused()
    search.fill(text)
    expect(face.page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text(text)
    search.press("Enter")


def test_the_keyboard_alone_opens_one_in_a_folder_of_a_device(face: Face, box: Machine) -> None:
    folder = box.files / "deep down"
    folder.mkdir(exist_ok=True)
    box.server.request("PUT", f"/devices/{box.device_id}/default")
    palette(face, "New Terminal on a Device…")
    asked = face.page.get_by_role("dialog")
    field = asked.get_by_role("textbox", name=re.compile("Folder on"))
    expect(field).to_be_visible()
    expect(field).to_be_focused()
    stops = [asked.get_by_role("button", name=name) for name in ("Cancel", "Open")]
    for stop in (*stops, asked.get_by_label("Device", exact=True), field):
        face.page.keyboard.press("Tab")
        expect(stop).to_be_focused()
    face.page.keyboard.press("Shift+Tab")
    face.page.keyboard.press("Shift+Tab")
    expect(stops[1]).to_be_focused()
    face.page.keyboard.press("Tab")
    face.page.keyboard.press("Tab")
    face.page.keyboard.type(str(folder))
    expect(field).to_have_accessible_name(f"Folder on {BOX}")
    known = sessions(face)
    face.page.keyboard.press("Enter")
    terminal = new_terminal(face, known)
    terminal.run("pwd")
    terminal.shows(str(folder))
    box.server.request("DELETE", f"/devices/{box.device_id}/default")


def test_a_folder_that_cannot_be_is_told_with_the_reason_of_the_device_and_opens_nothing(
    face: Face, box: Machine
) -> None:
    face.page.get_by_role("tab", name="Launcher").click()
    face.page.locator(".jp-LauncherCard").filter(has_text="Terminal on…").click()
    asked = face.page.locator(".jp-Dialog")
    asked.get_by_label("Device", exact=True).click()
    asked.locator(".wegent-Choice").filter(has_text=BOX).click()
    asked.get_by_role("textbox", name=f"Folder on {BOX}").fill("/no/such/folder")
    face.shot("terminals-2-dialog")
    with refused(face):
        asked.get_by_role("button", name="Open").click()
        expect(asked).to_contain_text("No terminal was opened")
        expect(asked).to_contain_text("/no/such/folder")
        expect(asked).to_contain_text(re.compile("outside|does not exist|no such", re.I))
        face.shot("terminals-3-refused")
        asked.get_by_role("button").last.click()
    expect(face.page.locator(".wegent-Terminal")).to_have_count(0)
    assert sessions(face) == set()


def test_a_device_that_is_away_says_why_it_has_no_terminal(face: Face, box: Machine) -> None:
    button = row(face, BOX).get_by_role("button", name=f"Open a terminal on {BOX}")
    expect(button).to_be_enabled()
    box.stop()
    expect(button).to_be_disabled(timeout=LIVENESS)
    expect(button).to_have_attribute("title", re.compile(f"{BOX}: Offline"))
    expect(row(face, HERE).get_by_role("button", name=f"Open a terminal on {HERE}")).to_be_enabled()
    box.start()
    expect(button).to_be_enabled(timeout=LIVENESS)


# The page is loaded anew.


def edit(face: Face, device: str, file: Path) -> Terminal:
    """Change a line of a file in an editor, and do not save it."""
    file.write_text("".join(f"{number} once upon a time, ä€😀\n" for number in range(1, 201)))
    editor = open_on(face, device)
    editor.run("echo before it")
    editor.run(f"vi {file}")
    editor.shows("12 once upon")
    editor.type("100G")
    editor.shows("100 once upon a time, ä€😀")
    editor.type("Oa line of mine")
    editor.press("Escape")
    editor.shows("a line of mine\n100 once upon")
    return editor


def monitor_is_whole(monitor: Terminal) -> None:
    """Look for all that stands once on the monitor's screen, from its head to its foot."""
    monitor.shows("Quit")
    text = monitor.text()
    assert [text.count(word) for word in ("Load average", "Uptime", "PID USER", "Quit")] == [1, 1, 1, 1], text


@pytest.mark.parametrize(("device", "hidden"), [(HERE, "editor"), (BOX, "monitor")])
def test_an_editor_and_a_monitor_come_back_right_after_a_reload(
    face: Face, box: Machine, device: str, hidden: str
) -> None:
    for program, package in {"vi": "vim-tiny", "htop": "htop"}.items():
        assert shutil.which(program), f"This needs the program `{program}` on PATH (Debian: apt-get install {package})"
    file = (box.home if device == BOX else face.server.home) / "story.txt"
    editor = edit(face, device, file)
    monitor = open_on(face, device)
    monitor.run("htop")
    monitor_is_whole(monitor)
    before = editor.lines()
    if hidden == "monitor":
        monitor.remembered()  # else the layout from before it was there would look like the one that is waited for
        editor.tab.click()
    reloaded(face, monitor if hidden == "editor" else editor)

    monitor.tab.click()
    monitor_is_whole(monitor)
    shown = monitor.lines()
    monitor.until(lambda: monitor.lines() != shown, "it goes on")
    monitor_is_whole(monitor)
    face.shot("terminals-4-htop-reloaded")
    monitor.focus()
    monitor.type("q")
    monitor.prompts()

    editor.tab.click()
    editor.until(lambda: editor.lines() == before, "the same screen as before:\n" + "\n".join(before))
    face.shot("terminals-5-vi-reloaded")
    editor.focus()
    editor.type("ggOabove all")
    editor.press("Escape")
    editor.shows("above all\n1 once upon")
    editor.type(":q!\n")
    editor.prompts()
    assert f"{PROMPT} echo before it\nbefore it\n{PROMPT} vi" in editor.text()
    assert "above all" not in file.read_text()


def test_the_layout_brings_back_a_shell_with_its_output_and_says_of_one_that_it_is_over(face: Face) -> None:
    kept, ended = open_on(face, HERE), open_on(face, HERE)
    ended.remembered()
    kept.tab.click()
    kept.focus()
    kept.run("seq 1 300")
    kept.prompts()
    before = kept.lines()
    assert "300" in before
    face.server.request("DELETE", f"/terminals/{ended.session}")
    ended.is_state("ended")
    expect(ended.banner).to_contain_text("The shell was ended")
    reloaded(face, kept)
    kept.until(lambda: kept.lines() == before, "the same as before")
    ended.tab.click()
    ended.is_state("ended")
    expect(ended.status).to_contain_text(re.compile("The shell was ended|This shell is over"))
    expect(ended.banner.get_by_role("button", name="New shell")).to_be_visible()


def test_what_programs_ask_the_terminal_is_not_answered_again_by_a_reload(face: Face) -> None:
    terminal = open_on(face, HERE)
    terminal.run(r"printf '\033[6n'; read -rsd R answer; printf '\033[c'; read -rsd c answer; echo as''ked")
    terminal.shows("asked")
    terminal.prompts()
    reloaded(face, terminal)
    terminal.shows("asked")
    terminal.focus()
    terminal.type("echo un''touched\n")
    terminal.shows(f"asked\n{PROMPT} echo un''touched\nuntouched\n{PROMPT}")


def test_the_programs_in_it_cannot_write_the_clipboard(face: Face, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    try:
        terminal = open_on(face, HERE)
        face.page.evaluate("() => navigator.clipboard.writeText('mine')")
        terminal.run(r"printf '\033]52;c;c3RvbGVu\007'; echo se''nt")  # "stolen"
        terminal.shows("sent")
        assert face.page.evaluate("() => navigator.clipboard.readText()") == "mine"
    finally:
        context.clear_permissions()


# The network, the server and the executor go away.


def test_a_cut_network_is_told_and_afterwards_nothing_is_missing(face: Face, box: Machine, network: Proxy) -> None:
    terminal = open_on(face, BOX)
    terminal.run(COUNT.format("go-cut"))
    terminal.shows("line 5\n")
    network.refuse()
    try:
        terminal.is_state("away")
        expect(terminal.status).to_contain_text(f"Reconnecting to {BOX}… What you type now is not sent.")
        expect(terminal.status).to_be_visible()
        face.shot("terminals-6-away")
        terminal.type("lost")
    finally:
        network.accept()
    terminal.is_state("attached")
    expect(terminal.status).to_have_text("")
    (Path(started_in(terminal)) / "go-cut").touch()
    told_all(terminal)
    terminal.run("echo typed a''gain")
    terminal.shows("typed again")
    assert "lost" not in terminal.text()


def test_a_killed_server_comes_back_and_both_shells_have_gone_on(face: Face, lab: JupyterServer, box: Machine) -> None:
    here, there = open_on(face, HERE), open_on(face, BOX)
    there.run(COUNT.format("go-killed"))
    here.tab.click()
    here.focus()
    here.run(COUNT.format("go-killed"))
    for terminal in (here, there):
        terminal.shows("line 5\n")
    folders = [Path(started_in(terminal)) for terminal in (here, there)]
    with face.outage():
        lab.kill()
        for terminal in (here, there):
            terminal.is_state("lost")
        expect(here.status).to_contain_text("Reconnecting… What you type now is not sent.")
        face.shot("terminals-7-server-away")
        lab.start()
        box.reach("online", "busy")
        for terminal in (here, there):
            terminal.is_state("attached")
    for folder, terminal in zip(folders, (here, there), strict=True):
        (folder / "go-killed").touch()
        told_all(terminal)
    here.run("echo goes o''n")
    here.shows("goes on")


def test_a_killed_executor_is_told_and_a_new_shell_opens_in_the_same_tab(face: Face, box: Machine) -> None:
    terminal = open_on(face, BOX)
    folder = started_in(terminal)
    terminal.run("echo in the old one")
    terminal.prompts()
    box.kill()
    box.start()
    terminal.is_state("ended")
    expect(terminal.status).to_contain_text(re.compile(f"{BOX}'s executor ended|the executor of {BOX} was"))
    assert "in the old one" in terminal.text()
    face.shot("terminals-8-executor-ended")
    known = sessions(face)
    terminal.banner.get_by_role("button", name="New shell").click()
    fresh = new_terminal(face, known)
    expect(face.page.locator(".wegent-Terminal")).to_have_count(1)
    expect(fresh.tab).to_contain_text(f"{BOX}: ")
    fresh.run("pwd")
    fresh.shows(folder)
    assert "in the old one" not in fresh.text()


# Several tabs, none, and the end.


def columns_of_shell(terminal: Terminal) -> int:
    """Ask the shell how wide it is. The answer has a word of its own: an earlier one may stand there as well."""
    word = secrets.token_hex(3)
    terminal.run(f"clear; echo; echo {word[:2]}''{word[2:]} $(stty size)")
    told = re.compile(rf"^{word} \d+ (\d+)$", re.M)
    terminal.shows(told)
    return int(told.findall(terminal.text())[-1])


def test_two_tabs_show_one_shell_and_its_size_is_that_of_the_one_in_use(face: Face, box: Machine, device: str) -> None:
    first = open_on(face, device)
    first.run("echo from the first")
    first.shows("\nfrom the first")
    face.page.evaluate(
        """session => window.jupyterapp.commands.execute('wegent:view-terminal', { session })
            .then(() => {
                const { shell } = window.jupyterapp;
                const tabs = [...shell.widgets('main')].filter(one => one.content?.view?.session === session);
                shell.add(tabs.at(-1), 'main', { mode: 'split-right', ref: tabs[0].id });
                shell.activateById(tabs.at(-1).id);
            })""",
        first.session,
    )
    screens = face.page.locator(f'.wegent-Terminal[data-wegent-terminal="{first.session}"]')
    expect(screens).to_have_count(2)
    one, other = (Terminal(face, first.session, nth) for nth in (0, 1))
    for terminal in (one, other):
        expect(terminal.screen).to_be_visible()
        terminal.is_state("attached")
        terminal.shows("\nfrom the first")
    for typed_in, seen_in in ((one, other), (other, one)):
        typed_in.focus()
        typed_in.type("echo to b''oth\n")
        seen_in.shows("\nto both")
        seen_in.prompts()
    widen(face, one, other)
    widths = {}
    for terminal in (one, other, one):
        terminal.focus()
        widths[terminal] = columns_of_shell(terminal)
        assert widths[terminal] == terminal.columns()
    assert widths[one] != widths[other]
    face.shot(f"terminals-9-two-tabs-{device.replace(' ', '-')}")


def widen(face: Face, *terminals: Terminal) -> None:
    """Move the border between two terminals."""
    before = [terminal.columns() for terminal in terminals]
    places = [terminal.screen.bounding_box() for terminal in terminals]
    left, right = sorted((place for place in places if place is not None), key=lambda place: place["x"])
    x, y = (left["x"] + left["width"] + right["x"]) / 2, left["y"] + left["height"] / 2
    mouse = face.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 60, y, steps=3)
    mouse.move(x - 120, y, steps=3)
    mouse.up()
    for terminal, columns_before in zip(terminals, before, strict=True):
        terminal.until(partial(lambda one, was: one.columns() != was, terminal, columns_before), "its size has changed")


def running(face: Face, terminal: Terminal) -> Locator:
    """Show what runs, and return the entry of a terminal."""
    face.execute("running:show-panel")
    panel = face.page.locator("#jp-running-sessions")
    expect(panel).to_contain_text("Wegent Terminals")
    return panel.locator(f'[data-context="wegent-terminal:{terminal.session}"]')


def test_a_closed_tab_leaves_its_shell_running_where_it_is_found_and_ended(
    face: Face, box: Machine, device: str
) -> None:
    terminal = open_on(face, device)
    terminal.run("echo still he''re")
    terminal.prompts()
    before = terminal.lines()
    terminal.tab.locator(".lm-TabBar-tabCloseIcon").click()
    expect(terminal.screen).to_have_count(0)
    item = running(face, terminal)
    expect(item).to_contain_text(f"{device}: ")
    face.shot(f"terminals-10-running-{device.replace(' ', '-')}")
    item.locator(".jp-RunningSessions-itemLabel").click()
    terminal.is_state("attached")
    terminal.until(lambda: terminal.lines() == before, "the same as before")
    terminal.is_focused()
    terminal.run("echo and go''es on")
    terminal.shows("and goes on")
    terminal.prompts()
    item.hover()
    item.get_by_role("button", name="End the Shell").or_(item.get_by_title("End the Shell")).first.click()
    expect(terminal.screen).to_have_count(0)
    expect(item).to_have_count(0)
    assert sessions(face) == set()
    face.show_side()


def test_a_shell_that_exits_says_with_which_code_and_keeps_its_output(face: Face, device: str) -> None:
    terminal = open_on(face, device)
    terminal.run("echo last wor''ds; exit 3")
    terminal.is_state("ended")
    expect(terminal.status).to_have_text("Ended with exit code 3")
    terminal.shows("\nlast words")
    expect(terminal.banner.get_by_role("button", name="New shell")).to_be_visible()
    for width in (1280, 560):  # where the words and the button do not stand side by side
        face.page.set_viewport_size({"width": width, "height": 800})
        terminal.until(lambda: covered(terminal) < 1, f"the banner covers no line at {width} pixels")
    face.shot("terminals-12-narrow")
    face.page.set_viewport_size({"width": 1280, "height": 800})


def covered(terminal: Terminal) -> float:
    """Return by how many pixels the banner lies over the screen."""
    banner, screen = terminal.banner.bounding_box(), terminal.screen.bounding_box()
    assert banner is not None and screen is not None
    return banner["y"] + banner["height"] - screen["y"]


# Notebook 7.


def test_in_a_notebook_a_terminal_opens_at_the_side(notebook: JupyterServer, open_face: Callable[..., Face]) -> None:
    terminal = open_on(open_face("tree", notebook), HERE)
    terminal.run("echo beside the fi''les")
    terminal.shows("beside the files")
    terminal.face.shot("terminals-11-notebook")


# Looks.


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_what_a_terminal_says_of_itself_can_be_read(face: Face, box: Machine, network: Proxy, theme: str) -> None:
    face.set_theme(theme)
    try:
        terminal = open_on(face, BOX)
        network.refuse()
        try:
            terminal.is_state("away")
            expect(terminal.status).to_contain_text("Reconnecting to")
            found = {"away": contrast(terminal.status)}
        finally:
            network.accept()
        terminal.is_state("attached")
        terminal.run("exit")
        terminal.is_state("ended")
        found["ended"] = contrast(terminal.status)
        found["button"] = contrast(terminal.banner.get_by_role("button", name="New shell"))
        assert {what: ratio for what, ratio in found.items() if ratio < READABLE} == {}
    finally:
        face.set_theme(LIGHT)
