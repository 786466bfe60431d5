"""Variables as they are sent with a message: what is said of them, and how little of them is looked at."""

from __future__ import annotations

import datetime
import tracemalloc
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import matplotlib as mpl

mpl.use("agg")

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from wegent_jupyter.notebook.context import gather, rendered, variables
from wegent_jupyter.notebook.errors import BadCall
from wegent_jupyter.notebook.renderings import MAX_PIXELS
from wegent_jupyter.protocol.context import MAX_ALL_CHARS, MAX_CHARS, ContextItem

Point = namedtuple("Point", ["x", "y"])
MANY = 10**6


@dataclass
class Settings:
    name: str
    values: list[int]


class Endless:
    def __repr__(self) -> str:
        while True:
            pass


class Stubborn:
    def __repr__(self) -> str:
        while True:
            try:
                sum(range(1000))
            except Exception:
                self.tried = True


class Raising:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class Unsayable(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


class Counted:
    """Counts how often it was looked at."""

    looks = 0

    def __repr__(self) -> str:
        Counted.looks += 1
        return "<counted>"


class Without(list[int]):
    """A list that is longer than anybody can wait."""

    def __iter__(self) -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def __len__(self) -> int:
        return 1 << 40


def frame(rows: int = 1000) -> pd.DataFrame:
    return pd.DataFrame({"age": np.arange(rows), "name": [f"n{one}" for one in range(rows)], "paid": [1.5] * rows})


def loop() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


CASES: list[tuple[object, str, list[str]]] = [
    (frame(), "DataFrame, 3 columns, 5 of 1,000 rows", ["age: int64", "paid: float64", "4  4    n4    1.5"]),
    (frame(2), "DataFrame, 3 columns, 2 rows", ["first 2 rows:"]),
    (pd.DataFrame(), "DataFrame, 0 columns, 0 rows", ["dtypes:"]),
    (
        pd.DataFrame(np.zeros((2, 300))),
        "DataFrame, 300 columns, 2 rows",
        ["… 100 more columns", "30 of 300 columns"],
    ),
    (frame().set_index("name")["paid"], "Series, float64, 5 of 1,000 values", ["n4  1.5"]),
    (
        pd.Series(pd.date_range("2026-11-29", periods=2)),
        "Series, datetime64[us], 2 values",
        ["2026-11-30 00:00:00"],
    ),
    (np.arange(12).reshape(3, 4), "ndarray, 3 x 4, int64", ["first 3 x 4:", "8  9  10  11"]),
    (np.zeros((2, 3, 1000)), "ndarray, 2 x 3 x 1,000, float64", ["first 100 values:", "0.0, 0.0"]),
    (np.array(7), "ndarray, one value, int64", ["7"]),
    ("text\nas it is", "str, 13 characters", ["text\nas it is"]),
    ([1, "a", None], "list, 3 entries", ["[1, 'a', None]"]),
    ({"a": [1, {"b": (2,)}]}, "dict, 1 entry", ["{'a': [1, {'b': (2)}]}"]),
    (loop(), "list, 2 entries", ["[1, …]"]),
    (list(range(MANY)), "list, 1,000,000 entries", ["999,960 more"]),
    ({1, 2}, "set, 2 entries", ["{1, 2}"]),
    (Counter("aab"), "Counter, 2 entries", ["Counter({'a': 2, 'b': 1})"]),
    (defaultdict(int, {"k": 1}), "defaultdict, 1 entry", ["defaultdict({'k': 1})"]),
    (OrderedDict(a=frame()), "OrderedDict, 1 entry", ["{'a': <DataFrame, 1,000 x 3>}"]),
    (deque([1]), "deque", ["deque([1])"]),
    (Point(1, 2), "Point, 2 entries", ["Point(x=1, y=2)"]),
    (Settings("s", list(range(100))), "Settings", ["Settings(name='s', values=[0, 1,", "60 more]"]),
    (b"\x00" * MANY, "bytes", ["1,000,000 long"]),
    (10**5000, "int", ["<int, 16,610 bits>"]),
    (3.5, "float", ["3.5"]),
    (None, "NoneType", ["None"]),
    (Without(), "Without, 1,099,511,627,776 entries", ["0, 1, 2"]),
]


@pytest.mark.parametrize(("value", "detail", "says"), CASES, ids=range(len(CASES)))
def test_a_variable_is_sent_with_what_it_is_and_its_beginning(value: object, detail: str, says: list[str]) -> None:
    [item] = gather({"v": value}).items
    assert item.detail == detail
    assert [one for one in says if one not in item.text] == []
    assert len(item.text) <= MAX_CHARS


def test_cells_of_a_table_are_short_lines() -> None:
    cells = {"a": ["x" * MANY], "b": ["two\nlines"], "c": [{"k": [1] * 100}], "d": [Decimal("1.50")]}
    cells |= {"e": [datetime.date(2026, 11, 29)], "f": [pd.NaT], "g": [frame()]}
    text = gather({"v": pd.DataFrame(cells)}).items[0].text
    row = text.splitlines()[-1]
    assert [len(part) < 70 for part in row.split("  ")].count(False) == 0
    for said in ("two lines", "95 more", "1.50", "2026-11-29", "NaT", "<DataFrame, 1,000 x 3>"):
        assert said in row


def test_of_a_large_table_no_more_is_looked_at_than_is_sent() -> None:
    Counted.looks = 0
    table = pd.DataFrame({f"c{number}": np.full(20_000, Counted(), dtype=object) for number in range(40)})
    numbers = pd.DataFrame(np.zeros((250_000, 50)))  # 100 MB
    tracemalloc.start()
    gather([table, numbers, table["c0"], {"in": {"a": "dict", "t": table}}, table.to_numpy()], {})
    peak = tracemalloc.get_traced_memory()[1] - table.to_numpy().nbytes
    tracemalloc.stop()
    assert Counted.looks <= 5 * 30 + 5 + 100 + 2
    assert peak < 2_000_000


def test_deep_and_wide_values_are_cut_before_they_are_written() -> None:
    value: Any = "x" * 1000
    for _ in range(6):
        value = [value] * 40
    tracemalloc.start()
    [item] = gather({"v": value}).items
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(item.text) <= MAX_CHARS
    assert peak < 2_000_000


def test_a_figure_is_sent_as_a_picture_of_bounded_size() -> None:
    figure = Figure(figsize=(100, 50))
    axes = figure.add_subplot()
    axes.plot([1, 2])
    [one, two] = gather({"fig": figure, "ax": axes}).figures
    assert (one.name, two.name) == ("fig.png", "ax.png")
    assert one.png.startswith(b"\x89PNG")
    assert int.from_bytes(one.png[16:20]) == MAX_PIXELS
    assert rendered("fig", figure).detail == "Figure, 1,600 x 800 pixels"


def test_values_are_named_after_the_variables_that_hold_them() -> None:
    df, model, item = frame(), Settings("s", []), ContextItem(name="In [3]", kind="cell", text="x = 1")
    found = gather([df, model, 5_000_000, item], {"_": df, "df": df, "clf": model})
    assert [(one.name, one.kind) for one in found.items] == [
        ("df", "variable"),
        ("clf", "variable"),
        ("value 3", "variable"),
        ("In [3]", "cell"),
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Raising(ValueError("no\nway")), "ValueError: no way"),
        (Raising(KeyboardInterrupt()), "KeyboardInterrupt"),
        (Raising(SystemExit(3)), "SystemExit: 3"),
        (Raising(Unsayable()), "Unsayable"),
        ([1, Raising(ValueError("deep"))], "ValueError: deep"),
        (pd.DataFrame({"a": [Raising(ValueError("cell"))]}), "ValueError: cell"),
        (Endless(), "takes more than"),
        (Stubborn(), "takes more than"),
        (type("Masked", (), {"__class__": property(lambda self: 1 / 0)})(), "ZeroDivisionError"),
        (type("Loud", (), {"__repr__": lambda self: 3})(), "TypeError"),
        (type("Deep", (), {"__repr__": lambda self: repr(self)})(), "RecursionError"),
    ],
    ids=[
        "raises",
        "interrupts",
        "exits",
        "unsayable",
        "nested",
        "cell",
        "endless",
        "stubborn",
        "masked",
        "no text",
        "recursion",
    ],
)
def test_a_variable_that_cannot_be_shown_is_told_in_one_line_and_nothing_is_sent(value: object, said: str) -> None:
    with pytest.raises(BadCall) as caught:
        gather({"good": 1, "bad": value})
    assert caught.value.message.startswith("'bad' cannot be sent: ")
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert "Nothing was sent" in str(caught.value.fix)


