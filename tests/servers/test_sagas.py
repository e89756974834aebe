"""Sagas of processes that are killed or frozen: they end as if nothing had happened."""

import itertools

import pytest
from lab_kit import SAGA_LEASE_MS, Lab, frozen
from soukdev.poll import until
from soukdev.service import Service

FORWARD, PAST_PIVOT, UNDOING, DONE, UNDONE = 1, 2, 3, 4, 5
UNAVAILABLE, FAILED_PRECONDITION = 14, 9

_ids = itertools.count(1)


def begin(lab: Lab) -> int:
    """A saga that nobody holds; the first process that looks runs it."""
    saga_id = next(_ids)
    lab.sql(
        "INSERT INTO saga (id, kind, phase, active, state, owner, until_at, deadline_at,"
        f" created_at, updated_at) VALUES ({saga_id}, 'lab', {FORWARD}, 1, '', '', '2000-01-01',"
        " UTC_TIMESTAMP(6) + INTERVAL 60 SECOND, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"
    )
    return saga_id


def phase(lab: Lab, saga_id: int) -> int:
    return lab.number(f"SELECT phase FROM saga WHERE id = {saga_id}")


def calls(lab: Lab, saga_id: int) -> list[str]:
    rows = lab.sql(f"SELECT what FROM lab_call WHERE saga_id = {saga_id} ORDER BY id")
    return [str(row["what"]) for row in rows]


def effects(lab: Lab, saga_id: int) -> dict[str, bool]:
    """Of each step whether it was undone."""
    rows = lab.sql(f"SELECT step, undone FROM lab_effect WHERE saga_id = {saga_id}")
    return {str(row["step"]): row["undone"] == "1" for row in rows}


def wait_for_call(lab: Lab, saga_id: int, what: str) -> None:
    until(lambda: what in calls(lab, saga_id), 20, f"step {what}")


def wait_for_call_count(lab: Lab, count: int) -> None:
    until(lambda: lab.number("SELECT COUNT(*) FROM lab_call") >= count, 20, f"{count} calls")


def wait_for_end(lab: Lab, saga_id: int, wanted: int) -> None:
    until(lambda: phase(lab, saga_id) in (DONE, UNDONE), 30, "the saga's end")
    assert phase(lab, saga_id) == wanted


def replace(lab: Lab, process: Service) -> None:
    """Pulls the plug; another one takes over when the lease has run out."""
    process.kill9()
    lab.heal()
    lab.start("worker")


ALL_DONE = {"a": False, "b": False, "c": False, "d": False}
ALL_UNDONE = {"a": True, "b": True}


@pytest.mark.parametrize("step", ["a", "b"])
def test_killed_before_the_pivot_it_is_run_again(lab: Lab, step: str) -> None:
    process = lab.start("worker")
    lab.fault(step, sleep_ms=60_000)
    saga_id = begin(lab)
    wait_for_call(lab, saga_id, step)
    replace(lab, process)
    wait_for_end(lab, saga_id, DONE)
    assert effects(lab, saga_id) == ALL_DONE
    assert calls(lab, saga_id)[-4:] == ["a", "b", "c", "d"]


def test_killed_right_before_the_pivots_commit_it_is_run_again(lab: Lab) -> None:
    process = lab.start("worker")
    lab.fault("before c", sleep_ms=60_000)
    saga_id = begin(lab)
    wait_for_call(lab, saga_id, "c")
    assert phase(lab, saga_id) == FORWARD
    replace(lab, process)
    wait_for_end(lab, saga_id, DONE)
    assert effects(lab, saga_id) == ALL_DONE


@pytest.mark.parametrize("place", ["after c", "d"])
def test_killed_behind_the_pivot_it_is_only_run_on(lab: Lab, place: str) -> None:
    process = lab.start("worker")
    lab.fault(place, sleep_ms=60_000)
    saga_id = begin(lab)
    until(lambda: phase(lab, saga_id) == PAST_PIVOT, 20, "the pivot")
    replace(lab, process)
    wait_for_end(lab, saga_id, DONE)
    assert effects(lab, saga_id) == ALL_DONE
    assert calls(lab, saga_id).count("a") == 1
    assert "undo a" not in calls(lab, saga_id)


