"""Who answers what an agent asks during `run`: the person at this terminal, or somebody at another face."""

import asyncio
from typing import Protocol

from wegent_jupyter.cli import keyboard
from wegent_jupyter.cli.editing import edit_input
from wegent_jupyter.cli.screen import Screen, printable
from wegent_jupyter.cli.wording import ask, describe, how_to_answer, parse_answer
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.protocol import api

RETRY_SECONDS = 1.0
MAX_REASON = 4000
"""Characters that `Decision.reason` takes; a terminal's line may be a little longer."""


class Asker(Protocol):
    """Gets the turn's approvals and answers them, or not."""

    def take(self, approval: api.Approval) -> None:
        """Take note of an approval's state."""
        ...

    async def work(self) -> None:
        """Answer; returns only when an approval came that nobody can answer."""
        ...


class Nobody:
    """There is no terminal, and nobody else is waited for: the first approval ends the run."""

    def __init__(self, screen: Screen) -> None:
        """Nothing was asked yet."""
        self._screen = screen
        self._asked = asyncio.Event()

    def take(self, approval: api.Approval) -> None:
        """Say that nobody can answer."""
        if approval.state != "open" or self._asked.is_set():
            return
        for line in describe(approval):
            self._screen.say(line)
        self._screen.say("Nobody can answer here, so the turn is stopped. What to do: run it on a terminal, or add")
        self._screen.say("--wait-approvals and answer in the sidebar, or choose --mode edits or --mode full.")
        self._asked.set()

    async def work(self) -> None:
        """Wait for the first approval."""
        await self._asked.wait()


class Others:
    """There is no terminal: another face answers."""

    def __init__(self, screen: Screen) -> None:
        """Nothing was asked yet."""
        self._screen = screen

    def take(self, approval: api.Approval) -> None:
        """Say what is waited for."""
        if approval.state == "open":
            for line in describe(approval):
                self._screen.say(line)
            self._screen.say(left_open(approval))

    async def work(self) -> None:
        """Leave it to others for ever."""
        await asyncio.Event().wait()


def left_open(approval: api.Approval) -> str:
    """Say where else it can be answered."""
    return f"Waiting for an answer: in the sidebar, or from a shell: jupyter wegent approvals show {approval.id}"


class _Over(Exception):
    """The approval is not open any more."""


class _Skip(Exception):
    """The person leaves it to another face."""


class Person:
    """Asks at the terminal, one approval after the other; an answer from elsewhere frees it at once."""

    def __init__(self, client: Client, screen: Screen) -> None:
        """Nothing was asked yet."""
        self._client, self._screen = client, screen
        self._queue: asyncio.Queue[api.Approval] = asyncio.Queue()
        self._over: dict[str, asyncio.Event] = {}
        self._asked: str | None = None

    def take(self, approval: api.Approval) -> None:
        """Queue what is open; free the prompt of what is not."""
        over = self._over.get(approval.id)
        if approval.state == "open":
            if over is None or over.is_set():
                self._over[approval.id] = asyncio.Event()
                self._queue.put_nowait(approval)
        elif over is not None and not over.is_set():
            over.set()
            if self._asked == approval.id:
                self._screen.drop_prompt()
                if approval.state in ("allowed", "denied"):
                    self._screen.say("It was answered at another face.")

    async def work(self) -> None:
        """Ask for ever."""
        while True:
            approval = await self._queue.get()
            if not self._over[approval.id].is_set():
                await self._put(approval)

    async def _put(self, approval: api.Approval) -> None:
        for line in describe(approval):
            self._screen.say(line)
        self._asked = approval.id
        try:
            decision = await (self._answers(approval) if approval.asks == "question" else self._decision(approval))
            self._asked = None
            await self._send(approval, decision)
        except _Over:
            return
        except _Skip:
            self._screen.say(left_open(approval))
        finally:
            self._asked = None
            self._screen.drop_prompt()

    async def _decision(self, approval: api.Approval) -> api.Decision:
        while True:
            answer = (await self._line(approval, _offer(approval))).strip().lower()
            if answer in ("a", "allow"):
                return api.Decision(decision="allow")
            if answer in ("t", "task") and approval.scope is not None:
                return api.Decision(decision="allow_task")
            if answer in ("d", "deny"):
                reason = await self._line(approval, "Why not? (Enter: no reason) ")
                return api.Decision(decision="deny", reason=reason.strip()[:MAX_REASON] or None)
            if answer in ("e", "edit") and approval.editable:
                changed = await edit_input(approval, self._screen)
                if changed is not None:
                    return api.Decision(decision="allow", input=changed)
            elif answer in ("s", "skip"):
                raise _Skip

    async def _answers(self, approval: api.Approval) -> api.Decision:
        answers: dict[str, str | list[str]] = {}
        for question in approval.questions:
            if len(approval.questions) > 1:
                for line in ask(question):
                    self._screen.say(f"  {line}")
            answers[question.question] = await self._answer(approval, question)
        return api.Decision(decision="allow", answers=answers)

    async def _answer(self, approval: api.Approval, question: api.Question) -> str | list[str]:
        while True:
            text = await self._line(approval, f"Answer with {how_to_answer(question)} (Enter: leave it open): ")
            if not text.strip():
                raise _Skip
            try:
                return parse_answer(question, text)
            except ValueError as error:
                self._screen.say(str(error))

    async def _line(self, approval: api.Approval, prompt: str) -> str:
        """Return what the person types; raises _Over when the approval is answered meanwhile, _Skip at Ctrl-D."""
        over = asyncio.create_task(self._over[approval.id].wait())
        typing = asyncio.create_task(keyboard.line())
        await asyncio.sleep(0)  # what was typed before is thrown away, then the prompt is shown
        self._screen.prompt(prompt)
        try:
            await asyncio.wait({over, typing}, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                raise _Over
            self._screen.typed()
            text = typing.result()
        finally:
            over.cancel()
            typing.cancel()
        if text is None:
            self._screen.say("")
            raise _Skip
        return text

    async def _send(self, approval: api.Approval, decision: api.Decision) -> None:
        while not self._over[approval.id].is_set():
            try:
                await self._client.decide(approval.id, decision)
                return
            except ApiError as error:
                self._screen.say(f"! {error.problem.message}")
                return
            except Unreachable as error:
                self._screen.say(f"! {error}. Trying again …")
                await asyncio.sleep(RETRY_SECONDS)


def _offer(approval: api.Approval) -> str:
    task = f"allow for this [t]ask ({printable(approval.scope)}), " if approval.scope is not None else ""
    edit = "[e]dit, " if approval.editable else ""
    once = "carry it out: [a]llow" if approval.asks == "plan" else "[a]llow once"
    return f"{once}, {task}[d]eny, {edit}[s]kip: "


def choose(client: Client, screen: Screen, *, wait: bool) -> Asker:
    """Return who answers in this run."""
    if keyboard.is_there():
        return Person(client, screen)
    return Others(screen) if wait else Nobody(screen)
