"""Tasks as objects of a notebook: run, look, wait, answer, stop, many at once; and what a mistake is told."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

from tests.support.lone_kernel import LoneKernel
from tests.support.server import LIVENESS, JupyterServer, private_environment, wait_for
from wegent_jupyter import notebook as wg
from wegent_jupyter.client.client import Client
from wegent_jupyter.client.discover import Server
from wegent_jupyter.notebook import batch, sending
from wegent_jupyter.notebook.session import session
from wegent_jupyter.protocol import api

HOW: dict[str, Any] = {"agent": "practice", "mode": "full"}


@pytest.fixture(scope="module")
def server(fresh_server: JupyterServer) -> JupyterServer:
    return fresh_server


@pytest.fixture(scope="module", autouse=True)
def kernel_like(server: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give this process what a kernel of the server has; end its session afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, private_environment(server.home)[name])
        patch.setenv("JPY_PARENT_PID", str(server.process.pid if server.process else 0))
        for name in ("WEGENT_SERVER_URL", "WEGENT_TOKEN_FILE"):
            patch.delenv(name, raising=False)
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        yield
        session().close()


@pytest.fixture(scope="module")
def kernel(server: JupyterServer) -> Iterator[LoneKernel]:
    with LoneKernel(server.home) as made:
        yield made


@pytest.fixture(scope="module")
def task() -> wg.Task:
    return wg.run("!say done", **HOW).wait(LIVENESS)


def asking(task: wg.Task) -> api.Approval:
    found: list[api.Approval] = wait_for(lambda: task.approvals, "the task asks")
    return found[0]


def test_a_task_is_run_and_read() -> None:
    task = wg.run("!say hello\n!think of it\n!say world", title="A greeting", **HOW).wait(LIVENESS)
    assert (task.status, task.title, task.error) == ("completed", "A greeting", None)
    assert task.text.endswith("hello\n\nworld")
    assert task.usage is not None
    assert (task.usage.total_tokens or 0) > 0
    assert [one.turn.prompt.partition("\n")[0] for one in task.turns] == ["!say hello"]
    assert "PRACTICE" in repr(task)


def test_it_works_in_the_directory_of_the_notebook_and_says_what_it_changed() -> None:
    task = wg.run("!write made.txt hello\\n", **HOW).wait(LIVENESS)
    assert Path("made.txt").read_text() == "hello\n"
    assert [(one.path, one.status) for one in task.files] == [("made.txt", "added")]
    assert task.diff.splitlines() == ["--- /dev/null", "+++ made.txt", "@@ -0,0 +1 @@", "+hello"]


def test_a_reply_goes_on_and_waiting_waits_for_it_and_not_for_what_was_before() -> None:
    task = wg.run("!say one", **HOW).wait(LIVENESS)
    assert task.reply("!slow 3 0.2\n!say two").wait(LIVENESS).text.endswith("two")
    assert [one.turn.number for one in wg.task(task.id).turns] == [1, 2]


def test_its_events_are_those_of_the_newest_turn_to_its_end() -> None:
    task = wg.run("!say one", **HOW).wait(LIVENESS)

    async def read() -> list[api.Event]:
        return [event async for event in task.reply("!slow 5 0.1\n!say two")]

    found = asyncio.run(read())
    assert {one.turn_id for one in found} == {task.turns[-1].turn.id}
    assert (found[-1].type, found[-1].data["state"]) == ("turn", "completed")
    assert any(one.type == "delta" for one in found)


def test_who_stops_reading_events_or_waiting_takes_nothing_from_the_next_one() -> None:
    task = wg.run("!hang", **HOW)

    async def leave() -> None:
        async for _ in task:
            break
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await task

    asyncio.run(leave())
    with pytest.raises(wg.TookTooLong, match="not finished"):
        task.wait(0.1)
    assert task.stop().wait(LIVENESS).status == "cancelled"
    assert task.stop().status == "cancelled"


def test_what_it_asks_is_approved_denied_and_answered() -> None:
    yes, no = (wg.run(f"!ask {one}?\n!say on", agent="practice") for one in ("yes", "no"))
    question = wg.run("!ask which? | red | blue\n!say on", agent="practice")
    assert (asking(yes).title, yes.status, wg.task(no.id).id) == ("yes?", "waiting", no.id)
    asking(no)
    assert asking(question).asks == "question"
    with pytest.raises(wg.BadCall, match="red"):
        question.approve()
    assert yes.approve().wait(LIVENESS).text.endswith("on")
    no.deny("not now").wait(LIVENESS)
    question.approve(answers={question.approvals[0].questions[0].question: "blue"}).wait(LIVENESS)
    decisions = [
        item["approval"]["state"]
        for task in (yes, no, question)
        for item in task.turns[0].items
        if item["kind"] == "approval"
    ]
    assert decisions == ["allowed", "denied", "allowed"]


def test_variables_go_with_a_message_and_are_shown_with_it() -> None:
    table = pandas.DataFrame({"a": range(10)})
    task = wg.run("!say seen", context={"table": table}, **HOW).wait(LIVENESS)
    [sent] = task.turns[0].turn.context
    assert (sent.name, sent.kind) == ("table", "variable")
    assert "DataFrame" in sent.detail


def test_many_prompts_fill_the_slots_of_a_device_and_come_back_in_their_order() -> None:
    [device] = wg.devices()
    results = wg.map([*(f"!say {at}" for at in range(device.slot_max + 2)), "!error no luck"], devices=[device], **HOW)
    frame = pandas.DataFrame(results)
    assert [text.rsplit("\n", 1)[-1] for text in frame["text"][:-1]] == [str(at) for at in range(device.slot_max + 2)]
    assert list(frame["status"]) == ["completed"] * (device.slot_max + 2) + ["failed"]
    assert "no luck" in frame["error"].iloc[-1]
    starts = [(one.turns[0].turn.started_at or "", 1) for one in results.tasks if one is not None]
    ends = [(one.turns[0].turn.ended_at or "", -1) for one in results.tasks if one is not None]
    running, most = 0, 0
    for _, change in sorted([*starts, *ends]):
        running += change
        most = max(most, running)
    assert 1 < most <= device.slot_max
    assert "PRACTICE" in results._repr_html_()


def test_prompts_for_which_no_device_came_online_are_rows_that_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "AWAY_SECONDS", 0.1)
    monkeypatch.setattr(batch, "USABLE", ())
    results = wg.map(["!say never", "!say nor this"], **HOW)
    assert [(one["status"], one["task_id"]) for one in results] == [("not started", None)] * 2
    assert results[0]["error"] == "No device was online: This computer"
    assert results.tasks == [None, None]


def test_a_bar_says_how_far_many_are_and_stays_with_the_notebook(kernel: LoneKernel) -> None:
    shown = kernel.run("r = wg.map(['!say 1', '!error no'], agent='practice', mode='full'); print(len(r))")
    assert shown == "2\n"
    assert kernel.displays[0]["text/plain"].startswith("0 of 2: ")
    assert kernel.displays[-1]["text/plain"] == "2 of 2: 1 finished, 1 failed"
    assert 'value="2"' in kernel.displays[-1]["text/html"]


def test_messages_that_wait_after_one_that_failed_run_when_a_person_says_so() -> None:
    task = wg.run("!slow 5 0.1\n!error no luck", **HOW).reply("!say after all")
    assert "resume" in bad(lambda: task.wait(LIVENESS))
    assert task.resume().wait(LIVENESS).text.endswith("after all")


def test_an_interrupt_of_many_stops_those_that_run_and_starts_no_more(kernel: LoneKernel) -> None:
    before = {one.id for one in wg.tasks(200)}
    cell = kernel.start("wg.map(['!say one', *['!hang'] * 8], agent='practice', mode='full')")

    def states() -> list[str]:
        return [one.status for one in wg.tasks(20) if one.id not in before]

    wait_for(lambda: "completed" in states() and states().count("running") > 1, "one has ended, and some run")
    kernel.interrupt()
    shown = kernel.end(cell)
    assert shown.startswith("Wegent: Interrupted: of 9 tasks 1 completed. Those that ran were stopped.")
    assert "Traceback" not in shown
    made = [one for one in wg.tasks(200) if one.id not in before]
    assert {one.wait(LIVENESS).status for one in made} == {"completed", "cancelled"}
    assert len(made) <= 6
    rows = kernel.run(
        "import sys; r = sys.last_value.results; print(len(r), r[0]['status'], r[0]['text'][-3:], r[-1]['status'],"
        " sum(one['status'] == 'cancelled' for one in r), sum(one is not None for one in r.tasks))"
    )
    assert rows == f"9 completed one not started {len(made) - 1} {len(made)}\n"


def test_where_nothing_of_many_can_be_started_the_reason_is_told_as_for_one(kernel: LoneKernel) -> None:
    told = kernel.run("wg.map(['x', 'y'], agent='practice', mode='yolo')")
    assert told.startswith("Wegent: mode: Input should be 'ask', 'edits', 'plan' or 'full'")
    assert kernel.run("wg.map(['x'])").startswith(
        "Wegent: Which agent? Use agent=… with one of: practice, claude, codex"
    )


def test_a_cell_awaits_a_task_and_reads_its_events_in_the_loop_of_the_kernel(kernel: LoneKernel) -> None:
    shown = kernel.run(
        "t = wg.run('!slow 3 0.1\\n!say done', agent='practice', mode='full')\n"
        "print([e.data['state'] async for e in t if e.type == 'turn'][-1])\n"
        "print((await t).status, (await wg.task(t.id)).text[-4:])"
    )
    assert shown == "completed\ncompleted done\n"


def test_an_interrupt_ends_the_waiting_and_the_task_goes_on(kernel: LoneKernel) -> None:
    kernel.run("t = wg.run('!ask go on?\\n!say went on', agent='practice')")
    cell = kernel.start("print('waits'); t.wait()")
    kernel.printed(cell)
    kernel.interrupt()
    assert "KeyboardInterrupt" in kernel.end(cell)
    shown = kernel.run("import time\nwhile not t.approvals: time.sleep(0.05)\nprint(t.approve().wait(60).text[-7:])")
    assert shown == "went on\n"


def test_a_mistake_is_told_in_a_sentence_without_a_traceback(kernel: LoneKernel) -> None:
    assert kernel.run("wg.run('x', device='nowhere')").startswith("Wegent: The device 'nowhere' is unknown. Devices: ")


def test_where_no_agent_is_ready_it_says_which_are_there_and_what_each_lacks(kernel: LoneKernel) -> None:
    told = kernel.run("wg.run('x')").splitlines()
    assert told[0] == "Wegent: Which agent? Use agent=… with one of: practice, claude, codex"
    assert told[1] == "None is ready on This computer, but for the practice agent, which is scripted, not AI."
    assert [line.partition(": ")[0] for line in told[2:]] == ["Claude Code", "Codex"]
    assert all(" To make it ready: " in line for line in told[2:])


def test_a_number_out_of_a_table_names_a_task() -> None:
    task = wg.run("!say hello", **HOW).wait(LIVENESS)
    assert wg.task(pandas.Series([task.id]).iloc[0]).id == task.id


def test_two_objects_of_one_task_are_equal() -> None:
    one, other = (wg.run(f"!say {at}", **HOW).wait(LIVENESS) for at in "ab")
    assert one in wg.tasks()
    assert {one, wg.task(one.id), other} == {one, other}
    assert one != other


def bad(call: Callable[[], Any]) -> str:
    with pytest.raises(wg.WegentError) as told:
        call()
    return str(told.value)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: wg.run(" ", **HOW), "empty"),
        (lambda: wg.run(7, **HOW), "no text"),  # type: ignore[arg-type]
        (lambda: wg.run("x" * (api.MAX_PROMPT_BYTES + 1), **HOW), "longer than 1 MiB"),
        (lambda: wg.run("x", agent="practice", mode="yolo"), "'ask', 'edits', 'plan' or 'full'"),  # type: ignore[arg-type]
        (lambda: wg.run("x"), "agent=… with one of: practice"),
        (lambda: wg.run("x", model="no/such"), "The model 'no/such' is unknown"),
        (lambda: wg.run("x", device=7, **HOW), "by its name or id"),  # type: ignore[arg-type]
        (lambda: wg.run("x", project="moon", **HOW), "The project 'moon' is unknown"),
        (lambda: wg.run("x", cwd="/no/such/place", **HOW), "/no/such/place"),
        (lambda: wg.task(12), "12"),
        (lambda: wg.task("12"), "number"),  # type: ignore[arg-type]
        (lambda: wg.task(True), "number"),
        (lambda: wg.task(0), "There is no task 0."),
        (lambda: wg.task(-1), "There is no task -1."),
        (lambda: wg.task(10**5000), "There is no task with a number as large as that."),
        (lambda: wg.tasks("x"), "str is none"),  # type: ignore[arg-type]
        (lambda: wg.run("x", cwd=3, **HOW), "cwd is a path"),  # type: ignore[arg-type]
        (lambda: wg.run("x", cwd=b".", **HOW), "cwd is a path"),  # type: ignore[arg-type]
        (lambda: wg.map(5), "a list of prompts"),  # type: ignore[arg-type]
        (lambda: wg.map([5], **HOW), "no text"),  # type: ignore[list-item]
        (lambda: wg.map(["x"], devices=5), "a list of devices"),  # type: ignore[arg-type]
        (lambda: wg.use(5), "by its name or id"),  # type: ignore[arg-type]
        (lambda: wg.load(3), "path is a path"),  # type: ignore[arg-type]
        (lambda: wg.load("/dev/zero"), "is no file"),
        (lambda: wg.connect(1, "x"), "the address of a Jupyter server"),  # type: ignore[arg-type]
        (lambda: wg.connect("http://127.0.0.1:9", 2), "token_file is a path"),  # type: ignore[arg-type]
        (lambda: wg.connect("http://127.0.0.1:9", "~no-such-user/token"), "token_file cannot be read"),
        (lambda: wg.map(["x"], devices="gpu"), "a list of devices"),
        (lambda: wg.map(["x"], devices=[]), "empty"),
        (lambda: wg.map(["x"] * 1_001), "1,000 are allowed"),
        (lambda: wg.use("nowhere"), "unknown"),
        (lambda: wg.load("nothing.ipynb"), "nothing.ipynb"),
    ],
)
def test_bad_input_is_told_what_to_do(call: Callable[[], Any], says: str) -> None:
    assert says in bad(call)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda task: task.wait("x"), "timeout is a number of seconds"),
        (lambda task: task.wait(float("nan")), "timeout is a number of seconds"),
        (lambda task: task.to_notebook(3), "path is a path"),
        (lambda task: task.to_notebook("a\0.ipynb"), "path is a path"),
        (lambda task: task.to_notebook(f"{'x' * 300}.ipynb"), "too long"),
        (lambda task: task.to_notebook("~no-such-user/x.ipynb"), "somebody whom this computer does not know"),
        (lambda task: task.reply("x", cwd=3), "cwd is a path"),
        (lambda task: task.reply("x", device=3), "by its name or id"),
        (lambda task: task.approve(answers="red"), "answers={question: answer}"),
    ],
)
def test_bad_input_to_a_task_is_told_what_to_do(call: Callable[[wg.Task], Any], says: str, task: wg.Task) -> None:
    assert says in bad(lambda: call(task))


def elsewhere() -> tuple[Client, api.Device]:
    """Return what stands for a device on another machine; nothing is connected."""
    device = api.Device(device_id="d", name="gpu-box", status="online", embedded=False)
    return Client(Server("http://127.0.0.1:9/wegent", "wegent x")), device


@pytest.mark.parametrize("path", ["/data/run", "~/run", "C:\\run", "\\\\share\\run"])
def test_a_directory_of_another_machine_is_given_as_it_is_there(path: str) -> None:
    client, device = elsewhere()
    assert sending._path(client, device, path) == path


@pytest.mark.parametrize("path", [".", "data", "../x"])
def test_a_directory_that_counts_from_here_is_refused_for_another_machine(path: str) -> None:
    client, device = elsewhere()
    assert "gpu-box" in bad(lambda: sending._path(client, device, path))


def test_what_was_chosen_for_later_runs_counts_until_it_is_taken_back() -> None:
    class Selector:
        value: str | None = None

    [device] = wg.devices()
    selector = Selector()
    wg.use(selector)
    assert sending.default_device() is None
    selector.value = device.device_id
    assert sending.default_device() == device.device_id
    selector.value = "gone"
    assert "'gone' is unknown" in bad(lambda: wg.run("!say x", **HOW))
    used = wg.use(device.name)
    assert used is not None
    assert (used.device_id, sending.default_device()) == (device.device_id, device.device_id)
    wg.use(None)
    assert sending.default_device() is None


def test_a_transcript_of_another_server_names_no_task_here(tmp_path: Path) -> None:
    task = wg.run("!say kept", **HOW).wait(LIVENESS)
    saved = task.to_notebook(tmp_path / "kept.ipynb")
    assert wg.load(saved).id == task.id
    assert "overwrite" in bad(lambda: task.to_notebook(saved))
    gateway = session().call(session().client.version()).gateway_id
    foreign = tmp_path / "foreign.ipynb"
    foreign.write_text(saved.read_text().replace(str(gateway), "0" * len(str(gateway))))
    assert "another server" in bad(lambda: wg.load(foreign))


def test_importing_it_costs_a_kernel_next_to_nothing() -> None:
    heavy = ("pydantic", "socketio", "httpx", "ipywidgets", "nbformat", "wegent_jupyter.client.client")
    code = f"import sys, wegent_jupyter.notebook; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert ran.stdout == "[]\n"


def test_everything_that_is_named_is_there() -> None:
    assert {
        name for name in dir(wg) if not inspect.isclass(getattr(wg, name)) and not callable(getattr(wg, name))
    } == set()