def test_the_largest_message_is_accepted_by_the_server() -> None:
    found = gather({f"v{number}": "x\x1b" * 50_000 for number in range(20)})
    assert sum(len(one.text) for one in found.items) <= MAX_ALL_CHARS
    assert all("the first 3,200 characters" in one.detail and one.text.endswith("… (cut)") for one in found.items)
    assert "\x1b" not in found.items[0].text


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ([1] * 21, "21 variables are too many"),
        ("df", "a list of values"),
        (frame(), "a list of values"),
        (5, "a list of values"),
        ([ContextItem(name=f"c{number}", kind="cell", text="x" * MAX_CHARS) for number in range(5)], "too long"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(context: Any, said: str) -> None:
    with pytest.raises(BadCall, match=said):
        gather(context, {})


def test_a_value_that_refuses_to_say_of_which_class_it_is_is_told_by_its_place() -> None:
    with pytest.raises(BadCall, match="'value 2' cannot be sent: ZeroDivisionError"):
        gather([1, type("Masked", (), {"__class__": property(lambda self: 1 / 0)})()], {})


def test_a_name_that_is_no_variable_is_told_with_similar_ones() -> None:
    assert variables(["df"], {"df": 1, 5: 2}) == {"df": 1}
    with pytest.raises(BadCall, match=r"no variable 'dff'[^_]*Did you mean: df\?"):
        variables(["dff"], {"df": 1, "_df": 2, 5: 2})
