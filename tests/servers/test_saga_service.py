"""Sagas that do not get on: how they are noticed, and what operators can do about them."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from lab_kit import Lab
from soukdev import http, paths
from soukdev.contracts import Contracts
from soukdev.grpc_client import GrpcClient
from soukdev.poll import until
from soukdev.refusal import Refused
from soukdev.service import Service
from test_sagas import (
    ALL_UNDONE,
    DONE,
    PAST_PIVOT,
    UNAVAILABLE,
    UNDOING,
    UNDONE,
    begin,
    effects,
    phase,
    wait_for_call,
    wait_for_end,
)

ABANDONED = 6
_requests = itertools.count(1)


class Desk:
    """An operator at a process of the lab."""

    def __init__(self, lab: Lab, process: Service) -> None:
        contracts = Contracts(paths.DESCRIPTOR_SET)
        self._keys = lab.keys
        self._client = GrpcClient(contracts, f"127.0.0.1:{process.ports['rpc']}")

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, role: str = "operator", **fields: Any) -> Any:
        return self._client.call(f"ops.{method}", self._keys.mint(7, role), **fields)

    def do(self, method: str, saga_id: int, role: str = "operator", **fields: Any) -> Any:
        fields = {"request_id": f"do-{next(_requests)}", "why": "it was told to", **fields}
        return self.ask(method, role, saga_id=saga_id, **fields).saga

    def get(self, saga_id: int) -> Any:
        return self.ask("GetSaga", saga_id=saga_id)

    def listed(self, **fields: Any) -> list[int]:
        return [saga.saga_id for saga in self.ask("ListSagas", **fields).sagas]


@pytest.fixture
def process(lab: Lab) -> Service:
    return lab.start("api,worker")


@pytest.fixture
def desk(lab: Lab, process: Service) -> Iterator[Desk]:
    desk = Desk(lab, process)
    yield desk
    desk.close()


def wait_for_stuck(process: Service, wanted: int) -> None:
    def says_so() -> bool:
        page = http.request(process.ports["admin"], "/metrics").decode()
        return f'souk_saga_stuck{{kind="lab"}} {wanted}\n' in page

    until(says_so, 60, f"{wanted} stuck")


def told(process: Service, message: str) -> list[dict[str, Any]]:
    lines = process.log_text().splitlines()
    return [json.loads(line) for line in lines if f'"message":"{message}"' in line]


def grow_old(lab: Lab, saga_id: int, seconds: int) -> None:
    lab.sql(
        f"UPDATE saga SET created_at = created_at - INTERVAL {seconds} SECOND,"
        f" deadline_at = deadline_at - INTERVAL {seconds} SECOND WHERE id = {saga_id}"
    )


def put_off(lab: Lab, desk: Desk, step: str) -> int:
    """A saga that cannot do a step."""
    lab.fault(step, code=UNAVAILABLE)
    saga_id = begin(lab)
    until(lambda: desk.get(saga_id).saga.trouble, 60, "its trouble")
    return saga_id


def put_off_for_long(lab: Lab, saga_id: int) -> None:
    """Nobody tries it for an hour."""
    later = "until_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR"
    far = f"SELECT id FROM saga WHERE id = {saga_id} AND until_at > deadline_at + INTERVAL 1 HOUR"

    def done() -> bool:
        lab.sql(f"UPDATE saga SET {later} WHERE id = {saga_id} AND owner = ''")
        return bool(lab.sql(far))

    until(done, 60, "nobody at work on it")


def refused(desk: Desk, method: str, saga_id: int, **fields: Any) -> str:
    with pytest.raises(Refused) as error:
        desk.do(method, saga_id, **fields)
    return f"{error.value.code} {error.value.reason}"


def test_one_that_does_not_get_on_is_told_of_once_and_goes_on_when_it_is_told_to(
    lab: Lab, process: Service, desk: Desk
) -> None:
    other = lab.start("worker")
    saga_id = put_off(lab, desk, "d")
    young = begin(lab)
    grow_old(lab, saga_id, 3600)
    wait_for_stuck(process, 1)
    wait_for_stuck(other, 1)
    (line,) = told(process, "saga stuck") + told(other, "saga stuck")
    assert (line["saga"], line["kind"], line["level"]) == (saga_id, "lab", "error")
    assert line["why"].startswith("act d: UNAVAILABLE")
    assert line["age_s"] >= 3600
    assert desk.listed(stuck=True) == [saga_id]
    assert desk.listed() == [saga_id, young]
    shown = desk.get(saga_id)
    assert (shown.saga.phase, shown.saga.outcome) == (PAST_PIVOT, "")
    assert shown.saga.stuck_at.seconds > 0
    assert list(shown.steps) == ["a", "b", "c", "d"]

    put_off_for_long(lab, saga_id)
    lab.heal()
    desk.do("RetrySaga", saga_id, why="the peer is back")
    wait_for_end(lab, saga_id, DONE)
    (action,) = desk.get(saga_id).actions
    assert (action.action, action.by, action.why) == ("retry", "operator/7", "the peer is back")
    wait_for_stuck(process, 0)
    wait_for_stuck(other, 0)


def test_the_time_that_a_saga_has_counts_four_times(lab: Lab, process: Service, desk: Desk) -> None:
    """The lab's has 60 s, which is less than the least."""
    slow, old = put_off(lab, desk, "d"), put_off(lab, desk, "after c")
    lab.sql(f"UPDATE saga SET deadline_at = created_at + INTERVAL 600 SECOND WHERE id = {slow}")
    grow_old(lab, slow, 2000)
    grow_old(lab, old, 400)
    wait_for_stuck(process, 1)
    assert desk.listed(stuck=True) == [old]
    grow_old(lab, slow, 500)
    wait_for_stuck(process, 2)


