"""Slots and queues, for any order of events."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from wegent_jupyter.gateway.scheduler import Scheduler

BOX, GPU = ("ann", "box"), ("ann", "gpu")


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


def test_a_person_gives_a_waiting_turn_another_place_and_new_turns_are_still_last() -> None:
    scheduler = Scheduler()
    for turn in (1, 2, 3, 4):
        scheduler.enqueue(BOX, turn, task_id=turn)
    scheduler.set_positions(BOX, scheduler.order(BOX, 4, 1))
    assert scheduler.queued(BOX) == [4, 1, 2, 3]
    scheduler.set_positions(BOX, scheduler.order(BOX, 1, 99))
    assert scheduler.queued(BOX) == [4, 2, 3, 1]
    assert scheduler.order(BOX, 1, 4) == {}, "it is there already"
    scheduler.enqueue(BOX, 5, task_id=5)
    assert scheduler.queued(BOX) == [4, 2, 3, 1, 5]


def test_a_turn_that_did_not_start_comes_back_to_the_place_that_it_was_given() -> None:
    scheduler = Scheduler()
    for turn in (1, 2, 3):
        scheduler.enqueue(BOX, turn, task_id=turn)
    scheduler.set_positions(BOX, scheduler.order(BOX, 3, 1))
    assert scheduler.start_next(BOX, 1) == 3
    scheduler.set_positions(BOX, scheduler.order(BOX, 2, 1))
    scheduler.requeue(BOX, 3)
    assert scheduler.queued(BOX) == [3, 2, 1]


def test_a_moved_turn_is_in_one_queue_only() -> None:
    scheduler = Scheduler()
    scheduler.enqueue(BOX, 1, task_id=1)
    scheduler.enqueue(GPU, 2, task_id=2)
    scheduler.move(1, 1, GPU, 3)
    assert (scheduler.queued(BOX), scheduler.queued(GPU)) == ([], [2, 1])
    assert scheduler.start_next(BOX, 5) is None


def test_the_turns_of_a_task_run_in_their_order_also_on_two_devices() -> None:
    scheduler = Scheduler()
    scheduler.enqueue(BOX, 1, task_id=10)
    scheduler.enqueue(GPU, 2, task_id=10)
    scheduler.enqueue(GPU, 3, task_id=30)
    assert [scheduler.start_next(GPU, 5), scheduler.start_next(GPU, 5)] == [3, None]
    assert scheduler.start_next(BOX, 5) == 1
    scheduler.end(BOX, 1)
    assert scheduler.start_next(GPU, 5) == 2


def test_a_paused_or_held_task_starts_nothing_and_holds_up_nobody() -> None:
    scheduler = Scheduler()
    scheduler.enqueue(BOX, 1, task_id=10)
    scheduler.enqueue(BOX, 2, task_id=20)
    scheduler.enqueue(BOX, 3, task_id=30)
    scheduler.pause(10)
    assert scheduler.hold(20)
    assert not scheduler.hold(20), "one change at a time"
    assert [scheduler.start_next(BOX, 5), scheduler.start_next(BOX, 5)] == [3, None]
    scheduler.unpause(10)
    scheduler.release(20)
    assert [scheduler.start_next(BOX, 5), scheduler.start_next(BOX, 5)] == [1, 2]


orders = st.lists(
    st.tuples(st.sampled_from(["enqueue", "order", "move", "start", "end", "requeue"]), *[st.integers(0, 6)] * 2),
    max_size=80,
)


@given(orders)
@settings(max_examples=200, deadline=None)
def test_whatever_is_moved_no_turn_is_lost_doubled_or_runs_beside_another_of_its_task(
    steps: list[tuple[str, int, int]],
) -> None:
    scheduler = Scheduler()
    tasks: dict[int, int] = {}
    minted = 0
    for step, pick, place in steps:
        here, there = (BOX, GPU) if place % 2 else (GPU, BOX)
        queued, running = scheduler.queued(here), scheduler.running(here)
        if step == "enqueue":
            minted += 1
            tasks[minted] = pick
            scheduler.enqueue(here, minted, task_id=pick)
        elif step == "order" and queued:
            chosen = queued[pick % len(queued)]
            scheduler.set_positions(here, scheduler.order(here, chosen, place + 1))
            assert scheduler.position(here, chosen) == min(place + 1, len(queued))
        elif step == "move" and queued:
            chosen, minted = queued[pick % len(queued)], minted + 1
            scheduler.move(chosen, tasks[chosen], there, minted)
            assert scheduler.queued(there)[-1] == chosen
        elif step == "start":
            scheduler.start_next(here, 3)
        elif step in ("end", "requeue") and running:
            chosen = running[pick % len(running)]
            (scheduler.end if step == "end" else scheduler.requeue)(here, chosen)
            if step == "end":
                del tasks[chosen]
        everywhere = [t for key in (BOX, GPU) for t in scheduler.queued(key) + scheduler.running(key)]
        assert sorted(everywhere) == sorted(tasks)
        active = [tasks[turn] for key in (BOX, GPU) for turn in scheduler.running(key)]
        assert len(active) == len(set(active))


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
