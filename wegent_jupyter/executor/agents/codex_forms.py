"""Questions of Codex and of its tool servers, as our questions, and our answers as theirs."""

from typing import Any

from wegent_jupyter.executor.agents.shapes import Json, mapping, mappings, words
from wegent_jupyter.executor.agents.titles import short
from wegent_jupyter.executor.approvals import Request

YES, NO, DONE = "Yes", "No", "Done"
Answers = dict[str, str | list[str]]


def question(given: Json) -> Json:
    """Return one question of `request_user_input` as ours."""
    options = [
        {"label": words(one.get("label")), "description": words(one.get("description"))}
        for one in mappings(given.get("options"))
    ]
    return {
        "question": words(given.get("question")),
        "header": words(given.get("header")),
        "multiple": False,
        "options": options,
    }


def answers(questions: list[Json], given: Answers) -> Json:
    """Return a person's answers, by their text, as Codex wants them: by the id of the question."""
    return {
        words(one.get("id")): {"answers": _list(given.get(words(one.get("question"))))}
        for one in questions
        if words(one.get("question")) in given
    }


class Form:
    """What a tool server asks a person: fields of a flat schema, or to look at an address."""

    def __init__(self, params: Json) -> None:
        """Take the parameters of `mcpServer/elicitation/request`."""
        self._message = words(params.get("message")) or "A tool asks"
        self._url = words(params.get("url"))
        self._fields = {
            name: mapping(field)
            for name, field in mapping(mapping(params.get("requestedSchema")).get("properties")).items()
        }
        server = words(params.get("serverName"))
        self.request = Request(
            title=short(f"{server}: {self._message}"), tool="other", asks="question", questions=self._questions()
        )

    def content(self, given: Answers) -> Json | None:
        """Return a person's answers as the server wants them; None when one does not fit its field."""
        if self._url or not self._fields:
            first = next(iter(given.values()), "")
            return {} if first in (DONE, YES) else None
        found: Json = {}
        for name, field in self._fields.items():
            answer = given.get(self._text(name, field))
            if answer:
                try:
                    found[name] = _value(field, answer)
                except ValueError:
                    return None
        return found

    def _questions(self) -> list[Json]:
        if self._url or not self._fields:
            text, label = (f"{self._message}\n{self._url}", DONE) if self._url else (self._message, YES)
            return [_asked(text, [label, NO], multiple=False, free=False)]
        return [
            _asked(self._text(name, field), _options(field), multiple=field.get("type") == "array")
            for name, field in self._fields.items()
        ]

    def _text(self, name: str, field: Json) -> str:
        described = words(field.get("description")) or words(field.get("title")) or name
        return f"{self._message} {described}" if len(self._fields) == 1 else f"{described} ({name})"


def _asked(text: str, labels: list[str], *, multiple: bool, free: bool = True) -> Json:
    options = [{"label": label, "description": ""} for label in labels]
    return {"question": text, "header": "", "multiple": multiple, "options": options, "free": free or not options}


def _options(field: Json) -> list[str]:
    if field.get("type") == "boolean":
        return [YES, NO]
    where = mapping(field.get("items")) if field.get("type") == "array" else field
    named = [words(one.get("const")) for one in mappings(where.get("oneOf")) + mappings(where.get("anyOf"))]
    listed = where.get("enum")
    return named or [words(one) for one in (listed if isinstance(listed, list) else []) if words(one)]


def _value(field: Json, answer: str | list[str]) -> Any:
    """Return an answer in the type of its field; raises ValueError."""
    kind = field.get("type")
    if kind == "array":
        return _list(answer)
    text = answer if isinstance(answer, str) else ", ".join(answer)
    if kind == "boolean":
        return text == YES
    if kind == "integer":
        return int(text)
    return float(text) if kind == "number" else text


def _list(answer: str | list[str] | None) -> list[str]:
    if answer is None:
        return []
    return [answer] if isinstance(answer, str) else answer
