"""What an agent asks a person, and the answers; and what else a person tells an agent at work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.notebook.errors import BadCall, text_of
from wegent_jupyter.protocol import api

CONFLICT = 409
"""What was asked for is not so any more, such as a turn that ended in the same moment."""


@dataclass(slots=True, frozen=True)
class Answer:
    """A person's answer."""

    decision: Literal["allow", "allow_task", "deny"]
    reason: str | None = None
    answers: Mapping[str, str | list[str]] | None = None
    input: dict[str, Any] | None = None


async def asked(client: Client, task_id: int) -> list[api.Approval]:
    """Return what a task asks at the moment, oldest first."""
    return [one for one in await client.approvals() if one.task_id == task_id]


async def decide(client: Client, task_id: int, which: str | api.Approval | None, answer: Answer) -> api.Approval:
    """Answer one question of a task; raises BadCall."""
    if answer.answers is not None and not isinstance(answer.answers, Mapping):
        raise BadCall("answers says what you answer to which question: approve(answers={question: answer})")
    approval = _meant(await asked(client, task_id), which)
    answers = dict(answer.answers) if answer.answers is not None else None
    if approval.asks == "question" and answer.decision != "deny" and not answers:
        raise BadCall(f"The agent asks: {_questions(approval)}", "Answer with: approve(answers={question: answer})")
    decision = api.Decision(decision=answer.decision, reason=answer.reason, input=answer.input, answers=answers)
    return await client.decide(approval.id, decision)


def _meant(there: list[api.Approval], which: str | api.Approval | None) -> api.Approval:
    if not there:
        raise BadCall("The agent asks nothing at the moment.")
    wanted = which.id if isinstance(which, api.Approval) else which
    found = [one for one in there if wanted is None or one.id == wanted]
    if len(found) == 1:
        return found[0]
    known = "; ".join(f"{one.id}: {one.title}" for one in there)
    raise BadCall(f"Which one? It asks: {known}", "Name one by its id: approve('…'), deny(approval='…').")


def _questions(approval: api.Approval) -> str:
    return "; ".join(
        f"{one.question!r} ({', '.join(repr(choice.label) for choice in one.options) or 'in your words'})"
        for one in approval.questions
    )


async def steer(client: Client, task_id: int, text: str) -> api.Turn:
    """Hand a message to the agent at work; raises BadCall."""
    return await client.steer(task_id, text_of(text, "The message"))


async def stop(client: Client, task_id: int) -> None:
    """Stop what runs or waits; that all is finished already is no error."""
    try:
        await client.cancel(task_id)
    except ApiError as error:
        if error.status != CONFLICT:
            raise
