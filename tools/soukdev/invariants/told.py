"""Outbox and Kafka: what was committed is told, nothing else, in the order in which it happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from soukdev.contracts import Contracts
from soukdev.events import Event, Events
from soukdev.invariants.rules import Rows
from soukdev.stack import Stack

_OUTBOX = "souk_{}.outbox"
# Rows of outboxes are forgotten after three days (libcommon/patterns/housekeeping.h), events later.
# Work to be done: a watchdog may say again what it said. Everything else are facts.
_QUEUES = {"listing.audit.pending", "listing.publish.ready"}
_COMPARED = timedelta(days=2)


class Telling:
    """Compares the outboxes of a stack with its topics; reads on from where it was."""

    def __init__(self, stack: Stack, rows: Rows) -> None:
        self._rows = rows
        contracts = Contracts(stack.descriptor_set)
        self._events = Events(contracts, stack.kafka.address, contracts.topics())

    def close(self) -> None:
        self._events.close()

    def untold(self) -> list[dict[str, Any]]:
        """Rows of outboxes that are on no topic."""
        told = {event.id for event in self._events.catch_up()}
        return [row for row in self._outboxes() if str(row["event_id"]) not in told]

    def disorder(self) -> list[dict[str, Any]]:
        """First occurrences of a key that are not in the order of the outbox, or in none.

        And those that are not newer than the one before: projections would drop them.
        """
        committed = {str(row["event_id"]): row for row in self._outboxes()}
        last: dict[tuple[str, str], int] = {}
        newest: dict[tuple[str, str], int] = {}
        found: list[dict[str, Any]] = []
        for event in _first_occurrences(self._events.catch_up()):
            row = committed.get(event.id)
            if not row and _is_old(event):
                continue
            told = {"told": event.id, "type": event.type}
            if not row or (row["topic"], str(row["aggregate_id"])) != (event.topic, event.key):
                found.append({**told, "committed": row})
                continue
            key = (event.topic, event.key)
            if row["seq"] < last.get(key, 0):
                found.append({**told, "after": last[key], **row})
            last[key] = row["seq"]
            version = event.message.version
            if event.topic not in _QUEUES and version <= newest.get(key, 0):
                found.append({**told, "version": version, "after version": newest[key]})
            newest[key] = version
        return found

    def _outboxes(self) -> list[dict[str, Any]]:
        tables = self._rows(
            "SELECT table_schema AS name FROM information_schema.tables"
            " WHERE table_name = 'outbox' AND table_schema LIKE 'souk\\\\_%'"
        )
        columns = "seq, event_id, CAST(topic AS CHAR) AS topic, aggregate_id"
        return [
            row
            for table in tables
            for row in self._rows(f"SELECT {columns} FROM {table['name']}.outbox ORDER BY seq")
        ]


def _is_old(event: Event) -> bool:
    told = datetime.fromisoformat(event.headers["ce_time"])
    return datetime.now(UTC) - told > _COMPARED


def _first_occurrences(events: list[Event]) -> list[Event]:
    in_order = sorted(events, key=lambda event: (event.topic, event.partition, event.offset))
    return list({event.id: event for event in reversed(in_order)}.values())[::-1]
