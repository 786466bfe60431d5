"""Nothing in a transcript acts on the page that shows it, whoever wrote it."""

from __future__ import annotations

from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert import HTMLExporter

from tests.support.transcripts import message, seen, tool, turn
from wegent_jupyter.client.export import notebook
from wegent_jupyter.client.harmless import harmless, typed, words

ACTING = {"a", "abbr", "audio", "base", "button", "embed", "form", "iframe", "img", "input", "link", "math", "meta"} | {
    *("object", "script", "style", "svg", "template", "textarea", "video")
}


class Page(HTMLParser):
    """What of a page could act: elements, and addresses that are not of the web."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        href = given.get("href") or ""
        harmless_link = tag == "a" and href.startswith(("https://", "http://", "mailto:", "#"))
        box = tag == "input" and given.get("type") == "checkbox" and "disabled" in given  # of a plan
        if (tag in ACTING and not harmless_link and not box) or any(name.startswith("on") for name in given):
            self.found.append(f"<{tag} {given}>")


EXPORTER = HTMLExporter(template_name="basic")


def page(*markdown: str) -> str:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(one) for one in markdown])
    return str(EXPORTER.from_notebook_node(made)[0])


X = "<img src=x onerror=alert(1)>"
HOSTILE = [
    f"plain {X}",
    "<script>alert(1)</script>",
    "<!-- --><style>*{display:none}</style>",
    "<svg/onload=alert(1)>",
    "\\<b>\\\\<img src=x>",
    "![x](https://tracker.example/p.png)",
    "![x][r]\n\n[r]: https://tracker.example/p.png",
    "[![x](https://tracker.example/p.png)](https://a.example)",
    "!\\[x](https://tracker.example/p.png)",
    "\\![x](https://tracker.example/p.png)",
    "[a](javascript:alert(1))",
    "[a](  javascript:alert(1))",
    "[a](javascript&#58;alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](<javascript:alert(1)>)",
    '[a](data:text/html,<script>1</script> "t")',
    '[a](https://a.example" onmouseover="alert(1))',
    "[a][r]\n\n[r]: javascript:alert(1)",
    "> [a][r]\n\n> [r]: javascript:alert(1)",
    "[a][r]\n\n[r]:\n  javascript:alert(1)",
    "<javascript:alert(1)>",
    f"a ` b\n`{X}` c",
    f"a `` ` b\n`{X}`` c",
    f"\\`{X}`",
    f"\\\\`{X}`",
    f"| a | b |\n|---|---|\n| `x | {X}` |",
    f"https://a.example/`{X}`",
    f"www.a.example/`{X}`",
    f"https://a.example/{'x' * 300}`{X}`",
    f"me@a.example`{X}`",
    f"`{X}",
    f"``` {X}\ncode\n```",
    f"```\n{X}",
    f"```\n~~~\n```\n{X}\n```",
    f"~~~\n```\n~~~\n{X}\n",
    f"````\n```\n````\n{X}",
    f"> ```\n{X}",
    f"- ```\n{X}\n  ```",
    f"    code\n\n    {X}",
    f"1. a\n\n       ```\n       b\n       ```\n{X}",
    f"$$ {X} $$",
    f"$$\n\n```\n{X}\n```\n\n$$",
    f"$`{X}`$",
    f"\\\\[ {X} `{X}` \\\\]",
    f"\\begin{{a}}\n\n```\n{X}\n```\n\n\\end{{a}}",
    f"$$![x](https://tracker.example/p.png)$$ and {X}",
    f"$$`$$`{X}`",
    f"[^1]\n\n[^1]: {X}",
    f"term\n: {X}",
    f"\u202e{X}\x00<\x1bscript>",
    "&lt;script&gt;&#60;script&#62;",
    f"<details><summary>x</summary>\n\n{X}\n</details>",
    "<<a href='javascript:alert(1)'>x</a>",
    f"# {X}\n## `{X}\n### x`{X}`",
    f"*{X}* **{X}** ~~{X}~~ - [ ] {X}",
    f"~~```~~{X}```",
    f"~~`a~~{X}` ~~b",
    f"$```!<[^$ {X}```",
    f"|\\[\n|$(``1. $]{X}](https://a.example](https://a.example``",
    "$` $[a](javascript:alert(1))`",
    "$` $![x](https://tracker.example/p.png)`",
    f"\\\\begin{{a}}\n```\n{X}\\end{{a}}",
    f"\\\\\\\\begin{{a}}\n\n```\n{X}\\end{{a}}\n```\n",
]


PIECES = ["`", "``", "```", "~", "~~~", "^", "==", "**", "*", "_", "[", "]", "[^", "](http://e", "](http://e)"]
PIECES += ["<script>", "<img src=x>", "](javascript:x)", "[a]: javascript:x", "![", "a", " ", "|", "\n", "\n\n"]
PIECES += ["$", "$$", "{", "}", ":", "- ", "> ", "1. ", "    ", "\t", "| a |\n|---|\n", "&lt;", "&", "#", "\xa0"]
PIECES += ["\n```\n", "\n: ", "[^1]: ", "\\[", "\\(", "\\]", "\\)", "\\begin{a}", "\\end{a}", "<!--", "-->", "http://e"]
PIECES += ["e@e.e", "\u200b", "\\", '"', ")", "("]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_was_written_acts_on_the_page_that_shows_it(text: str) -> None:
    assert Page(page(harmless(text), typed(text), words(text))).found == []


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_nothing_made_of_what_markdown_is_made_of_acts(text: str) -> None:
    assert Page(page(harmless(text), typed(text))).found == []


@pytest.mark.parametrize(
    "text",
    ["~~~" + " " * 200_000 + "`", " ".join("`" * n + "x" for n in range(1, 1000)), "$$a" * 100_000, "\\" * 200_000],
    ids=["fence", "backticks", "formulas", "escapes"],
)
def test_no_text_makes_it_slow(text: str) -> None:
    assert len(harmless(text)) < 8 * len(text) + 10  # and the test's own limit of time


def test_the_page_would_show_what_acts() -> None:
    assert len([text for text in HOSTILE if Page(page(text)).found]) > len(HOSTILE) // 2


def test_formatting_stays() -> None:
    text = (
        "# Head\n\nSome **bold** *text* with `a < b` and [a link](https://a.example).\n\n- one\n- two\n\n"
        "1. first\n\n| a | b |\n|---|---|\n| 1 | `x` |\n\n> quoted\n\n```python\nif a < b: pass\n```\n\n"
        "$$a < \\frac{1}{2}$$ costs $5"
    )
    html = page(harmless(text))
    for shown in (
        "<strong>bold</strong>",
        "<code>a &lt; b</code>",
        '<a href="https://a.example">a link</a>',
        "<li>one</li>",
        "<td>1</td>",
        "<blockquote>",
        "$$a \\lt  \\frac{1}{2}$$",
        "costs $5",
    ):
        assert shown in html
    assert "```python\nif a < b: pass\n```" in harmless(text)


def test_no_formula_that_begins_before_code_makes_a_link_of_it() -> None:
    assert "\\href" not in page(harmless("it costs $5 `or$ \\href{javascript:alert(1)}{x}$`"))
    assert "<code>C:\\data</code>" in page(harmless("it is in `C:\\data`, and costs $5"))


def test_no_formula_of_an_answer_makes_a_link() -> None:
    made = harmless("$$\\href{javascript:alert(1)}{x}$$ $\\href{javascript:alert(1)}{x}$ \\let\\a\\href")
    assert "\\href" not in made and "\\let" not in made
    assert "href" in made


def test_a_whole_hostile_transcript_is_inert_as_a_page() -> None:
    evil = "\n\n".join(HOSTILE)
    diff = {"path": evil, "old": None, "new": f"```\n{X}"}
    items = [message(evil), {"kind": "thought", "text": evil}, {"kind": "steer", "text": evil}]
    items += [{"kind": "notice", "text": evil}, {"kind": "trust", "path": evil, "found": [evil]}]
    items += [tool(evil, output=evil), tool(evil, diffs=[diff]), tool("x", tool="execute", input={"command": evil})]
    items += [{"kind": "plan", "entries": [{"content": evil}]}, {"kind": "approval", "approval": {"title": evil}}]
    items += [{"kind": "changes", "files": [{"path": evil, "status": evil}], "total": 1, "note": evil}]
    one = turn(1, evil, *items, agent=evil, state="failed", error={"code": "x", "message": evil, "fix": evil})
    made = notebook(seen(one, title=evil, workspace=evil), name=f"{evil}.ipynb")
    assert Page(EXPORTER.from_notebook_node(made)[0]).found == []
