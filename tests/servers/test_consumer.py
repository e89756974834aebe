"""Consumers: what comes twice is handled once, what fails is parked and comes again, nobody but its
key waits for it, and what never succeeds becomes a dead letter."""

import json
import random
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from lab_kit import Lab, collected, frozen
from soukdev import http, paths
from soukdev.contracts import Contracts
from soukdev.dead_letters import DeadLetter, DeadLetters
from soukdev.poll import until
from soukdev.service import Service

TOPIC = "order.order"
INVALID_ARGUMENT, FAILED_PRECONDITION, INTERNAL, UNAVAILABLE = 3, 9, 13, 14


class Publisher:
    """Puts events on the topic as a relay would."""

    def __init__(self, lab: Lab) -> None:
        from confluent_kafka import Producer

        contracts = Contracts(paths.DESCRIPTOR_SET)
        self._message = contracts.message("souk.order.v1.OrderCancelled")
        self._producer: Any = Producer({"bootstrap.servers": lab.kafka.address})
        # The topic is shared by all tests, the ids must not be.
        self._ids = f"{time.time_ns()}"
        self._count = 0

    def cancelled(
        self,
        order_id: int,
        version: int = 1,
        *,
        event_id: str = "",
        partition: int = 0,
        traceparent: str = "",
    ) -> str:
        self._count += 1
        event_id = event_id or f"{self._ids}-{self._count}"
        value = self.bytes_of(order_id, version)
        self._produce(order_id, value, event_id, partition, traceparent)
        return event_id

    def raw(self, key: int, value: bytes | None, *, ce_id: str) -> None:
        """Bytes that call themselves an event; without an id where it is empty."""
        self._produce(key, value, ce_id and f"{self._ids}-{ce_id}", 0)

    def bytes_of(self, order_id: int, version: int) -> bytes:
        value: Any = self._message(order_id=order_id, version=version)
        return bytes(value.SerializeToString())

    def _produce(
        self, key: int, value: bytes | None, event_id: str, partition: int, traceparent: str = ""
    ) -> None:
        headers = {"ce_type": "order.cancelled", "ce_source": "souk/order"}
        if event_id:
            headers["ce_id"] = event_id
        if traceparent:
            headers["traceparent"] = traceparent
        self._producer.produce(
            TOPIC, value=value, key=str(key), partition=partition, headers=headers
        )
        self._producer.flush()


class Letters(DeadLetters):
    """The dead letters of a consumer and this test: the topic is shared by all."""

    def __init__(self, lab: Lab, consumer: str = "lab.events") -> None:
        super().__init__(lab.kafka.address)
        self._consumer = consumer
        self._before = len(list(self.of(TOPIC)))

    def all(self) -> list[DeadLetter]:
        fresh = list(self.of(TOPIC))[self._before :]
        return [letter for letter in fresh if letter.consumer == self._consumer]

    def wait_for(self, count: int) -> list[DeadLetter]:
        until(lambda: len(self.all()) >= count, 90, "dead letters", every_s=0.5)
        return self.all()


@pytest.fixture
def letters(lab: Lab, publisher: "Publisher") -> Letters:
    return Letters(lab)


@pytest.fixture
def publisher(lab: Lab) -> Iterator[Publisher]:
    """The group starts at the topic's end, so that a test sees its own events alone."""
    lab.kafka.create_topics({TOPIC: 4, f"{TOPIC}.dlq": 1})
    skip_to_end(lab)
    yield Publisher(lab)


def skip_to_end(lab: Lab) -> None:
    from confluent_kafka import Consumer

    for group in ("lab.events", "lab.versions"):
        consumer = Consumer({"bootstrap.servers": lab.kafka.address, "group.id": group})
        # Fails while a new topic has no leader, and while members of a test before are known.
        until(lambda: _skips(consumer), 60, "the group is free")  # noqa: B023 (called here)
        consumer.close()


def _skips(consumer: Any) -> bool:
    from confluent_kafka import KafkaException, TopicPartition

    try:
        ends = []
        for number in range(4):
            place = TopicPartition(TOPIC, number)
            _, place.offset = consumer.get_watermark_offsets(place, timeout=10)
            ends.append(place)
        consumer.commit(offsets=ends, asynchronous=False)
    except KafkaException:
        return False
    return True