def test_what_nobody_takes_up_is_told_of(lab: Lab, process: Service, desk: Desk) -> None:
    saga_id = begin(lab)
    wait_for_end(lab, saga_id, DONE)
    lab.sql(f"UPDATE saga SET active = 1, kind = 'of another time' WHERE id = {saga_id}")
    grow_old(lab, saga_id, 3600)
    until(lambda: told(process, "saga stuck"), 60, "the line")
    assert told(process, "saga stuck")[0]["why"] == "no process takes it up"
    assert list(desk.get(saga_id).steps) == []
    assert refused(desk, "AbandonSaga", saga_id) == "FAILED_PRECONDITION SAGA_KIND_UNKNOWN"


def test_abandoned_before_the_pivot_it_is_undone(lab: Lab, desk: Desk) -> None:
    lab.fault("b", sleep_ms=60_000)
    saga_id = begin(lab)
    wait_for_call(lab, saga_id, "b")
    shown = desk.do("AbandonSaga", saga_id, why="nobody wants it")
    assert (shown.phase, shown.held_by) == (UNDOING, "")
    lab.heal()
    wait_for_end(lab, saga_id, UNDONE)
    assert effects(lab, saga_id) == ALL_UNDONE
    assert desk.get(saga_id).saga.outcome == "ABORTED SAGA_ABANDONED: nobody wants it"


def test_abandoned_by_another_process_it_does_not_pass_its_pivot(
    lab: Lab, process: Service, desk: Desk
) -> None:
    other_desk = Desk(lab, lab.start("api,worker"))
    lab.fault("before c", sleep_ms=60_000)
    saga_id = begin(lab)
    wait_for_call(lab, saga_id, "c")
    held_here = f":{process.pid}:" in desk.get(saga_id).saga.held_by
    (other_desk if held_here else desk).do("AbandonSaga", saga_id)
    wait_for_end(lab, saga_id, UNDONE)
    assert effects(lab, saga_id) == ALL_UNDONE
    other_desk.close()


@pytest.mark.parametrize("step", ["d", "undo a"])
def test_abandoned_behind_its_decision_it_ends_as_it_is(lab: Lab, desk: Desk, step: str) -> None:
    if step == "undo a":
        lab.fault("before c", code=9)
    saga_id = put_off(lab, desk, step)
    desk.do("AbandonSaga", saga_id)
    assert phase(lab, saga_id) == ABANDONED
    assert saga_id not in desk.listed()
    assert saga_id in desk.listed(ended=True)
    lab.heal()
    after = begin(lab)
    wait_for_end(lab, after, DONE)
    assert phase(lab, saga_id) == ABANDONED
    assert refused(desk, "AbandonSaga", saga_id) == "FAILED_PRECONDITION SAGA_ENDED"
    assert refused(desk, "RetrySaga", saga_id) == "FAILED_PRECONDITION SAGA_ENDED"


