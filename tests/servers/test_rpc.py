"""libcommon's RPC server as a client sees it that nobody here wrote."""

import json
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from rpc_kit import Pending, RpcLab, StartLab, call
from soukdev.grpc_client import GrpcClient
from soukdev.poll import until
from soukdev.refusal import Refused


def busy(lab: RpcLab, client: GrpcClient, calls: int, **fields: int) -> list[Pending]:
    """So many calls, of which the first are worked on and the others wait, until release()."""
    pending = [Pending(lab, client, "Work", held=True, **fields) for _ in range(calls)]
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Work") == calls, 60, "calls")
    return pending


def health(client: GrpcClient) -> bytes:
    """The bytes of a HealthCheckResponse."""
    answer: bytes = client.channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=30)
    return answer


def test_beyond_the_queue_calls_are_refused_and_told_when_to_come_back(start: StartLab) -> None:
    lab, client = start(concurrency=2, queue=1)
    pending = busy(lab, client, 3)
    with pytest.raises(Refused) as refused:
        call(lab, client, "Work")
    assert (refused.value.code, refused.value.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
    assert refused.value.retry_after_ms > 0
    assert health(client) == b"\x08\x01", "health waits for nobody"
    lab.release()
    for one in pending:
        one.answer()
    assert lab.metric("souk_rpc_calls_total", method="Work", code="RESOURCE_EXHAUSTED") == 1
    call(lab, client, "Work")


def test_a_call_whose_time_would_be_over_before_its_turn_is_refused_at_once(
    start: StartLab,
) -> None:
    lab, client = start(concurrency=1, queue=10)
    call(lab, client, "Work", sleep_ms=3000)  # so long do they take
    first = busy(lab, client, 1)
    with pytest.raises(Refused) as refused:
        call(lab, client, "Work", timeout_s=2.5)
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    lab.release()
    first[0].answer()


def test_calls_that_are_refused_before_their_work_do_not_count(start: StartLab) -> None:
    lab, client = start(concurrency=1, queue=10)
    call(lab, client, "Work", sleep_ms=3000)  # so long do they take
    for _ in range(100):
        with pytest.raises(Refused) as refused:
            call(lab, client, "Work", sleep_ms=-1)
        assert refused.value.reason == "INVALID_FIELD"
    first = busy(lab, client, 1)
    with pytest.raises(Refused) as refused:
        call(lab, client, "Work", timeout_s=2.5)
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    lab.release()
    first[0].answer()


def test_a_short_call_is_not_measured_by_long_ones(start: StartLab) -> None:
    peer, _ = start()
    lab, client = start(concurrency=2, queue=10, peer_lab=f"ipv4:{peer.address}")
    call(lab, client, "Heavy", sleep_ms=6000)  # more than Forward may take, of 30 s
    first = Pending(lab, client, "Heavy", sleep_ms=2000)
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Heavy") == 1, 60, "all the room")
    call(lab, client, "Forward")
    first.answer()


def test_who_gives_up_in_the_line_makes_room(start: StartLab) -> None:
    lab, client = start(concurrency=1, queue=1)
    pending = busy(lab, client, 2)
    pending[1].call.cancel()
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Work") == 1, 60, "room")
    last = Pending(lab, client, "Work")
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Work") == 2, 60, "the last")
    lab.release()
    pending[0].answer()
    last.answer()
    assert lab.metric("souk_rpc_calls_total", method="Work", code="CANCELLED") == 1


@pytest.mark.parametrize("way", ["cancels", "is late"])
def test_who_fits_begins_when_a_heavy_one_before_it_gives_up(start: StartLab, way: str) -> None:
    lab, client = start(concurrency=2, queue=10)
    endless = busy(lab, client, 1)
    heavy = Pending(lab, client, "Heavy", timeout_s=30 if way == "cancels" else 5)
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Heavy") == 1, 60, "in line")
    light = Pending(lab, client, "Work")
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Work") == 2, 60, "behind it")
    if way == "cancels":
        heavy.call.cancel()
    light.answer()
    assert not endless[0].call.done(), "nobody has left"
    endless[0].call.cancel()


def test_fewer_calls_are_begun_when_they_take_too_much_of_their_time(start: StartLab) -> None:
    def limit() -> float:
        return lab.metric("souk_rpc_concurrency_limit", service="souk.lab.v1.LabService")

    peer, _ = start()
    lab, client = start(concurrency=100, concurrency_least=4, peer_lab=f"ipv4:{peer.address}")
    assert limit() == 100

    def after_slow_calls() -> float:
        for one in [Pending(lab, client, "Forward", sleep_ms=2000) for _ in range(20)]:
            one.call.exception()  # or none: here it is about how long they take, 2 of 5 s
        return limit()

    until(lambda: 4 <= after_slow_calls() <= 20, 60, "a lower limit")
    until(lambda: grows(lab, client, limit), 60, "a higher one, when they are quick again")


def grows(lab: RpcLab, client: GrpcClient, limit: Callable[[], float]) -> bool:
    """A crowd of short calls; did the limit follow?"""
    before = limit()
    for one in [Pending(lab, client, "Work", sleep_ms=5) for _ in range(100)]:
        one.call.exception()
    return limit() > before


def test_a_request_that_is_too_large_is_refused_before_it_is_read(start: StartLab) -> None:
    lab, client = start(request_max_kib=4)
    call(lab, client, "Work", padding=bytes(4000))
    with pytest.raises(Refused) as refused:
        call(lab, client, "Work", padding=bytes(5000))
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    assert "larger than max" in refused.value.message
    call(lab, client, "Work")


def test_an_answer_that_is_too_large_is_not_sent(start: StartLab) -> None:
    lab, client = start(response_max_kib=4)
    call(lab, client, "Work", answer_bytes=4000)
    with pytest.raises(Refused) as refused:
        call(lab, client, "Work", answer_bytes=5000)
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    assert refused.value.reason == "MESSAGE_TOO_LARGE"


def test_an_old_connection_is_replaced_without_a_failed_call(start: StartLab) -> None:
    lab, client = start(connection_age_ms=200)
    states: list[grpc.ChannelConnectivity] = []
    client.channel.subscribe(states.append)

    def was_replaced() -> bool:
        call(lab, client, "Work", sleep_ms=10)
        return states.count(grpc.ChannelConnectivity.READY) > 2

    until(was_replaced, 60, "new connections")


def call_lines(lab: RpcLab) -> list[dict[str, Any]]:
    """The access log."""
    lines = [json.loads(line) for line in lab.log.read_text().splitlines()]
    return [line for line in lines if line["message"] == "call"]


def test_the_log_has_what_failed_and_what_was_slow(start: StartLab) -> None:
    lab, client = start(log_one_of=0, log_slow_ms=3000)
    call(lab, client, "Work")
    call(lab, client, "Work", sleep_ms=3010, padding=bytes(50), answer_bytes=20)
    with pytest.raises(Refused):
        call(lab, client, "Work", sleep_ms=-1)
    slow, refused = call_lines(lab)
    assert (slow["method"], slow["code"]) == ("/souk.lab.v1.LabService/Work", "OK")
    assert slow["took_us"] >= 3_000_000
    assert (slow["in_bytes"], slow["out_bytes"]) == (57, 22)
    assert (refused["code"], refused["reason"]) == ("INVALID_ARGUMENT", "INVALID_FIELD")


def test_the_log_has_all_good_calls_of_some_traces(start: StartLab) -> None:
    lab, client = start(log_one_of=4)
    traces = [f"{number:032x}" for number in range(1, 65)]
    stub = client.channel.unary_unary("/souk.lab.v1.LabService/Work")
    for trace in traces * 2:
        stub(b"", metadata=[("traceparent", f"00-{trace}-00f067aa0ba902b7-01")], timeout=30)
    logged = [line["trace_id"] for line in call_lines(lab)]
    assert 0 < len(set(logged)) < len(traces)
    assert all(logged.count(trace) == 2 for trace in set(logged))


def test_metrics_tell_how_long_calls_waited_and_took(start: StartLab) -> None:
    lab, client = start(concurrency=1)
    pending = busy(lab, client, 2)
    since = time.monotonic()
    until(lambda: time.monotonic() - since >= 0.5, 60, "some time")
    waited_s = time.monotonic() - since
    lab.release()
    for one in pending:
        one.answer()
    labels = {"method": "Work"}
    assert lab.metric("souk_rpc_queue_seconds_sum", **labels) >= waited_s
    assert lab.metric("souk_rpc_duration_seconds_sum", **labels) >= 2 * waited_s
    assert lab.metric("souk_rpc_duration_seconds_count", **labels) == 2
    assert lab.metric("souk_rpc_calls_in_flight", **labels) == 0
    assert lab.metric("souk_rpc_calls_total", **labels, code="OK") == 2
