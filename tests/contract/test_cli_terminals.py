"""`jupyter wegent terminal` and `terminals` on real terminals, against real shells of real devices."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.access import credential
from tests.support.machine import Machine
from tests.support.proxy import Proxy
from tests.support.server import JupyterServer, wait_for
from tests.support.shell import Ran, Terminal, wegent

Start = Callable[..., JupyterServer]
HERE = "This computer"
LEAVE = "\x1d"
"""Ctrl-]."""


class Person(Terminal):
    """Somebody at a terminal in which `jupyter wegent terminal` runs."""

    def __init__(self, server: JupyterServer, *arguments: str, **options: Any) -> None:
        super().__init__(server, "terminal", *arguments, **options)
        self.before = self.settings
        self.shown = ""
        """Everything that was shown, but for what the command itself said."""

    @property
    def settings(self) -> list[Any]:
        """Return how the terminal is set: raw or not, and all else."""
        return termios.tcgetattr(self._leader)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def command(self, text: str) -> None:
        self.type(f"{text}\r")

    def answers(self) -> None:
        """Wait until the shell does what it is told. What it prints is not what was typed."""
        self.command("echo re$((40+2))dy")
        self.see("re42dy")

    def _read(self, until: float) -> bool:
        known = len(self.said)
        there = super()._read(until)
        self.shown = re.sub(r"\r?\n\[[^\]\n]* is (?:reconnecting|back)\]\r?\n", "", self.shown + self.said[known:])
        return there

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def leave(self) -> str:
        """Leave with Ctrl-]; returns how to come back."""
        self.type(LEAVE)
        self.see("The shell goes on")
        self.see("--session ")
        session = re.match(r"[\w-]+", self.word())
        assert self.end() == 0, self.said
        assert session is not None
        return session[0]


def sessions(server: JupyterServer) -> list[dict[str, Any]]:
    ran = wegent(server, "terminals", "--json")
    assert ran.status == 0, ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Have a server of our own: machines that join it would have the names of those of other tests."""
    running = JupyterServer(tmp_path_factory.mktemp("terminals")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(autouse=True)
def no_terminal_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test opened: the next one finds no terminal."""
    yield
    if "server" in request.fixturenames:
        server: JupyterServer = request.getfixturevalue("server")
        for one in server.get("/terminals").json()["items"]:
            server.request("DELETE", f"/terminals/{one['session_id']}")


def opened(server: JupyterServer, **fields: Any) -> str:
    """Open a terminal here, and return its session."""
    device = next(one for one in server.get("/devices").json()["items"] if one["embedded"])
    answer = server.post(f"/devices/{device['device_id']}/terminal", fields)
    assert answer.status_code == 200, answer.text
    session: str = answer.json()["session_id"]
    return session


def test_what_is_typed_reaches_the_shell_and_what_it_prints_comes_back(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.see("Ctrl-] leaves it")
        person.answers()
        person.command("read -rp na$((1))me: line; echo got:$line:")
        person.see("na1me:")
        person.type("grüße ☃\r")
        person.see("got:grüße ☃:")


def test_what_was_typed_before_it_was_there_is_not_lost(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.command("echo ear$((40+2))ly")
        person.see("ear42ly")


def test_ctrl_c_is_for_the_program_in_the_terminal(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.command("echo be$((1))gun; sleep 300")
        person.see("be1gun")
        person.type("\x03")
        person.answers()


def test_the_shell_has_the_size_of_the_window_and_follows_it(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.answers()
        person.command("echo is $(stty size)")
        person.see("is 24 80")
        person.resize(40, 100)
        person.command('until [ "$(stty size)" = "40 100" ]; do sleep 0.05; done; echo si$((1))zed')
        person.see("si1zed")


def test_ctrl_bracket_leaves_and_the_shell_goes_on(server: JupyterServer, tmp_path: Path) -> None:
    with Person(server, HERE) as person:
        person.answers()
        go, done = tmp_path / "go", tmp_path / "done"
        person.command(f"x=kept; until [ -e {go} ]; do sleep 0.05; done; echo mean$((1))while; touch {done}")
        session = person.leave()
    [listed] = sessions(server)
    assert (listed["session_id"], listed["state"]) == (session, "open")
    go.touch()
    wait_for(done.exists, "it printed while nobody looked")
    with Person(server, "--session", session) as person:
        person.see("re42dy")
        person.see("mean1while")
        person.command("echo $x-$x")
        person.see("kept-kept")


def test_a_program_that_asked_for_other_keys_does_not_keep_one_from_leaving(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.answers()
        person.type("\x1b[93;5u")
        person.see("The shell goes on")
        assert person.end() == 0


@pytest.mark.parametrize(("last", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_status_is_that_of_the_shell(server: JupyterServer, last: str, status: int) -> None:
    with Person(server, HERE) as person:
        person.answers()
        person.command(last)
        assert person.end() == status, person.said


@pytest.mark.parametrize("way", ["leave", "exit", "end", "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_the_terminal_is_as_before_however_it_ends(server: JupyterServer, way: str) -> None:
    with Person(server, HERE) as person:
        person.answers()
        assert person.settings != person.before
        if way == "leave":
            person.leave()
        elif way == "exit":
            person.command("exit")
            assert person.end() == 0
        elif way == "end":
            assert wegent(server, "terminals", "end", sessions(server)[0]["session_id"]).status == 0
            person.see("ended by somebody")
            assert person.end() != 0
        else:
            person.signal(signal.Signals[way])
            assert person.end() == 128 + signal.Signals[way]
        assert person.settings == person.before


def test_a_full_screen_program_is_left_with_the_screen_as_it_was(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.answers()
        person.command(r"printf '\033[?1049h\033[?25l\033[?1000h'; echo fu$((1))ll; sleep 300")
        person.see("fu1ll")
        person.type(LEAVE)
        person.see("\x1b[?25h\x1b[?1000l\x1b[?1049l")
        person.see("The shell goes on")


def test_two_who_look_see_the_same(server: JupyterServer) -> None:
    session = opened(server)
    with Person(server, "--session", session) as one, Person(server, "--session", session) as other:
        one.answers()
        other.see("re42dy")
        wait_for(lambda: sessions(server)[0]["viewers"] == 2, "both are counted")
        other.command("echo from the o$((1))ther")
        one.see("from the o1ther")


def test_terminals_are_a_table_for_people_and_json_for_programs(server: JupyterServer) -> None:
    assert "No terminals" in wegent(server, "terminals").err
    session = opened(server)
    head, row = wegent(server, "terminals").out.splitlines()
    assert head.split() == ["SESSION", "DEVICE", "STATE", "BUSY", "VIEWERS", "DIRECTORY", "OPENED"]
    [listed] = sessions(server)
    assert (listed["session_id"], listed["device_name"], listed["viewers"]) == (session, HERE, 0)
    assert all(part in row for part in (session, HERE, "open", "0", listed["path"], "now"))


def test_terminals_are_ended_and_one_that_is_unknown_keeps_no_other(server: JupyterServer) -> None:
    first, second = opened(server), opened(server)
    ran = wegent(server, "terminals", "end", first, "nothing-of-that-name", second)
    assert ran.status == 2
    assert "nothing-of-that-name" in ran.err
    assert sessions(server) == []
    third = opened(server)
    assert wegent(server, "terminals", "end", third).status == 0


def done(ran: Ran, status: int = 0) -> str:
    assert ran.status == status, (ran.out, ran.err)
    return ran.out.replace("\r\n", "\n")


def test_in_a_pipe_input_is_typed_and_its_end_ends_the_shell(server: JupyterServer) -> None:
    assert "pi4pe" in done(wegent(server, "terminal", HERE, text="echo pi$((2+2))pe\n"))
    assert "pi4pe" in done(wegent(server, "terminal", HERE, text="echo pi$((2+2))pe"))
    done(wegent(server, "terminal", HERE))
    assert sessions(server) == []


def test_in_a_pipe_the_status_is_that_of_the_shell(server: JupyterServer) -> None:
    assert "la4st" in done(wegent(server, "terminal", HERE, text="echo la$((2+2))st\nexit 5\n"), 5)


def test_what_a_shell_that_ended_said_last_can_still_be_read(server: JupyterServer) -> None:
    session = opened(server)
    assert "la4st" in done(wegent(server, "terminal", "--session", session, text="echo la$((2+2))st\nexit 3\n"), 3)
    assert sessions(server) == []
    assert "la4st" in done(wegent(server, "terminal", "--session", session), 3)


def test_in_a_pipe_the_end_of_input_waits_for_what_still_runs(server: JupyterServer) -> None:
    assert "la4te" in done(wegent(server, "terminal", HERE, text="sleep 1.5\necho la$((2+2))te\n"))


def test_more_than_a_window_of_output_comes_whole_and_in_order(server: JupyterServer) -> None:
    said = done(wegent(server, "terminal", HERE, text="seq 1 200000\nexit\n"))
    assert [line for line in said.splitlines() if line.isdigit()] == [str(n) for n in range(1, 200_001)]


def test_it_starts_where_it_is_told_or_where_the_task_works(server: JupyterServer, tmp_path: Path) -> None:
    [device] = [one for one in server.get("/devices").json()["items"] if one["embedded"]]
    place = server.files / "deep" / "er"
    place.mkdir(parents=True, exist_ok=True)
    where = "pwd; exit\n"
    assert str(place) in done(wegent(server, "terminal", HERE, str(place), text=where))
    assert str(place) in done(wegent(server, "terminal", HERE, "er", text=where, cwd=place.parent))
    task = server.submit("!say hi", workspace={"path": str(tmp_path)})["task"]["id"]
    server.finished(task)
    assert str(tmp_path) in done(wegent(server, "terminal", "--task", str(task), text=where))
    assert str(place) in done(wegent(server, "terminal", device["device_id"], str(place), text=where))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["terminal", "moon"], "'moon' is unknown"),
        (["terminal", HERE, "/"], "outside"),
        (["terminal", HERE, "/no/such"], "outside"),
        (["terminal", "--session", "nothing"], "nothing"),
        (["terminal", "--session", "../devices"], "devices"),
        (["terminal", HERE, ".", "--session", "nothing"], "takes no PATH"),
        (["terminal", "--task", "1", "--session", "nothing"], "not allowed with"),
        (["terminal", "--task", "7"], "'7' not found"),
        (["terminals", "end", "nothing"], "nothing"),
        (["terminals", "end"], "SESSION"),
        (["terminals", "dance"], "invalid choice: 'dance'"),
    ],
)
def test_bad_input_exits_with_2_and_says_what_is_wrong(
    server: JupyterServer, arguments: list[str], says: str, tmp_path: Path
) -> None:
    ran = wegent(server, *arguments, cwd=tmp_path)
    assert ran.status == 2, (ran.out, ran.err)
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_a_terminal_of_another_device_than_was_named_is_refused(server: JupyterServer, tmp_path: Path) -> None:
    session = opened(server)
    box = Machine(tmp_path / "box", server).start()
    try:
        ran = wegent(server, "terminal", "box", "--session", session)
        assert ran.status == 2
        assert f"is on {HERE}" in ran.err
    finally:
        box.stop()


def test_a_device_that_is_away_opens_none_and_says_so(server: JupyterServer, tmp_path: Path) -> None:
    box = Machine(tmp_path / "sleeper", server).start()
    box.stop()
    box.process = None
    box.reach("offline")
    ran = wegent(server, "terminal", "sleeper")
    assert ran.status == 1, (ran.out, ran.err)
    assert "sleeper" in ran.err


def test_a_cut_is_said_and_the_shell_goes_on_where_it_was(server: JupyterServer, tmp_path: Path) -> None:
    with Proxy(server.port) as between:
        box = Machine(tmp_path / "gpubox", server, url=between.url).start()
        try:
            with Person(server, "gpubox") as person:
                person.answers()
                person.command("x=kept; echo s$((1))et")
                person.see("s1et")
                between.refuse()
                person.see("[gpubox is reconnecting]")
                between.accept()
                person.see("[gpubox is back]")
                person.command("echo $x-$x")
                person.see("kept-kept")
                between.refuse()
                person.see("[gpubox is reconnecting]")
                session = person.leave()
            with Person(server, "--session", session) as person:
                person.see("[gpubox is reconnecting]")
                between.accept()
                person.see("[gpubox is back]")
                person.see("kept-kept")
                box.stop()
                person.see("executor of its device ended")
                assert person.end() != 0
                assert person.settings == person.before
        finally:
            box.stop()


def test_the_server_may_restart_while_output_comes_and_none_of_it_is_lost_or_doubled(start_server: Start) -> None:
    server = start_server()
    with Person(server, HERE) as person:
        person.answers()
        person.command("for n in $(seq 1 300); do echo n$n; sleep 0.03; done; echo al$((1))l")
        person.see("n10")
        server.kill()
        person.see("[the server is reconnecting]")
        server.start()
        person.see("is back]")
        person.see("al1l")
    numbers = re.findall(r"\bn(\d+)\r?\n", person.shown)
    assert numbers == [str(n) for n in range(1, 301)]


def test_a_token_opens_terminals_and_its_end_is_the_end_of_looking(server: JupyterServer, tmp_path: Path) -> None:
    token, file = credential(server, "token"), tmp_path / "token"
    file.write_text(token["secret"])
    file.chmod(0o600)
    there = {"WEGENT_SERVER_URL": server.url, "WEGENT_TOKEN_FILE": str(file)}
    with Person(server, HERE, environment=there) as person:
        person.answers()
        assert server.request("DELETE", f"/credentials/{token['id']}").status_code == 200
        person.see("[the server is reconnecting]")
        assert person.end() == 2, person.said
        assert person.settings == person.before
    assert [one["state"] for one in sessions(server)] == ["open"]


def test_a_terminal_that_goes_away_is_no_error_of_ours(server: JupyterServer) -> None:
    with Person(server, HERE) as person:
        person.answers()
        [session] = sessions(server)
        os.close(person._leader)
        person._leader = os.open(os.devnull, os.O_RDWR)
        assert person._process.wait(30) == 129
    assert [one["session_id"] for one in sessions(server)] == [session["session_id"]]


def test_without_a_server_there_are_no_terminals(tmp_path: Path) -> None:
    for arguments in (["terminal"], ["terminals"], ["terminals", "end", "x"]):
        ran = wegent(tmp_path, *arguments)
        assert ran.status == 3, (arguments, ran.err)
        assert "jupyter lab" in ran.err
