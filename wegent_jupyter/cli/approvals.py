"""`jupyter wegent approvals`: list and answer what agents ask."""

import argparse

from wegent_jupyter.cli.editing import parse_input
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.cli.wording import describe, outcome, parse_answer
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api


async def approvals(options: argparse.Namespace) -> int:
    """List what waits, show one, or answer it."""
    async with existing_client() as client:
        if options.action is None:
            return _list(await client.approvals(), as_json=options.json)
        if options.action == "show":
            return _show(await _waiting(client, options.id), as_json=options.json)
        decided = await client.decide(options.id, await _decision(client, options))
    print(clean(outcome(decided)))
    return 0


def _list(found: list[api.Approval], *, as_json: bool) -> int:
    if as_json:
        return print_json(found)
    rows = [(one.id, f"{one.task_id} {one.task_title}".rstrip(), one.title, one.workspace or "") for one in found]
    return print_table(("ID", "TASK", "WHAT", "WHERE"), rows, "Nothing waits for an answer.")


def _show(approval: api.Approval, *, as_json: bool) -> int:
    if as_json:
        print(approval.model_dump_json(indent=2))
        return 0
    for line in describe(approval):
        print(clean(line))
    if approval.scope is not None:
        print(clean(f"  'allow --for-task' would allow {approval.scope}"))
    verb = "answer" if approval.asks == "question" else "allow"
    print(f"  jupyter wegent approvals {verb} {approval.id}{' …' if verb == 'answer' else ''}")
    return 0


async def _waiting(client: Client, approval_id: str) -> api.Approval:
    for approval in await client.approvals():
        if approval.id == approval_id:
            return approval
    raise BadInput(f"No approval '{approval_id}' waits for an answer. What waits: jupyter wegent approvals")


async def _decision(client: Client, options: argparse.Namespace) -> api.Decision:
    if options.action == "deny":
        return api.Decision(decision="deny", reason=options.reason)
    if options.action == "answer":
        answers = match_answers((await _waiting(client, options.id)).questions, options.answers)
        return api.Decision(decision="allow", answers=answers)
    changed = None
    if options.input is not None:
        try:
            changed = parse_input(options.input)
        except ValueError as error:
            raise BadInput(f"--input: {error}") from error
    return api.Decision(decision="allow_task" if options.for_task else "allow", input=changed)


def match_answers(questions: list[api.Question], typed: list[str]) -> dict[str, str | list[str]]:
    """Return the answers by question: `QUESTION=ANSWER` where it names one, else in order; raises BadInput."""
    if not questions:
        raise BadInput("It is not a question. Use: jupyter wegent approvals allow, or deny")
    named = dict(found for one in typed if (found := _named(questions, one)) is not None)
    in_order = [one for one in typed if _named(questions, one) is None]
    unnamed = [one for one in questions if one.question not in named]
    if len(in_order) != len(unnamed):
        asked = "; ".join(one.question for one in questions)
        raise BadInput(f"{len(typed)} answers for {len(questions)} questions: {asked}")
    texts = named | {one.question: text for one, text in zip(unnamed, in_order, strict=True)}
    try:
        return {one.question: parse_answer(one, texts[one.question]) for one in questions}
    except ValueError as error:
        raise BadInput(str(error)) from error


def _named(questions: list[api.Question], typed: str) -> tuple[str, str] | None:
    for question in questions:
        for name in (question.question, question.header):
            if name and typed.startswith(f"{name}="):
                return question.question, typed[len(name) + 1 :]
    return None