def test_killed_while_it_undoes_it_is_undone_whole(lab: Lab) -> None:
    process = lab.start("worker")
    lab.fault("before c", code=FAILED_PRECONDITION)
    lab.fault("undo a", sleep_ms=60_000)
    saga_id = begin(lab)
    wait_for_call(lab, saga_id, "undo a")
    assert phase(lab, saga_id) == UNDOING
    replace(lab, process)  # what was the reason to undo it is over, and yet it is undone
    wait_for_end(lab, saga_id, UNDONE)
    assert effects(lab, saga_id) == ALL_UNDONE


def test_resumed_and_refused_early_it_undoes_what_the_dead_process_did(lab: Lab) -> None:
    process = lab.start("worker")
    lab.fault("b", sleep_ms=60_000)  # b is done, and then takes its time
    saga_id = begin(lab)
    until(lambda: "b" in effects(lab, saga_id), 20, "the effect of b")
    process.kill9()
    lab.heal()
    lab.fault("a", code=FAILED_PRECONDITION)
    lab.start("worker")
    wait_for_end(lab, saga_id, UNDONE)
    assert effects(lab, saga_id) == ALL_UNDONE


@pytest.mark.parametrize(
    ("place", "wanted"), [("b", DONE), ("before c", DONE), ("d", DONE), ("undo b", UNDONE)]
)
def test_a_frozen_process_does_no_harm_when_it_comes_back(
    lab: Lab, place: str, wanted: int
) -> None:
    process = lab.start("worker")
    lab.fault(place, sleep_ms=2 * SAGA_LEASE_MS)
    if wanted == UNDONE:
        lab.fault("before c", code=FAILED_PRECONDITION)
    saga_id = begin(lab)
    wait_for_call(lab, saga_id, place.removeprefix("before "))
    other = lab.start("worker")
    with frozen(process):
        wait_for_end(lab, saga_id, wanted)
    before = effects(lab, saga_id)
    until(process.ready, 20, "the frozen process")
    process.terminate()  # it has come to the end of its step, or was stopped there
    assert process.exit_code == 0
    assert phase(lab, saga_id) == wanted
    assert effects(lab, saga_id) == before == (ALL_DONE if wanted == DONE else ALL_UNDONE)
    assert other.alive()


def test_two_processes_share_many_sagas_and_run_each_once(lab: Lab) -> None:
    processes = [lab.start("worker"), lab.start("worker")]
    sagas = [begin(lab) for _ in range(60)]
    for saga_id in sagas:
        wait_for_end(lab, saga_id, DONE)
        assert calls(lab, saga_id) == ["a", "b", "c", "d"]
    rows = lab.sql("SELECT saga_id FROM lab_call GROUP BY saga_id HAVING COUNT(DISTINCT pid) > 1")
    assert rows == []
    assert all(process.alive() for process in processes)


def test_a_step_may_take_longer_than_the_lease(lab: Lab) -> None:
    for _ in range(3):
        lab.start("worker")
    lab.fault("b", sleep_ms=8 * SAGA_LEASE_MS)
    saga_id = begin(lab)
    wait_for_end(lab, saga_id, DONE)
    assert calls(lab, saga_id) == ["a", "b", "c", "d"]


def test_what_is_unavailable_for_long_is_undone_and_later_it_works(lab: Lab) -> None:
    lab.start("worker")
    lab.fault("b", code=UNAVAILABLE)
    lost = begin(lab)
    wait_for_end(lab, lost, UNDONE)
    assert effects(lab, lost) == ALL_UNDONE
    lab.heal()
    won = begin(lab)
    wait_for_end(lab, won, DONE)


def test_killed_at_random_places_every_saga_ends_whole(lab: Lab) -> None:
    process = lab.start("worker")
    sagas = []
    for round_number in range(6):
        sagas += [begin(lab) for _ in range(5)]
        wait_for_call_count(lab, 7 * (round_number + 1))
        process.kill9()
        lab.forget_node_leases()
        process.start()
    for saga_id in sagas:
        wait_for_end(lab, saga_id, DONE)
        assert effects(lab, saga_id) == ALL_DONE