@pytest.mark.parametrize(("answer", "left"), [("NULL", 0), ("x'01'", 1)])
def test_abandoned_though_nobody_can_read_it_its_request_may_be_sent_again(
    lab: Lab, desk: Desk, answer: str, left: int
) -> None:
    saga_id = put_off(lab, desk, "d")
    lab.sql(
        "INSERT INTO request (caller, method, request_id, digest, answer, created_at)"
        f" VALUES ('customer/1', '/lab/Begin', 'r1', REPEAT('0', 16), {answer}, NOW(6))"
    )
    grow_old(lab, saga_id, 3600)
    put_off_for_long(lab, saga_id)
    lab.sql(
        "UPDATE saga SET state = x'ff', request_caller = 'customer/1',"
        f" request_method = '/lab/Begin', request_id = 'r1' WHERE id = {saga_id}"
    )
    desk.do("AbandonSaga", saga_id)
    assert phase(lab, saga_id) == ABANDONED
    assert lab.number("SELECT COUNT(*) FROM request WHERE request_id = 'r1'") == left


def test_the_same_request_is_one_action(lab: Lab, desk: Desk) -> None:
    saga_id = put_off(lab, desk, "d")
    for _ in range(2):
        desk.do("RetrySaga", saga_id, request_id="once")
    assert len(desk.get(saga_id).actions) == 1


def test_what_was_rolled_back_is_not_told(lab: Lab, process: Service, desk: Desk) -> None:
    saga_id = put_off(lab, desk, "d")
    lab.sql(
        "CREATE TRIGGER loses BEFORE UPDATE ON request FOR EACH ROW"
        " SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"
    )
    assert refused(desk, "RetrySaga", saga_id) == "ABORTED CONTENTION"
    assert refused(desk, "AbandonSaga", saga_id) == "ABORTED CONTENTION"
    lab.sql("DROP TRIGGER loses")
    desk.do("RetrySaga", saga_id, why="now it may")
    until(lambda: told(process, "an operator looked after a saga"), 60, "the line")
    (line,) = told(process, "an operator looked after a saga")
    assert (line["action"], line["why"]) == ("retry", "now it may")


def test_only_operators_look_after_sagas(lab: Lab, desk: Desk) -> None:
    saga_id = put_off(lab, desk, "d")
    for role in ("customer", "service"):
        for method in ("RetrySaga", "AbandonSaga"):
            with pytest.raises(Refused) as error:
                desk.do(method, saga_id, role)
            assert error.value.code in ("PERMISSION_DENIED", "UNAUTHENTICATED")
        with pytest.raises(Refused):
            desk.ask("ListSagas", role)
    assert not desk.get(saga_id).actions
    assert phase(lab, saga_id) == PAST_PIVOT


def test_what_is_not_there(desk: Desk) -> None:
    assert refused(desk, "RetrySaga", 999_999_999) == "NOT_FOUND SAGA_UNKNOWN"
    assert refused(desk, "AbandonSaga", 999_999_999) == "NOT_FOUND SAGA_UNKNOWN"
    with pytest.raises(Refused) as error:
        desk.get(999_999_999)
    assert error.value.reason == "SAGA_UNKNOWN"


def test_pages(lab: Lab, desk: Desk) -> None:
    lab.fault("d", code=UNAVAILABLE)
    sagas = [begin(lab) for _ in range(5)]
    first = desk.ask("ListSagas", page_size=3)
    rest = desk.ask("ListSagas", page_size=3, page_token=first.next_page_token)
    assert [saga.saga_id for page in (first, rest) for saga in page.sagas] == sagas
    assert not rest.next_page_token
    with pytest.raises(Refused) as error:
        desk.ask("ListSagas", page_size=3, stuck=True, page_token=first.next_page_token)
    assert error.value.reason == "PAGE_TOKEN_INVALID"
    assert desk.listed(kind="no such") == []