def handled(lab: Lab, *order_ids: int) -> list[tuple[int, int]]:
    """(order, version), in the order in which they were handled."""
    rows = lab.sql("SELECT order_id, version FROM lab_handled ORDER BY id")
    all_of_them = [(int(row["order_id"]), int(row["version"])) for row in rows]
    return [one for one in all_of_them if not order_ids or one[0] in order_ids]


def parked(lab: Lab) -> list[int]:
    """The keys of parked events, in the order in which they were parked."""
    rows = lab.sql(
        "SELECT CAST(event_key AS CHAR) AS k FROM parked_event"
        " WHERE consumer = 'lab.events' ORDER BY id"
    )
    return [int(row["k"]) for row in rows]


def dead(lab: Lab) -> list[int]:
    rows = lab.sql(
        "SELECT CAST(event_key AS CHAR) AS k FROM parked_event"
        " WHERE dead_at IS NOT NULL ORDER BY id"
    )
    return [int(row["k"]) for row in rows]


def counted(worker: Service, outcome: str) -> float:
    """Events of which this became."""
    page = http.request(worker.ports["admin"], "/metrics").decode()
    name = "souk_consumer_events_total"
    return sum(map(float, re.findall(rf'^{name}{{.*"{outcome}"}} (\S+)$', page, re.MULTILINE)))


def test_an_event_that_comes_again_is_handled_once(lab: Lab, publisher: Publisher) -> None:
    lab.start("worker")
    first = publisher.cancelled(1)
    for _ in range(3):
        publisher.cancelled(1, event_id=first)
    publisher.cancelled(1, 2)
    until(lambda: handled(lab)[-1:] == [(1, 2)], 60, "the last event")
    assert handled(lab) == [(1, 1), (1, 2)]


def test_what_fails_comes_again_while_other_keys_flow(lab: Lab, publisher: Publisher) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=UNAVAILABLE)
    publisher.cancelled(1, 1, partition=0)
    publisher.cancelled(2, 1, partition=0)  # behind it
    publisher.cancelled(1, 2, partition=0)
    publisher.cancelled(3, 1, partition=1)
    publisher.cancelled(1, 3, partition=0)
    publisher.cancelled(2, 2, partition=0)
    until(lambda: len(handled(lab, 2, 3)) == 3, 60, "the other keys")
    until(lambda: parked(lab) == [1, 1, 1], 60, "the key is parked")
    assert handled(lab, 1) == []  # nothing of a failed try stays
    lab.heal()
    until(lambda: len(handled(lab, 1)) == 3, 60, "the failed one and those behind it")
    assert handled(lab, 1) == [(1, 1), (1, 2), (1, 3)]
    assert handled(lab, 2) == [(2, 1), (2, 2)]
    assert parked(lab) == []


def test_a_key_that_was_parked_flows_again(lab: Lab, publisher: Publisher) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1, 1)
    until(lambda: parked(lab) == [1], 60, "the key is parked")
    lab.heal()
    for version in range(2, 30):  # some behind it, some when it has gone
        publisher.cancelled(1, version)
        time.sleep(0.05)
    until(lambda: len(handled(lab)) == 29, 60, "all events")
    assert handled(lab) == [(1, version) for version in range(1, 30)]
    assert parked(lab) == []


def test_parked_events_outlive_the_process_that_parked_them(lab: Lab, publisher: Publisher) -> None:
    worker = lab.start("worker")
    lab.fault("handle 1", code=UNAVAILABLE)
    publisher.cancelled(1, 1)
    publisher.cancelled(1, 2)
    until(lambda: parked(lab) == [1, 1], 60, "the key is parked")
    worker.kill9()
    lab.heal()
    lab.forget_node_leases()
    publisher.cancelled(1, 3)
    worker.start()
    # Its dead self has to run out of the group, and of what it had claimed.
    until(lambda: len(handled(lab)) == 3, 60, "all events")
    assert handled(lab) == [(1, 1), (1, 2), (1, 3)]


