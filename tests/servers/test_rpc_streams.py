"""Streams of libcommon's RPC server as a client sees them that nobody here wrote."""

import queue
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from rpc_kit import Pending, RpcLab, StartLab, call, stream
from soukdev.grpc_client import GrpcClient
from soukdev.poll import until
from soukdev.refusal import Refused

LAB = "souk.lab.v1.LabService"


def numbers(lab: RpcLab, method: str, *values: int) -> Iterator[Any]:
    for value in values:
        yield lab.message(f"{method}Request", number=value)


def rest(answers: Any) -> list[int]:
    return [answer.number for answer in answers]


class Feed:
    """Messages that the test sends when it wants to."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def send(self, message: Any) -> None:
        self._waiting.put(message)

    def __iter__(self) -> Iterator[Any]:
        while (message := self._waiting.get()) is not None:
            yield message


def ended(lab: RpcLab, method: str, code: str) -> None:
    """All calls of the method are over, one of them so."""
    until(lambda: lab.metric("souk_rpc_calls_total", method=method, code=code) == 1, 60, code)
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method=method) == 0, 60, "the end")


def test_a_server_sends_many_messages_and_then_its_status(start: StartLab) -> None:
    lab, client = start()
    answers = stream(lab, client, "Count", lab.message("CountRequest", to=1000))
    assert rest(answers) == list(range(1, 1001))
    assert answers.code() == grpc.StatusCode.OK


def test_a_client_sends_many_messages_for_one_answer(start: StartLab) -> None:
    lab, client = start()
    answer = stream(lab, client, "Sum", numbers(lab, "Sum", *range(1000))).result()
    assert answer.sum == sum(range(1000))
    assert stream(lab, client, "Sum", numbers(lab, "Sum")).result().sum == 0


def test_both_send_while_both_receive(start: StartLab) -> None:
    lab, client = start()
    feed = Feed()
    answers = stream(lab, client, "Twice", iter(feed))
    for number in range(100):
        feed.send(lab.message("TwiceRequest", number=number))
        assert next(answers).number == 2 * number
    feed.send(None)
    assert rest(answers) == []
    assert answers.code() == grpc.StatusCode.OK
    doubled = stream(lab, client, "Twice", numbers(lab, "Twice", *range(5000)))
    assert rest(doubled) == list(range(0, 10000, 2))


def test_every_message_is_checked(start: StartLab) -> None:
    lab, client = start()
    upload = stream(lab, client, "Sum", numbers(lab, "Sum", 1, 2, -3, 4))
    refused = client.refusal(upload.exception())
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert list(refused.fields) == ["number"]

    both = stream(lab, client, "Twice", numbers(lab, "Twice", 1, 2_000_000))
    with pytest.raises(grpc.RpcError) as error:
        rest(both)
    assert list(client.refusal(error.value).fields) == ["number"]

    raw = client.channel.stream_unary(f"/{LAB}/Sum")
    with pytest.raises(grpc.RpcError) as error:
        raw(iter([b"\xff\xff\xff"]))
    assert client.refusal(error.value).reason == "MALFORMED_MESSAGE"


def test_a_message_that_is_too_large_ends_the_stream(start: StartLab) -> None:
    lab, client = start(request_max_kib=4, response_max_kib=4)
    large = lab.message("SumRequest", padding=bytes(5000))
    refused = client.refusal(stream(lab, client, "Sum", iter([large])).exception())
    assert refused.code == "RESOURCE_EXHAUSTED"

    answers = stream(lab, client, "Count", lab.message("CountRequest", to=2, padding_bytes=5000))
    with pytest.raises(grpc.RpcError) as error:
        rest(answers)
    assert client.refusal(error.value).reason == "MESSAGE_TOO_LARGE"


def test_a_client_that_cancels_ends_the_handler(start: StartLab) -> None:
    lab, client = start()
    answers = stream(lab, client, "Count", lab.message("CountRequest"))
    assert next(answers).number == 1
    answers.cancel()
    ended(lab, "Count", "CANCELLED")


def test_an_upload_that_breaks_off_is_not_taken_for_the_whole(start: StartLab) -> None:
    lab, client = start()
    for _ in range(20):
        feed = Feed()
        upload = stream(lab, client, "Sum", iter(feed))
        feed.send(lab.message("SumRequest", number=1))
        until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Sum") == 1, 60, "the call")
        upload.cancel()
        feed.send(None)
        until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Sum") == 0, 60, "the end")
    assert lab.metric("souk_rpc_calls_total", method="Sum", code="CANCELLED") == 20
    assert '"message":"sum"' not in lab.log.read_text()


def test_a_client_that_is_gone_ends_its_streams(start: StartLab) -> None:
    lab, client = start()
    answers = stream(lab, client, "Count", lab.message("CountRequest"))
    assert next(answers).number == 1
    client.channel.close()
    ended(lab, "Count", "CANCELLED")


def test_who_reads_slowly_is_not_sent_more_than_a_little_ahead(start: StartLab) -> None:
    lab, client = start()
    request = lab.message("CountRequest", to=1000, padding_bytes=100_000)
    answers = stream(lab, client, "Count", request)
    assert next(answers).number == 1
    call(lab, client, "Work", sleep_ms=300)  # meanwhile it could have sent all of them
    assert lab.metric("souk_rpc_calls_in_flight", method="Count") == 1
    assert len(rest(answers)) == 999
    ended(lab, "Count", "OK")


def test_streams_have_a_number_of_their_own(start: StartLab) -> None:
    lab, client = start(streams=2, concurrency=1)
    request = lab.message("CountRequest", pause_ms=10)
    open_ones = [stream(lab, client, "Count", request) for _ in range(2)]
    for one in open_ones:
        next(one)
    with pytest.raises(grpc.RpcError) as error:
        rest(stream(lab, client, "Count", request))
    refused = client.refusal(error.value)
    assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
    assert refused.retry_after_ms > 0
    call(lab, client, "Work")
    open_ones[0].cancel()
    until(lambda: lab.metric("souk_rpc_calls_in_flight", method="Count") == 1, 60, "a free place")
    assert next(stream(lab, client, "Count", request)).number == 1


def is_refused(lab: RpcLab, client: GrpcClient) -> bool:
    """Does a call no longer begin?"""
    try:
        call(lab, client, "Work")
    except Refused:
        return True
    return False


def test_a_server_that_drains_lets_streams_end_but_not_begin(start: StartLab) -> None:
    lab, client = start(grace_ms=25_000)
    feed = Feed()
    answers = stream(lab, client, "Twice", iter(feed))
    feed.send(lab.message("TwiceRequest", number=1))
    assert next(answers).number == 2
    lab.stop_soon()
    until(lambda: is_refused(lab, client), 60, "nothing new begins")
    for number in range(2, 11):
        feed.send(lab.message("TwiceRequest", number=number))
        assert next(answers).number == 2 * number
    feed.send(None)
    assert rest(answers) == []
    assert answers.code() == grpc.StatusCode.OK


def test_a_stream_may_end_itself_when_the_server_drains(start: StartLab) -> None:
    lab, client = start(grace_ms=25_000)
    answers = stream(
        lab, client, "Count", lab.message("CountRequest", pause_ms=10, heeds_drain=True)
    )
    next(answers)
    lab.stop_soon()
    rest(answers)
    assert answers.code() == grpc.StatusCode.OK


def test_what_outlives_the_grace_is_cut_and_told_to_go_elsewhere(start: StartLab) -> None:
    lab, client = start()
    answers = stream(lab, client, "Count", lab.message("CountRequest", pause_ms=10))
    waiting = Pending(lab, client, "Work", sleep_ms=20_000)
    next(answers)
    lab.stop_soon()
    with pytest.raises(grpc.RpcError):
        rest(answers)
    assert answers.code() == grpc.StatusCode.UNAVAILABLE
    assert waiting.refusal().code == "UNAVAILABLE"
