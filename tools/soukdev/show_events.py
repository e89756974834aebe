"""Prints events as JSON lines, for people and jq."""

import json
import sys
from collections.abc import Sequence

from google.protobuf import json_format

from soukdev.contracts import Contracts
from soukdev.events import Event, Events


def as_json(event: Event) -> str:
    """One line: where it was, its headers, its message as the JSON API would show it."""
    message = None
    if event.message is not None:
        message = json_format.MessageToDict(event.message, preserving_proto_field_name=True)
    line = {
        "topic": event.topic,
        "partition": event.partition,
        "offset": event.offset,
        "key": event.key,
        "headers": event.headers,
        "message": message,
    }
    return json.dumps(line, ensure_ascii=False)


def show(contracts: Contracts, brokers: str, topics: Sequence[str], *, follow: bool) -> None:
    """What is on the topics, all of them where none is named; with follow, what comes too."""
    with Events(contracts, brokers, list(topics or contracts.topics())) as events:
        _print(events.catch_up())
        while follow:
            _print(events.read(1))


def _print(events: list[Event]) -> None:
    # Partitions come one after the other; time is what people want.
    for event in sorted(events, key=lambda event: event.headers.get("ce_time", "")):
        print(as_json(event))
    sys.stdout.flush()