def test_a_frozen_worker_that_comes_back_disorders_no_key(lab: Lab, publisher: Publisher) -> None:
    """Longer than its session: the other one has its partitions when it goes on."""
    workers = [lab.start("worker"), lab.start("worker")]
    for order_id in range(8):
        lab.fault(f"handle {order_id}", sleep_ms=20)
    for version in range(1, 21):
        for order_id in range(8):
            publisher.cancelled(order_id, version, partition=order_id % 4)
    until(lambda: len(handled(lab)) > 20, 60, "both work")
    with frozen(workers[0]):
        until(lambda: len(handled(lab)) == 160, 90, "all events by the other one")
    for order_id in range(8):
        publisher.cancelled(order_id, 21, partition=order_id % 4)
    until(lambda: len(handled(lab)) == 168, 60, "the last events")
    for order_id in range(8):
        assert handled(lab, order_id) == [(order_id, number + 1) for number in range(21)]


@pytest.mark.timeout(480)
def test_a_worker_that_is_killed_at_any_moment_disorders_no_key(
    lab: Lab, publisher: Publisher
) -> None:
    """Some handlers fail for a while, workers die: each event once, each key in its order."""
    chance = random.Random(11)
    workers = [lab.start("worker"), lab.start("worker")]
    version = 0
    for _ in range(5):
        lab.fault(f"handle {chance.randrange(8)}", code=chance.choice([UNAVAILABLE, INTERNAL]))
        for _ in range(10):
            version += 1
            for order_id in range(8):
                publisher.cancelled(order_id, version, partition=order_id % 4)
        time.sleep(chance.random() * 2)
        victim = chance.choice(workers)
        victim.kill9()
        lab.heal()
        lab.forget_node_leases()
        victim.start()
    until(lambda: len(handled(lab)) >= 8 * version, 120, "all events")
    for order_id in range(8):
        assert handled(lab, order_id) == [(order_id, number + 1) for number in range(version)]
    assert parked(lab) == []


def test_a_parked_event_is_tried_in_its_trace_and_nothing_else_is(
    lab: Lab, publisher: Publisher
) -> None:
    consumer_kind = 5
    with collected() as (url, spans):
        lab.start("worker", SOUK_TRACE_URL=url, SOUK_TRACE_ROOTS_PER_10000="0")
        lab.fault("handle 1", code=UNAVAILABLE)
        for number in (1, 2):
            publisher.cancelled(1, number, traceparent=f"00-{number:032x}-{1:016x}-01")
        until(lambda: parked(lab) == [1, 1], 60, "the key is parked")
        lab.heal()
        until(lambda: len(handled(lab)) == 2, 60, "both events")

        # The second came to each consumer, and once more out of its parking place, as the last.
        def tries() -> list[dict[str, Any]]:
            kinds = [one for one in spans if one["kind"] == consumer_kind]
            return [one for one in kinds if int(one["traceId"], 16) == 2]

        until(lambda: len(tries()) == 3, 60, "the second one's tries")

        # A parent ends, and is sent, after its children.
        def strangers() -> set[str]:
            seen = list(spans)
            known = {one["spanId"] for one in seen} | {f"{1:016x}"}
            return {one.get("parentSpanId", "") for one in seen} - known

        until(lambda: not strangers(), 60, "every span's parent")
        # Looking for parked events, and claiming them, is nobody's.
        assert "next_at <= UTC_TIMESTAMP(6)" not in json.dumps(spans)


