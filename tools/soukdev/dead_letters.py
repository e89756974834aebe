"""Dead letters: events that a consumer gave up (libcommon/patterns/dead_letter.h)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_READ_S = 60


@dataclass(frozen=True)
class DeadLetter:
    """An event in `<topic>.dlq`. Headers are those that it came with, and dlq_... beside them."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, str]

    @property
    def topic(self) -> str:
        """Where it came from."""
        return self.headers["dlq_topic"]

    @property
    def consumer(self) -> str:
        return self.headers["dlq_consumer"]

    @property
    def event_id(self) -> str:
        """Its ce_id, or what stands for one."""
        return self.headers["dlq_id"]


class DeadLetters:
    """The dead letters of a Kafka."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers

    def of(self, topic: str) -> Iterator[DeadLetter]:
        """All that lie there now, oldest first."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        consumer: Any = Consumer(
            {
                "bootstrap.servers": self._brokers,
                "group.id": "souk-dead-letters",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        # One partition: they have one order.
        consumer.assign([TopicPartition(f"{topic}.dlq", 0, OFFSET_BEGINNING)])
        try:
            while (message := _next(consumer)) is not None:  # one without a value is false
                yield DeadLetter(message.key(), message.value(), _headers(message))
        finally:
            consumer.close()

    def put_back(self, letter: DeadLetter, order: str) -> None:
        """On its topic, to be tried again ("redrive") or to be done with ("discard").

        Twice is as good as once: what the consumer has handled meanwhile is in its inbox.
        """
        from confluent_kafka import Producer

        producer: Any = Producer(
            {"bootstrap.servers": self._brokers, "partitioner": "murmur2_random"}
        )
        producer.produce(
            letter.topic,
            key=letter.key,
            value=letter.value,
            headers={**letter.headers, "dlq_order": order},
        )
        if producer.flush(_READ_S):
            raise TimeoutError(f"Kafka took no event for {letter.topic}")


def _next(consumer: Any) -> Any:
    """None at the end."""
    from confluent_kafka import KafkaError, KafkaException

    message = consumer.poll(_READ_S)
    if message is None:
        raise TimeoutError("Kafka gave no dead letters")
    if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
        return None
    if message.error():
        raise KafkaException(message.error())
    return message


def _headers(message: Any) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in message.headers() or []}
