"""Sagas of processes that are killed or frozen: they end as if nothing had happened."""

import itertools

import pytest
from lab_kit import Lab, frozen
from soukdev.poll import until
from soukdev.service import Service

FORWARD, PAST_PIVOT, UNDOING, DONE, UNDONE = 1, 2, 3, 4, 5
UNAVAILABLE, FAILED_PRECONDITION = 14, 9

# Of processes that nobody kills: a machine that is busy takes no saga away from one that lives.
LONG_LEASE_MS = 20_000

_ids = itertools.count(1)


def begin(lab: Lab, deadline_s: int = 60) -> int:
    """A saga that nobody holds; the first process that looks runs it."""
    (saga_id,) = begin_many(lab, 1, deadline_s)
    return saga_id


def begin_many(lab: Lab, count: int, deadline_s: int) -> list[int]:
    sagas = [next(_ids) for _ in range(count)]
    now = "UTC_TIMESTAMP(6)"
    rows = (
        f"({saga_id}, 'lab', {FORWARD}, 1, '', '', '2000-01-01',"
        f" {now} + INTERVAL {deadline_s} SECOND, {now}, {now})"
        for saga_id in sagas
    )
    lab.sql(
        "INSERT INTO saga (id, kind, phase, active, state, owner, until_at, deadline_at,"
        f" created_at, updated_at) VALUES {', '.join(rows)}"
    )
    return sagas


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
    until(lambda: what in calls(lab, saga_id), 60, f"step {what}")


def wait_for_call_count(lab: Lab, count: int) -> None:
    until(lambda: lab.number("SELECT COUNT(*) FROM lab_call") >= count, 60, f"{count} calls")


def wait_for_end(lab: Lab, saga_id: int, wanted: int) -> None:
    until(lambda: phase(lab, saga_id) in (DONE, UNDONE), 60, "the saga's end")
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
    until(lambda: phase(lab, saga_id) == PAST_PIVOT, 60, "the pivot")
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
    until(lambda: "b" in effects(lab, saga_id), 60, "the effect of b")
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
    workers = {process.pid: process for process in (lab.start("worker"), lab.start("worker"))}
    lab.fault(place, sleep_ms=60_000)
    if wanted == UNDONE:
        lab.fault("before c", code=FAILED_PRECONDITION)
    saga_id = begin(lab, deadline_s=600)
    wait_for_call(lab, saga_id, place.removeprefix("before "))
    last = f"SELECT pid FROM lab_call WHERE saga_id = {saga_id} ORDER BY id DESC LIMIT 1"
    process = workers.pop(lab.number(last))
    (other,) = workers.values()
    with frozen(process):
        lab.sql("UPDATE lab_fault SET sleep_ms = 0")
        wait_for_end(lab, saga_id, wanted)
    before = effects(lab, saga_id)
    until(process.ready, 60, "the frozen process")
    process.terminate()  # it has come to the end of its step, or was stopped there
    assert process.exit_code == 0
    assert phase(lab, saga_id) == wanted
    assert effects(lab, saga_id) == before == (ALL_DONE if wanted == DONE else ALL_UNDONE)
    assert other.alive()


def test_two_processes_share_many_sagas_and_run_each_once(lab: Lab) -> None:
    processes = [lab.start("worker", SOUK_LEASE_MS=str(LONG_LEASE_MS)) for _ in range(2)]
    sagas = begin_many(lab, 60, deadline_s=600)
    under_way = f"SELECT COUNT(*) FROM saga WHERE phase <> {DONE}"
    until(lambda: lab.number(under_way) == 0, 120, "the sagas' ends", every_s=0.1)
    rows = lab.sql(
        "SELECT saga_id, GROUP_CONCAT(what ORDER BY id SEPARATOR ' ') AS calls,"
        " COUNT(DISTINCT pid) AS processes FROM lab_call GROUP BY saga_id ORDER BY saga_id"
    )
    assert rows == [{"saga_id": str(one), "calls": "a b c d", "processes": "1"} for one in sagas]
    assert all(process.alive() for process in processes)


def test_a_step_may_take_longer_than_the_lease(lab: Lab) -> None:
    lease_ms = 2000
    for _ in range(3):
        lab.start("worker", SOUK_LEASE_MS=str(lease_ms))
    lab.fault("b", sleep_ms=lease_ms * 3 // 2)  # and less than a step may take
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
        sagas += begin_many(lab, 5, deadline_s=600)
        wait_for_call_count(lab, 7 * (round_number + 1))
        process.kill9()
        lab.forget_node_leases()
        process.start()
    for saga_id in sagas:
        wait_for_end(lab, saga_id, DONE)
        assert effects(lab, saga_id) == ALL_DONE