def test_a_refusal_becomes_a_dead_letter_and_its_key_waits(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    event_id = publisher.cancelled(1, 1)
    publisher.cancelled(1, 2)
    publisher.cancelled(2, 1)
    (letter,) = letters.wait_for(1)
    assert letter.event_id == event_id
    assert letter.key == b"1"
    assert letter.headers["ce_id"] == event_id
    assert letter.headers["dlq_consumer"] == "lab.events"
    assert letter.headers["dlq_topic"] == TOPIC
    assert letter.headers["dlq_cause"] == "refused"
    assert letter.headers["dlq_detail"] == "FAILED_PRECONDITION SOLD_OUT told to"
    assert letter.headers["dlq_tries"] == "6"
    until(lambda: dead(lab) == [1], 60, "the row says so")
    lab.heal()
    publisher.cancelled(1, 3)
    publisher.cancelled(2, 2)
    until(lambda: handled(lab) == [(2, 1), (2, 2)], 60, "the other key")
    until(lambda: parked(lab) == [1, 1, 1], 60, "those behind it")

    letters.put_back(letter, "redrive")
    letters.put_back(letter, "redrive")
    until(lambda: len(handled(lab, 1)) == 3, 60, "the key flows")
    assert handled(lab, 1) == [(1, 1), (1, 2), (1, 3)]
    letters.put_back(letter, "redrive")  # long after it was handled
    publisher.cancelled(1, 4)
    until(lambda: (1, 4) in handled(lab), 60, "the last event")
    assert handled(lab, 1) == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert len(letters.all()) == 1


def test_a_dead_letter_holds_its_key_though_nothing_stood_behind_it(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1, 1)
    (letter,) = letters.wait_for(1)
    until(lambda: dead(lab) == [1], 60, "the row says so")
    lab.heal()
    publisher.cancelled(1, 2)
    publisher.cancelled(2, 1)
    until(lambda: parked(lab) == [1, 1], 60, "the next one waits")
    until(lambda: handled(lab, 2), 60, "the other key")
    assert handled(lab, 1) == []
    letters.put_back(letter, "redrive")
    until(lambda: len(handled(lab, 1)) == 2, 60, "the key flows")
    assert handled(lab, 1) == [(1, 1), (1, 2)]


def test_what_waited_long_behind_a_dead_letter_has_its_own_time(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1, 1)
    (letter,) = letters.wait_for(1)
    until(lambda: dead(lab) == [1], 60, "the row says so")
    publisher.cancelled(1, 2)
    until(lambda: parked(lab) == [1, 1], 60, "the next one waits")
    lab.sql("UPDATE parked_event SET parked_at = parked_at - INTERVAL 2 DAY")
    lab.heal()
    lab.fault("handle 1", code=UNAVAILABLE)
    letters.put_back(letter, "discard")
    tried = "SELECT id FROM parked_event WHERE tries > 0 AND dead_at IS NULL"
    until(lambda: lab.sql(tried) or len(letters.all()) > 1, 60, "a try of the next one")
    assert len(letters.all()) == 1
    lab.heal()
    until(lambda: handled(lab, 1) == [(1, 2)], 60, "the key flows")


def test_a_discarded_letter_sets_its_key_free(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=INVALID_ARGUMENT)
    event_id = publisher.cancelled(1, 1)
    publisher.cancelled(1, 2)
    (letter,) = letters.wait_for(1)
    until(lambda: dead(lab) == [1], 60, "the row says so")
    lab.heal()
    letters.put_back(letter, "discard")
    until(lambda: handled(lab, 1) == [(1, 2)], 60, "the one behind it")
    publisher.cancelled(1, 1, event_id=event_id)  # nothing brings it back
    publisher.cancelled(1, 3)
    until(lambda: handled(lab, 1)[-1:] == [(1, 3)], 60, "the last event")
    assert handled(lab, 1) == [(1, 2), (1, 3)]


def forget_inbox(lab: Lab) -> None:
    """As housekeeping does when eight days have passed."""
    lab.sql("DELETE FROM inbox")


@pytest.mark.parametrize("order", ["redrive", "discard"])
def test_a_letter_that_was_done_with_is_never_handled_again(
    lab: Lab, publisher: Publisher, letters: Letters, order: str
) -> None:
    worker = lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1, 1)
    (letter,) = letters.wait_for(1)
    until(lambda: dead(lab) == [1], 60, "the row says so")
    lab.heal()
    letters.put_back(letter, order)
    until(lambda: parked(lab) == [], 60, "it is done with")
    done = handled(lab)
    forget_inbox(lab)
    letters.put_back(letter, "redrive")
    publisher.cancelled(1, 2)
    until(lambda: (1, 2) in handled(lab), 60, "the next event")
    # In another partition than the event, and counted after its commit.
    until(lambda: counted(worker, "repeated") == 1, 60, "the letter is known")
    assert handled(lab) == [*done, (1, 2)]


def test_what_was_handled_does_not_wait_behind_a_dead_letter(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    """Kafka brings it again within days, the letter may be redriven after weeks."""
    worker = lab.start("worker")
    first = publisher.cancelled(1, 1)
    until(lambda: handled(lab) == [(1, 1)], 60, "the first event")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1, 2)
    (letter,) = letters.wait_for(1)
    publisher.cancelled(1, 1, event_id=first)
    publisher.cancelled(1, 3)
    until(lambda: counted(worker, "repeated") == 2, 60, "each consumer knows it")
    until(lambda: parked(lab) == [1, 1], 60, "the last one waits")
    forget_inbox(lab)
    lab.heal()
    until(lambda: dead(lab) == [1], 60, "the row says so")
    letters.put_back(letter, "redrive")
    until(lambda: parked(lab) == [], 60, "the key flows")
    assert handled(lab) == [(1, 1), (1, 2), (1, 3)]


