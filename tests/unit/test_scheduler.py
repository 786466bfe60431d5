"""Slots and queues, for any order of events."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from wegent_jupyter.gateway.scheduler import Scheduler

BOX = ("ann", "box")


def test_turns_start_in_the_order_in_which_they_came() -> None:
    scheduler = Scheduler()
    for turn in (1, 2, 3):
        scheduler.enqueue(BOX, turn, task_id=turn)
    assert [scheduler.start_next(BOX, 5) for _ in range(4)] == [1, 2, 3, None]


def test_no_more_turns_run_than_there_are_slots() -> None:
    scheduler = Scheduler()
    for turn in range(1, 8):
        scheduler.enqueue(BOX, turn, task_id=turn)
    started = [scheduler.start_next(BOX, 5) for _ in range(7)]
    assert started == [1, 2, 3, 4, 5, None, None]
    assert scheduler.position(BOX, 6) == 1
    assert scheduler.position(BOX, 7) == 2


def test_a_turn_whose_task_is_active_is_passed_over_and_does_not_block() -> None:
    scheduler = Scheduler()
    scheduler.enqueue(BOX, 1, task_id=10)
    scheduler.enqueue(BOX, 2, task_id=10)
    scheduler.enqueue(BOX, 3, task_id=30)
    assert [scheduler.start_next(BOX, 5) for _ in range(3)] == [1, 3, None]
    scheduler.end(BOX, 1)
    assert scheduler.start_next(BOX, 5) == 2


def test_a_turn_that_did_not_start_gets_its_place_back() -> None:
    scheduler = Scheduler()
    for turn in (1, 2):
        scheduler.enqueue(BOX, turn, task_id=turn)
    assert scheduler.start_next(BOX, 1) == 1
    scheduler.requeue(BOX, 1)
    assert scheduler.queued(BOX) == [1, 2]


def test_fewer_slots_end_nothing_and_start_nothing() -> None:
    scheduler = Scheduler()
    for turn in (1, 2, 3, 4):
        scheduler.enqueue(BOX, turn, task_id=turn)
    for _ in range(3):
        scheduler.start_next(BOX, 3)
    assert scheduler.start_next(BOX, 1) is None
    assert scheduler.used(BOX) == 3
    scheduler.end(BOX, 1)
    assert scheduler.start_next(BOX, 1) is None


def test_what_already_runs_counts_even_above_the_limit() -> None:
    scheduler = Scheduler()
    for turn in range(1, 4):
        scheduler.resume(BOX, turn, task_id=turn)
    scheduler.enqueue(BOX, 9, task_id=9)
    assert scheduler.used(BOX) == 3
    assert scheduler.start_next(BOX, 2) is None


def test_devices_do_not_share_slots_or_queues() -> None:
    scheduler = Scheduler()
    scheduler.enqueue(BOX, 1, task_id=1)
    scheduler.enqueue(("bob", "box"), 2, task_id=2)
    assert scheduler.start_next(BOX, 1) == 1
    assert scheduler.start_next(("bob", "box"), 1) == 2


operations = st.lists(
    st.tuples(st.sampled_from(["enqueue", "start", "end", "requeue"]), st.integers(0, 5), st.integers(1, 3)),
    max_size=80,
)


@given(operations)
@settings(max_examples=200, deadline=None)
def test_slots_are_never_exceeded_or_lost_and_a_task_runs_once(steps: list[tuple[str, int, int]]) -> None:
    scheduler = Scheduler()
    tasks: dict[int, int] = {}
    for step, pick, slots in steps:
        running = scheduler.running(BOX)
        if step == "enqueue":
            turn = len(tasks) + 1
            tasks[turn] = pick
            scheduler.enqueue(BOX, turn, task_id=pick)
        elif step == "start":
            room = scheduler.used(BOX) < slots
            idle = [turn for turn in scheduler.queued(BOX) if tasks[turn] not in {tasks[one] for one in running}]
            assert scheduler.start_next(BOX, slots) == (idle[0] if room and idle else None)
        elif running:
            chosen = running[pick % len(running)]
            (scheduler.end if step == "end" else scheduler.requeue)(BOX, chosen)
        active = [tasks[turn] for turn in scheduler.running(BOX)]
        assert len(active) == len(set(active))
        assert scheduler.queued(BOX) == sorted(scheduler.queued(BOX))
        assert not set(scheduler.queued(BOX)) & set(scheduler.running(BOX))
