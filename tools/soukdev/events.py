"""Reads what services tell on Kafka, as a stranger would: with librdkafka's own Python client."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from soukdev import poll
from soukdev.contracts import Contracts


@dataclass(frozen=True)
class Event:
    """One CloudEvent; message is the value, parsed."""

    topic: str
    key: str
    type: str
    id: str
    source: str
    headers: dict[str, str]
    partition: int
    offset: int
    message: Any


class Events:
    """All events of some topics from their beginning."""

    def __init__(self, contracts: Contracts, brokers: str, topics: list[str]) -> None:
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        self._types = contracts.event_types()
        self._contracts = contracts
        self.seen: list[Event] = []
        settings = {
            "bootstrap.servers": brokers,
            "group.id": f"watch-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
        self._consumer = Consumer(settings)
        # Asks where topics end: the connection of one that reads waits for news half a second long.
        self._onlooker = Consumer(settings)
        # Partitions never change, so nothing is to be agreed with a group, which takes a second.
        known = self._consumer.list_topics(timeout=60).topics
        self._partitions = [
            TopicPartition(topic, partition, OFFSET_BEGINNING)
            for topic in topics
            for partition in known[topic].partitions
        ]
        self._consumer.assign(self._partitions)
        self._next: dict[tuple[str, int], int] = {}

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close()
        self._onlooker.close()

    def read(self, timeout_s: float = 0.2) -> list[Event]:
        """What has arrived since the last call."""
        fresh = []
        while (message := self._consumer.poll(timeout_s)) is not None:
            if message.error():
                continue
            event = self._parse(message)
            fresh.append(event)
            self._next[event.topic, event.partition] = event.offset + 1
            timeout_s = 0.02
        self.seen += fresh
        return fresh

    def catch_up(self, timeout_s: float = 20) -> list[Event]:
        """Everything that is there at this moment; what was read before is in front."""
        ends = {
            (one.topic, one.partition): self._onlooker.get_watermark_offsets(one, timeout=60)
            for one in self._partitions
        }

        def at_end() -> bool:
            self.read(0.02)
            return all(self._next.get(place, low) >= high for place, (low, high) in ends.items())

        poll.until(at_end, timeout_s, "the end of the topics")
        return self.seen

    def wait(self, wanted: Callable[[Event], bool], timeout_s: float = 20, what: str = "") -> Event:
        """The first event, seen already or to come, that is wanted."""

        def look() -> Event | None:
            found = next((event for event in self.seen if wanted(event)), None)
            return found or next((event for event in self.read() if wanted(event)), None)

        return poll.until(look, timeout_s, what or "an event")

    def _parse(self, message: Any) -> Event:
        headers = {name: value.decode() for name, value in message.headers() or []}
        kind = headers.get("ce_type", "")
        parsed = None
        if kind in self._types:
            parsed = self._contracts.message(self._types[kind]).FromString(message.value())
        return Event(
            topic=message.topic(),
            key=(message.key() or b"").decode(),
            type=kind,
            id=headers.get("ce_id", ""),
            source=headers.get("ce_source", ""),
            headers=headers,
            partition=message.partition(),
            offset=message.offset(),
            message=parsed,
        )