def wait_for_try(lab: Lab) -> int:
    """Until a try of the only parked event is under way; how many came before it."""
    under_way = (
        "SELECT tries FROM parked_event WHERE consumer = 'lab.events'"
        " AND next_at > UTC_TIMESTAMP(6) + INTERVAL 15 SECOND"
    )
    until(lambda: lab.sql(under_way), 60, "a try is under way")
    return lab.number(under_way)


@pytest.mark.parametrize("ends", ["stopped", "killed"])
def test_a_try_that_its_process_did_not_end_counts_for_nothing(
    lab: Lab, publisher: Publisher, ends: str
) -> None:
    worker = lab.start("worker")
    lab.fault("handle 1", code=UNAVAILABLE)
    publisher.cancelled(1, 1)
    until(lambda: parked(lab) == [1], 60, "the event is parked")
    # A try that is under way would still fail, and count: it has no say any more.
    lab.sql("UPDATE parked_event SET next_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR")
    lab.sql("UPDATE lab_fault SET code = 0, sleep_ms = 60000")
    lab.sql("UPDATE parked_event SET next_at = UTC_TIMESTAMP(6)")
    before = wait_for_try(lab)
    if ends == "killed":
        worker.kill9()
        lab.forget_node_leases()
    else:
        worker.terminate()
    lab.sql("UPDATE parked_event SET next_at = UTC_TIMESTAMP(6)")  # or after 30 s
    worker.start()
    assert wait_for_try(lab) == before


def test_parked_events_of_a_projection_do_not_wait_for_each_other(
    lab: Lab, publisher: Publisher
) -> None:
    lab.start("worker")
    for version in (1, 2):
        lab.fault(f"project 1/{version}", code=UNAVAILABLE)
        publisher.cancelled(1, version)
    rows = "SELECT id FROM parked_event WHERE consumer = 'lab.versions' ORDER BY id"
    until(lambda: len(lab.sql(rows)) == 2, 60, "both are parked")
    first = int(lab.sql(rows)[0]["id"])
    # Nobody tries it from now on, and whoever does so now has no say any more.
    later = "UTC_TIMESTAMP(6) + INTERVAL 1 HOUR"
    lab.sql(f"UPDATE parked_event SET next_at = {later} WHERE id = {first}")
    with lab.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM parked_event WHERE id = {first} FOR UPDATE")
        lab.heal()
        until(lambda: len(lab.sql(rows)) == 1, 60, "the second one")
        assert versions(lab) == {1: 2}
        connection.rollback()


def test_who_finds_a_parked_event_while_others_have_stopped_ends_as_well(
    lab: Lab, publisher: Publisher
) -> None:
    """Those who try them are stopped one by one; the second one takes its time over it."""
    worker = lab.start("worker")
    for order_id in (1, 2, 3):
        lab.fault(f"project {order_id}/1", code=UNAVAILABLE)
        publisher.cancelled(order_id)
    rows = "SELECT event_key FROM parked_event WHERE consumer = 'lab.versions'"
    until(lambda: len(lab.sql(rows)) == 3, 60, "all are parked")
    worker.terminate()
    lab.sql("UPDATE parked_event SET next_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR")
    lab.heal()
    lab.fault("project 1/1", sleep_ms=60_000)
    lab.fault("project 2/1", sleep_ms=5_000, is_deaf=True)
    worker.start()
    for order_id in (1, 2):
        make_due(lab, order_id)
        wait_projected(lab, order_id)
    stop = threading.Thread(target=worker.terminate)
    stop.start()
    until(lambda: worker.log_text().count("partitions revoked") == 2, 60, "no more events")
    make_due(lab, 3)
    stop.join()
    assert worker.exit_code == 0


