"""The store: order, group commit, compaction, migrations, broken databases."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, inspect

from wegent_jupyter.gateway.store import engine, records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.gateway.store.tables import metadata
from wegent_jupyter.protocol.api import Event, Task
from wegent_jupyter.protocol.states import TurnState
from wegent_jupyter.protocol.transcript import apply_item


def a_task(id_: int) -> Task:
    return Task(
        id=id_,
        title="t",
        agent="practice",
        mode="full",
        device_id="d",
        state=TurnState.QUEUED,
        created_at="1",
        updated_at="1",
    )


def with_store(directory: Path, scenario: Callable[[Store], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        store = Store(f"sqlite:///{directory / 'test.db'}")
        await store.open()
        try:
            return await scenario(store)
        finally:
            await store.close()

    return asyncio.run(run())


def note(order: list[int], n: int, _connection: Connection) -> None:
    order.append(n)


def test_writes_are_committed_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        order: list[int] = []
        await asyncio.gather(*[store.write(partial(note, order, n)) for n in range(1000)])
        assert order == list(range(1000))

    with_store(tmp_path, scenario)


def test_a_job_with_a_bug_fails_alone(tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        def bad(connection: Connection) -> None:
            records.set_meta(connection, "bad", "1")
            raise LookupError("a bug")

        async def good(n: int) -> None:
            await store.write(lambda c: records.set_meta(c, f"good-{n}", "1"))

        results = await asyncio.gather(good(1), store.write(bad), good(2), return_exceptions=True)
        assert [type(result) for result in results] == [type(None), LookupError, type(None)]
        assert await store.read(lambda c: records.get_meta(c, "good-2")) == "1"
        assert await store.read(lambda c: records.get_meta(c, "bad")) is None

    with_store(tmp_path, scenario)


def test_positions_of_a_task_are_without_gaps_and_start_at_one(tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        await store.write(lambda c: records.save_task(c, "ann", a_task(1), {}))
        placed = await asyncio.gather(
            *[store.write(lambda c: records.append_events(c, 1, [(5, 6, "delta", "{}")] * 3)) for _ in range(20)]
        )
        assert [pos for some in placed for pos, _ in some] == list(range(1, 61))

    with_store(tmp_path, scenario)


def test_saving_a_task_again_keeps_its_position(tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        await store.write(lambda c: records.save_task(c, "ann", a_task(1), {}))
        await store.write(lambda c: records.append_events(c, 1, [(5, 6, "delta", "{}")] * 3))
        await store.write(lambda c: records.save_task(c, "ann", a_task(1), {"sessions": {"d": "s"}}))
        found = await store.read(lambda c: records.load_task(c, 1))
        assert found is not None
        assert (found[0], found[1]["sessions"], found[2]) == ("ann", {"d": "s"}, 3)

    with_store(tmp_path, scenario)


def read(connection: Connection) -> list[Event]:
    return [Event.model_validate_json(one.text) for one in records.events_after(connection, 1, 0, 1000, 1 << 20)]


pieces = st.lists(st.tuples(st.sampled_from(["m1", "m2", "t1"]), st.text(max_size=5)), min_size=1, max_size=30)


@given(pieces, st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_compaction_changes_nothing_for_any_viewer(steps: list[tuple[str, str]], cursor: int) -> None:
    engine_ = create_engine("sqlite://")
    metadata.create_all(engine_)
    lengths: dict[str, int] = {}
    batch: list[records.NewEvent] = []
    for item, text in steps:
        kind = "output" if item == "t1" else "message"
        data = {"item_id": item, "index": 1, "kind": kind, "offset": lengths.get(item, 0), "text": text}
        lengths[item] = lengths.get(item, 0) + len(text)
        batch.append((5, 6, "delta", records.dumps(data)))
    with engine_.begin() as connection:
        records.save_task(connection, "ann", a_task(1), {})
        records.append_events(connection, 1, batch)
        before = read(connection)
        gone = records.compact_attempt(connection, 6)
        after = read(connection)
    assert len(after) == len({item for item, _ in steps}) == len(before) - gone
    seen: dict[str, dict[str, Any]] = {}
    whole: dict[str, dict[str, Any]] = {}
    for event in before:
        apply_item(whole, event.type, event.data)
        if event.pos <= cursor:
            apply_item(seen, event.type, event.data)
    for event in after:
        if event.pos > cursor:
            apply_item(seen, event.type, event.data)
    assert seen == whole


def test_a_page_of_events_is_bounded_but_never_empty(tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        big = records.dumps({"text": "x" * 1000})
        await store.write(lambda c: records.save_task(c, "ann", a_task(1), {}))
        await store.write(lambda c: records.append_events(c, 1, [(5, 6, "delta", big)] * 10))
        assert len(await store.read(lambda c: records.events_after(c, 1, 0, 100, 2500))) == 2
        assert len(await store.read(lambda c: records.events_after(c, 1, 0, 100, 10))) == 1
        assert len(await store.read(lambda c: records.events_after(c, 1, 0, 3, 1 << 20))) == 3

    with_store(tmp_path, scenario)


def test_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    opened = engine.open_engine(f"sqlite:///{tmp_path / 'm.db'}")
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)

    def shape(one: Any) -> dict[str, Any]:
        look = inspect(one)
        return {
            table: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)],
                sorted(str(index["name"]) for index in look.get_indexes(table)),
            )
            for table in look.get_table_names()
            if table != "alembic_version"
        }

    assert shape(opened) == shape(fresh)
    opened.dispose()


def test_head_is_the_newest_migration() -> None:
    versions = Path(engine.__file__).parent / "migrations" / "versions"
    newest = max(path.name.split("_")[0] for path in versions.glob("[0-9]*.py"))
    assert newest == engine.HEAD


def test_opening_again_keeps_everything_and_does_not_import_alembic(tmp_path: Path) -> None:
    async def write(store: Store) -> None:
        await store.write(lambda c: records.set_meta(c, "k", "v"))

    with_store(tmp_path, write)

    async def read(store: Store) -> Any:
        return await store.read(lambda c: records.get_meta(c, "k"))

    assert with_store(tmp_path, read) == "v"


@pytest.mark.parametrize(
    "content", [b"this is no database at all, only text" * 100, b"SQLite format 3\x00" + b"x" * 4000]
)
def test_a_damaged_database_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "test.db"
    path.write_bytes(content)
    with pytest.raises(engine.StoreBroken, match=r"test\.db"):
        engine.open_engine(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    engine.open_engine(f"sqlite:///{path}").dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(engine.StoreBroken, match="newer"):
        engine.open_engine(f"sqlite:///{path}")


def test_a_full_disk_fails_the_write_and_leaves_the_database_sound(tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        # SQLite's own limit of pages fails as a full disk does, with SQLITE_FULL.
        await store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 40").scalar())
        with pytest.raises(StoreFailed, match="full"):
            await store.write(lambda c: records.set_meta(c, "big", "x" * 1_000_000))
        await store.write(lambda c: records.set_meta(c, "small", "fits"))

    with_store(tmp_path, scenario)
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT value FROM meta WHERE key = 'small'").fetchone() == ("fits",)


def test_network_file_systems_are_known_by_their_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Part:
        def __init__(self, mountpoint: str, fstype: str) -> None:
            self.mountpoint, self.fstype = mountpoint, fstype

    home = str(tmp_path.resolve())
    parts = [Part("/", "ext4"), Part(home, "nfs4"), Part(f"{home}-other", "ext4")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: parts)
    assert engine.on_network_file_system(tmp_path)
    assert not engine.on_network_file_system(Path("/"))
