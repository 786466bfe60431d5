"""What an agent wrote, as Markdown that does nothing, by the renderer that sanitises nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from wegent_jupyter.client.seen import SeenTask, SeenTurn
from wegent_jupyter.notebook.card import MIME, bundle
from wegent_jupyter.notebook.markdown import code, fenced, inline, prose
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.context import ContextItem

INERT = {"p", "ul", "ol", "li", "strong", "code", "pre", "div", "span", "br"}
"""What a page may consist of."""
FORMULAS = ("$", "\\(", "\\[", "\\begin")
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<div>\n\n<b onclick="x">',
    "<!-- -->\n<style>*{display:none}</style>",
    "![pixel](https://example.org/p.png)",
    "![pixel][1]\n\n[1]: https://example.org/p.png",
    "[click](javascript:alert(1))",
    "[click](<javascript:alert(1)>)",
    "[a]: javascript:x 'y'\n\n[a]",
    "<javascript:alert(1)>",
    "https://example.org www.example.org a@example.org",
    "`` `<b>` ``",
    "\\`<b>x</b>`",
    "`a\\`<b>x</b>`",
    "`<b>`` <i>`",
    "```\n</code></pre><script>alert(1)</script>",
    "```html\n<script>alert(1)</script>\n```\n<script>alert(2)</script>",
    "~~~\n```\n<b>\n~~~\n<i>",
    "- a\n  ```\n  <b>\n  ```\n<i>x</i>",
    "```mermaid\ngraph TD; A-->B; click A href 'javascript:alert(1)'\n```",
    "```math\n\\href{javascript:alert(1)}{x}\n```",
    "$\\href{javascript:alert(1)}{x}$",
    "`a $` b $x$ `$ c`",
    "$$\nx\n$$",
    "`$$` x <b> `$$`",
    "`\\\\[` <b> `\\\\]` \\\\( x \\\\)",
    "`\\begin{a}` <b> `\\end{a}` \\begin{b} x \\end{b}",
    "\\( x \\) \\[ y \\]",
    "| a | b |\n|---|---|\n| <b> | $x$ |",
    "a\n===\nb\n---\n# c #\n***\n> d\n1. e\n+ f\n    g\n: h",
    "&lt;b&gt; &#36;x&#36; &dollar;y&dollar;",
    "a\rb\x0bc\x0cd\x1ce\x85f\u2028g\x00h\x1b[31m\ud800\u202ei",
    "**<b>** **`<i>`** *_<u>_* ~~<s>~~ [^1]\n\n[^1]: <b>",
    "@@0@@ {cite}`x` <https://example.org>",
    "![# x](y)\n\n[ # x](y)",
]
PIECES = [
    "`",
    "```",
    "~~~",
    "\n",
    "\n\n",
    " ",
    "    ",
    "$",
    "$$",
    "\\",
    "\\[",
    "\\(",
    "[",
    "]",
    "(",
    ")",
    "!",
    "<b>",
    "</b>",
]
PIECES += [
    "<!--",
    "-->",
    "&",
    "*",
    "**",
    "_",
    "- ",
    "1. ",
    "#",
    "> ",
    "|",
    "---",
    "===",
    "x",
    "javascript:",
    "https://e",
    ":",
]
PIECES += ["\\begin{a}", "\\end{a}", "\\]", "\\)", "\t", "[a]: ", "[^a]", "```html", "<script>", "é", "@"]


def rendered(markdown: str) -> BeautifulSoup:
    return BeautifulSoup(markdown2html_mistune(markdown), "html.parser")


def faults(page: BeautifulSoup) -> list[str]:
    """Return what of a page could do something."""
    found = [tag.name for tag in page.find_all(True) if tag.name not in INERT]
    found += [name for tag in page.find_all(True) for name in tag.attrs if name not in ("class", "start")]
    for tag in page.find_all(["code", "pre"]):
        tag.replace_with("|")
    return found + [formula for formula in FORMULAS if formula in page.get_text()]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_an_agent_wrote_does_anything_in_the_page_that_nbconvert_makes(text: str) -> None:
    whole = f"before\n\n{prose(text)}\n\n{inline(text)} {code(text)} after"
    page = rendered(whole)
    assert faults(page) == []
    assert page.get_text().rstrip().endswith("after"), "what follows stays outside of it"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
@example("$", "$")
def test_nothing_made_of_what_markdown_is_made_of_does_anything(first: str, second: str) -> None:
    assert faults(rendered(f"{prose(first)}\n\n{inline(second)}\n\n{prose(second)}")) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I *read* the module.", "I *read* the module."),
        ("snake_case and 2 < 3 & 4 > 1", "snake_case and 2 < 3 & 4 > 1"),
        ("it costs $5, or $HOME/x", "it costs $5, or $HOME/x"),
        ("see [the docs](https://example.org/a_b)", "see the docs (https://example.org/a_b)"),
        ("# Result", "Result"),
        ("3. third", "third"),
        ("C:\\temp\\[a]", "C:\\temp\\\u200b[a]"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("a\tb  c", "a\tb  c"),
        ("中文 🎉 é", "中文 🎉 é"),
        ("2026-11-29 was", "2026-11-29 was"),
        ("-5 degrees", "-5 degrees"),
    ],
)
def test_what_was_written_can_be_read(text: str, shown: str) -> None:
    assert rendered(prose(text)).get_text().strip() == shown


def test_paragraphs_lists_bold_and_code_stay_what_they_are() -> None:
    lines = [
        "# Done",
        "One *line*",
        "and **another** with `x = <1>`.",
        "",
        "- a",
        "  - b",
        "- c",
        "",
        "1. d",
        "2. e",
        "",
    ]
    page = rendered(prose("\n".join([*lines, "```py", "1 < 2", "```", "end"])))
    assert [tag.get_text() for tag in page.find_all("strong")] == ["Done", "another"]
    assert "One *line*\nand another with x = <1>." in [tag.get_text() for tag in page.find_all("p")]
    assert len(page.find_all("ul")) == 2
    assert [tag.get_text() for tag in page.select("ol > li")] == ["d", "e"]
    assert [tag.get_text().strip() for tag in page.find_all("pre")] == ["1 < 2"]


def test_a_code_block_ends_where_it_ended() -> None:
    text = "Look:\n\n1. first\n   ````text\n   ```\n     kept\n   ````\nafter `x`"
    page = rendered(prose(text))
    assert [tag.get_text().strip("\n") for tag in page.find_all("pre")] == ["```\n  kept"]
    assert page.find_all("p")[-1].get_text() == "after x"


def test_no_line_of_a_text_ends_the_code_block_around_it() -> None:
    page = rendered(fenced("```\n<b>\n`````\n$$", "text"))
    assert [tag.get_text().strip("\n") for tag in page.find_all("pre")] == ["```\n<b>\n`````\n$$"]
    assert faults(page) == []


SLOW = ["[" * 20_000, "**a" * 7_000, "`a" * 10_000, "![" * 10_000, "x" * 20_000 + "$", " " * 20_000 + "#", "1" * 20_000]
SLOW += ["# a" + " " * 20_000 + "b", "~~~" + " " * 20_000 + "`", "~" * 10_000 + " " * 10_000 + "`"]


@pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
def test_no_text_makes_it_slow(text: str) -> None:
    assert len(prose(text)) < 8 * len(text) + 10  # and the test's own limit of time


TURN: dict[str, Any] = {"id": 2, "task_id": 1, "number": 1, "agent": "practice", "practice": True, "mode": "ask"}
TURN |= {"device_id": "d", "created_at": "2026-11-29T20:00:00+00:00", "attempt_id": 3}
TASK: dict[str, Any] = {"id": 1, "agent": "practice", "mode": "ask", "device_id": "d", "practice": True}
TASK |= {"created_at": "2026-11-29T20:00:00+00:00", "updated_at": "2026-11-29T20:00:00+00:00"}


def seen(evil: str, items: list[dict[str, Any]], **turn: Any) -> SeenTask:
    """Return a task in which everything that somebody else writes is the same text."""
    line = " ".join(evil.split())[:100]
    context = [ContextItem(name=line, kind="variable", detail=line, text=evil)]
    error = api.TurnError(code="x", message=evil, fix=evil)
    made = {**TURN, "prompt": evil, "state": "failed", "context": context, "error": error, **turn}
    one = SeenTurn(
        api.Turn.model_validate(made), [{"item_id": str(at), "index": at, **item} for at, item in enumerate(items)]
    )
    return SeenTask("g", api.Task.model_validate({**TASK, "title": evil, "state": made["state"]}), evil, [one])


@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_no_part_of_a_card_does_anything_in_the_page_that_nbconvert_makes(evil: str) -> None:
    items: list[dict[str, Any]] = [
        {"kind": "message", "text": evil},
        {"kind": "tool", "title": evil, "status": evil},
        {"kind": "changes", "files": [{"path": evil, "status": "added"}], "total": 1},
    ]
    shown = bundle(seen(evil.replace("\ud800", ""), items), 2)
    assert faults(rendered(shown["text/markdown"])) == []
    for form in shown.values():
        json.dumps(form, allow_nan=False).encode()
    assert "PRACTICE: scripted, not AI" in shown["text/plain"]
    assert all(one.isprintable() or one in "\n\t" or one == "\u200b" for one in shown["text/plain"])


def test_a_card_is_bounded_and_says_what_was_cut() -> None:
    items: list[dict[str, Any]] = [{"kind": "message", "text": "x" * 100_000}]
    items += [{"kind": "tool", "title": "y" * 5000, "status": "completed"} for _ in range(200)]
    items += [{"kind": "changes", "files": [{"path": f"f{at}", "status": "added"} for at in range(300)], "total": 300}]
    shown = bundle(seen("z" * 10_000, items), 2)
    snapshot = shown[MIME]["snapshot"]
    assert len(snapshot["answer"]) == 20_000
    assert snapshot["answer"].endswith("… (cut: the task has all of it)")
    assert [len(snapshot[name]) for name in ("tools", "diffs", "sent")] == [50, 50, 1]
    assert sum(len(json.dumps(form)) for form in shown.values()) < 150_000


def test_a_card_takes_whatever_a_device_says() -> None:
    items: list[dict[str, Any]] = [
        {
            "kind": "tool",
            "title": None,
            "status": 5,
            "diffs": [None, {"path": 3}, {"path": "a", "old": None, "new": "1\n2"}],
        },
        {"kind": "tool", "diffs": [{"path": "a", "old": "1\n2", "new": "2\n3"}]},
        {"kind": "changes", "files": ["x", 5], "total": 2},
        {"kind": "approval", "approval": None},
    ]
    usage = api.Usage(input_tokens=3, session_cost_usd=float("nan"))
    snapshot = bundle(seen("x", items, usage=usage, error=None, state="running"), 2)[MIME]["snapshot"]
    assert snapshot["diffs"] == [{"path": "a", "added": 2, "removed": 0}]
    assert snapshot["usage"] == {"input_tokens": 3}
    assert snapshot["state"] == "running"


@pytest.mark.parametrize(
    ("workspace", "path", "shown"),
    [
        ("/srv/work", "/srv/work/a/b.py", "a/b.py"),
        ("/srv/work/", "/srv/work/b.py", "b.py"),
        ("/srv/work", "/srv/workshop/b.py", "/srv/workshop/b.py"),
        ("/srv/work", "b.py", "b.py"),
        ("C:\\work", "C:\\work\\a\\b.py", "a/b.py"),
        ("/", "/etc/b.py", "/etc/b.py"),
        (None, "/srv/work/b.py", "/srv/work/b.py"),
    ],
)
def test_a_file_is_named_from_the_directory_of_the_task_on_while_the_turn_runs_too(
    workspace: str | None, path: str, shown: str
) -> None:
    items: list[dict[str, Any]] = [{"kind": "tool", "diffs": [{"path": path, "old": "a", "new": "b"}]}]
    one = seen("x", items, state="running", error=None)
    task = one.task.model_copy(update={"workspace": workspace})
    card = bundle(SeenTask("g", task, "d", one.turns), 2)
    assert card[MIME]["snapshot"]["diffs"] == [{"path": shown, "added": 1, "removed": 1}]


def test_a_file_that_was_written_as_it_was_is_not_listed_as_changed() -> None:
    same: list[dict[str, Any]] = [{"kind": "tool", "diffs": [{"path": "same", "old": "a\n", "new": "a\n"}]}]
    back: list[dict[str, Any]] = [
        {"kind": "tool", "diffs": [{"path": "back", "old": old, "new": new}]} for old, new in (("a", "b"), ("b", "a"))
    ]
    empty: list[dict[str, Any]] = [{"kind": "tool", "diffs": [{"path": "made", "old": None, "new": ""}]}]
    card = bundle(seen("x", same + back + empty, state="running", error=None), 2)
    assert [one["path"] for one in card[MIME]["snapshot"]["diffs"]] == ["made"]


def test_a_card_of_a_turn_that_needs_a_person_says_so() -> None:
    items: list[dict[str, Any]] = [{"kind": "approval", "approval": {"state": "open"}}]
    shown = bundle(seen("x", items, state="running", error=None), 2)
    assert shown[MIME]["snapshot"]["state"] == "waiting"
    assert "Waiting for you" in shown["text/markdown"]
    assert "Waiting for you" in shown["text/plain"]


def test_a_card_of_a_turn_that_is_not_known_yet_shows_the_task() -> None:
    shown = bundle(SeenTask(None, api.Task.model_validate({**TASK, "title": "t", "state": "queued"}), "d", []), 9)
    assert (shown[MIME]["turn_id"], shown[MIME]["gateway"]) == (9, None)
    assert shown[MIME]["snapshot"]["state"] == "queued"
    assert "Queued" in shown["text/markdown"]