def wait_projected(lab: Lab, order_id: int) -> None:
    """Until somebody is at it: it is written, and not committed."""
    dirty = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;"
    under_way = f"{dirty} SELECT COUNT(*) FROM lab_version WHERE order_id = {order_id}"
    until(lambda: lab.number(under_way), 60, "it is tried")


def make_due(lab: Lab, order_id: int) -> None:
    """By its id: the others' rows are locked by those who try them."""
    of_key = f"consumer = 'lab.versions' AND event_key = '{order_id}'"
    row = lab.number(f"SELECT id FROM parked_event WHERE {of_key}")
    lab.sql(f"UPDATE parked_event SET next_at = UTC_TIMESTAMP(6) WHERE id = {row}")


def test_bytes_that_are_no_event_become_a_dead_letter_at_once(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    publisher.raw(1, b"\xff\xff\xff", ce_id="bad")
    publisher.cancelled(1, 1)
    publisher.cancelled(2, 1)
    publisher.raw(3, publisher.bytes_of(3, 1), ce_id="")
    publisher.raw(4, publisher.bytes_of(4, 1), ce_id="x" * 65)
    publisher.raw(5, None, ce_id="gone")
    until(lambda: handled(lab, 2), 60, "the other key")
    found = {letter.key: letter for letter in letters.wait_for(4)}
    assert set(found) == {b"1", b"3", b"4", b"5"}
    assert {letter.headers["dlq_cause"] for letter in found.values()} == {"malformed"}
    assert found[b"1"].value == b"\xff\xff\xff"
    assert found[b"5"].value is None
    assert found[b"3"].headers["dlq_id"].endswith(f"/0/{TOPIC}")
    assert handled(lab, 1) == []

    for letter in found.values():
        letters.put_back(letter, "discard")
    until(lambda: handled(lab, 1), 60, "the one behind it")
    until(lambda: parked(lab) == [], 60, "nothing is parked")


def versions(lab: Lab) -> dict[int, int]:
    rows = lab.sql("SELECT order_id, version FROM lab_version")
    return {int(row["order_id"]): int(row["version"]) for row in rows}


def test_nothing_waits_behind_a_parked_event_of_a_projection(
    lab: Lab, publisher: Publisher
) -> None:
    letters = Letters(lab, "lab.versions")
    lab.start("worker")
    lab.fault("project 1/2", code=INTERNAL)
    lab.fault("project 2/1", code=UNAVAILABLE)
    for version in (1, 2, 3):
        publisher.cancelled(1, version)
    publisher.cancelled(2, 1)
    until(lambda: versions(lab) == {1: 3}, 60, "the newest version")
    (letter,) = letters.wait_for(1)
    assert letter.headers["dlq_detail"] == "INTERNAL SOLD_OUT told to"
    waiting = "SELECT COUNT(*) FROM parked_event"
    until(lambda: lab.number(waiting) == 1, 60, "the dead one is forgotten, its letter stays")
    lab.heal()
    until(lambda: versions(lab) == {1: 3, 2: 1}, 60, "the other one")
    letters.put_back(letter, "redrive")
    known = f"SELECT COUNT(*) FROM inbox WHERE ce_id = '{letter.event_id}'"
    until(lambda: lab.number(known) == 2, 60, "both consumers know it")
    assert versions(lab) == {1: 3, 2: 1}
    until(lambda: len(handled(lab)) == 4, 60, "the other consumer has all of them, too")


def test_another_consumers_dead_letter_is_passed_over(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1, 1)
    (letter,) = letters.wait_for(1)
    foreign = {**letter.headers, "dlq_consumer": "search.documents", "ce_id": "9", "dlq_id": "9"}
    letters.put_back(DeadLetter(b"7", publisher.bytes_of(7, 1), foreign), "redrive")
    publisher.cancelled(2, 1)
    until(lambda: handled(lab, 2), 60, "an event of our own")
    until(lambda: dead(lab) == [1], 60, "the row says so")
    assert handled(lab, 7) == []


def test_a_redriven_letter_may_be_corrected(
    lab: Lab, publisher: Publisher, letters: Letters
) -> None:
    lab.start("worker")
    publisher.raw(1, b"\xff", ce_id="bad")
    (letter,) = letters.wait_for(1)  # the row may not say so yet
    letters.put_back(replace(letter, value=publisher.bytes_of(1, 9)), "redrive")
    until(lambda: handled(lab, 1) == [(1, 9)], 60, "the corrected event")


def test_the_partition_waits_where_nothing_can_be_parked(lab: Lab, publisher: Publisher) -> None:
    worker = lab.start("worker")
    publisher.cancelled(1, 1)
    until(lambda: handled(lab, 1), 60, "the worker handles")
    lab.sql("RENAME TABLE parked_event TO parked_event_away")
    lab.fault("handle 2", code=UNAVAILABLE)
    publisher.cancelled(2, 1)
    publisher.cancelled(3, 1)
    until(lambda: counted(worker, "failed") > 0, 60, "it fails")
    lab.sql("RENAME TABLE parked_event_away TO parked_event")
    lab.heal()
    until(lambda: len(handled(lab)) == 3, 60, "both")


def wait_for_handler(lab: Lab, order_id: int) -> None:
    """Until one is at work: it has written what it has not committed."""
    dirty = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;"
    written = f"{dirty} SELECT COUNT(*) FROM lab_handled WHERE order_id = {order_id}"
    until(lambda: lab.number(written), 60, "a handler")


def test_a_handler_that_is_killed_runs_again_as_if_it_never_had(
    lab: Lab, publisher: Publisher
) -> None:
    worker = lab.start("worker")
    lab.fault("handle 1", sleep_ms=60_000)
    publisher.cancelled(1, 1)
    publisher.cancelled(1, 2)
    wait_for_handler(lab, 1)
    worker.kill9()
    lab.heal()
    lab.forget_node_leases()
    worker.start()
    # Its dead self has to run out of the group first.
    until(lambda: len(handled(lab)) == 2, 60, "both events")
    assert handled(lab) == [(1, 1), (1, 2)]


def test_consumers_of_a_process_stop_side_by_side(lab: Lab, publisher: Publisher) -> None:
    """One whose handler takes its time does not keep the others from leaving."""
    worker = lab.start("worker")
    lab.fault("handle 1", sleep_ms=60_000)
    publisher.cancelled(1, 1)
    until(lambda: versions(lab) == {1: 1}, 60, "the other consumer has it")
    wait_for_handler(lab, 1)
    worker.terminate()
    lines = [json.loads(line) for line in worker.log_text().splitlines() if line.startswith("{")]
    left = [line["group"] for line in lines if line["message"] == "partitions revoked"]
    assert left[-2:] == ["lab.versions", "lab.events"]


def lag(worker: Service, group: str) -> float:
    """Of all partitions."""
    page = http.request(worker.ports["admin"], "/metrics").decode()
    pattern = rf'^souk_mq_lag_messages{{group="{group}".*}} (\S+)$'
    return sum(map(float, re.findall(pattern, page, re.MULTILINE)))


def test_metrics_tell_how_far_a_group_is_behind(lab: Lab, publisher: Publisher) -> None:
    worker = lab.start("worker")
    lab.fault("handle 1", sleep_ms=60_000)
    publisher.cancelled(1)
    for version in range(1, 6):
        publisher.cancelled(2, version, partition=1)
    # The others are done; the one that takes its time is behind, and its partition with it.
    until(lambda: len(handled(lab, 2)) == 5, 60, "the other partition")
    until(lambda: lag(worker, "lab.events") == 1, 60, "the lag", every_s=0.5)
    until(lambda: lag(worker, "lab.versions") == 0, 60, "the other group", every_s=0.5)
    page = http.request(worker.ports["admin"], "/metrics").decode()
    assert 'souk_mq_client_errors{client="lab.events",kind="rx"}' in page


def test_workers_share_the_partitions_and_handle_each_event_once(
    lab: Lab, publisher: Publisher
) -> None:
    lab.start("worker")
    for version in range(1, 41):
        publisher.cancelled(version % 4, version, partition=version % 4)
    second = lab.start("worker")  # takes some partitions over, under way
    for version in range(41, 121):
        publisher.cancelled(version % 4, version, partition=version % 4)
    until(lambda: len(handled(lab)) == 120, 60, "all events")
    second.terminate()
    publisher.cancelled(0, 121)
    until(lambda: len(handled(lab)) == 121, 60, "the last event")
    for order_id in range(4):
        versions = [version for _, version in handled(lab, order_id)]
        assert versions == sorted(set(versions))
