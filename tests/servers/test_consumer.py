"""Consumers: what comes twice is handled once, what fails comes again, and nobody waits for it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from lab_kit import Lab
from soukdev import paths
from soukdev.contracts import Contracts
from soukdev.poll import until

TOPIC = "order.order"
UNAVAILABLE, FAILED_PRECONDITION = 14, 9


class Publisher:
    """Puts events on the topic as a relay would."""

    def __init__(self, lab: Lab) -> None:
        from confluent_kafka import Producer

        contracts = Contracts(paths.DESCRIPTOR_SET)
        self._message = contracts.message("souk.order.v1.OrderCancelled")
        self._producer = Producer({"bootstrap.servers": lab.kafka.address})
        # The topic is shared by all tests, the ids must not be.
        self._ids = f"{time.time_ns()}"
        self._count = 0

    def cancelled(
        self, order_id: int, version: int = 1, *, event_id: str = "", partition: int = 0
    ) -> str:
        self._count += 1
        event_id = event_id or f"{self._ids}-{self._count}"
        value: Any = self._message(order_id=order_id, version=version)
        self._producer.produce(
            TOPIC,
            value=value.SerializeToString(),
            key=str(order_id),
            partition=partition,
            headers={
                "ce_specversion": "1.0",
                "ce_id": event_id,
                "ce_type": "order.cancelled",
                "ce_source": "souk/order",
            },
        )
        self._producer.flush()
        return event_id


@pytest.fixture
def publisher(lab: Lab) -> Iterator[Publisher]:
    """The group starts at the topic's end, so that a test sees its own events alone."""
    lab.kafka.create_topics({TOPIC: 4})
    skip_to_end(lab)
    yield Publisher(lab)


def skip_to_end(lab: Lab) -> None:
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": lab.kafka.address, "group.id": "lab.events"})
    # Fails while a new topic has no leader, and while members of a test before are still known.
    until(lambda: _skips(consumer), 30, "the group is free")
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


def test_an_event_that_comes_again_is_handled_once(lab: Lab, publisher: Publisher) -> None:
    lab.start("worker")
    first = publisher.cancelled(1)
    for _ in range(3):
        publisher.cancelled(1, event_id=first)
    publisher.cancelled(1, 2)
    until(lambda: handled(lab)[-1:] == [(1, 2)], 20, "the last event")
    assert handled(lab) == [(1, 1), (1, 2)]


def test_what_fails_comes_again_while_other_partitions_flow(lab: Lab, publisher: Publisher) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=UNAVAILABLE)
    publisher.cancelled(1, 1, partition=0)
    publisher.cancelled(2, 1, partition=0)  # behind it
    for version in range(1, 21):
        publisher.cancelled(3, version, partition=1)
    until(lambda: len(handled(lab, 3)) == 20, 20, "the other partition")
    assert handled(lab, 1, 2) == []  # nothing of a failed try stays
    lab.heal()
    until(lambda: len(handled(lab, 1, 2)) == 2, 20, "the failed one and the one behind it")
    assert handled(lab, 1, 2) == [(1, 1), (2, 1)]
    assert handled(lab, 3) == [(3, version) for version in range(1, 21)]


def test_a_refusal_is_no_reason_to_drop_an_event(lab: Lab, publisher: Publisher) -> None:
    lab.start("worker")
    lab.fault("handle 1", code=FAILED_PRECONDITION)
    publisher.cancelled(1)
    publisher.cancelled(2, partition=1)
    until(lambda: handled(lab, 2), 20, "the other partition")
    lab.heal()
    until(lambda: handled(lab, 1), 20, "the refused one")


def test_a_handler_that_is_killed_runs_again_as_if_it_never_had(
    lab: Lab, publisher: Publisher
) -> None:
    worker = lab.start("worker")
    lab.fault("handle 1", sleep_ms=60_000)
    publisher.cancelled(1, 1)
    publisher.cancelled(1, 2)
    # InnoDB counts anew only when nobody has asked for 0.1 s.
    until(
        lambda: lab.number("SELECT COUNT(*) FROM information_schema.INNODB_TRX"),
        20,
        "a handler",
        every_s=0.3,
    )
    worker.kill9()
    lab.heal()
    lab.forget_node_leases()
    worker.start()
    # Its dead self has to run out of the group first.
    until(lambda: len(handled(lab)) == 2, 40, "both events")
    assert handled(lab) == [(1, 1), (1, 2)]


def test_workers_share_the_partitions_and_handle_each_event_once(
    lab: Lab, publisher: Publisher
) -> None:
    lab.start("worker")
    for version in range(1, 41):
        publisher.cancelled(version % 4, version, partition=version % 4)
    second = lab.start("worker")  # takes some partitions over, under way
    for version in range(41, 121):
        publisher.cancelled(version % 4, version, partition=version % 4)
    until(lambda: len(handled(lab)) == 120, 40, "all events")
    second.terminate()
    publisher.cancelled(0, 121)
    until(lambda: len(handled(lab)) == 121, 40, "the last event")
    for order_id in range(4):
        versions = [version for _, version in handled(lab, order_id)]
        assert versions == sorted(set(versions))
