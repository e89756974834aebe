"""The lab: processes of tests/servers/lab/lab.c, and what stands in their tables and topics."""

import itertools
import json
import os
import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from soukdev import http, paths
from soukdev.kafka import Kafka
from soukdev.keys import Keys
from soukdev.mariadb import MariaDB
from soukdev.poll import until
from soukdev.server import Server
from soukdev.service import Service

MODE = os.environ.get("MODE", "debug")
BINARY = paths.BUILD / MODE / "tests" / "servers" / "lab" / "lab"
TABLES = Path(__file__).parent / "lab" / "tables.sql"
PARTITIONS = 4
# Rows of sagas are taken over from a process that was silent for so long.
SAGA_LEASE_MS = 500

_numbers = itertools.count(1)


class Lab:
    """Processes that share a schema, started and killed by the test."""

    def __init__(self, folder: Path, name: str, mariadb: MariaDB, kafka: Kafka, keys: Keys) -> None:
        self.folder = folder
        self.mariadb = mariadb
        self.kafka = kafka
        self.topic = f"lab.{name}"
        self.keys = keys
        # Of "lab.daily": so far away that no test sees it come by itself.
        self.daily_hour = (datetime.now(UTC).hour + 12) % 24
        self._credentials = mariadb.create_schema(f"lab_{next(_numbers)}")
        self._started: list[Service] = []
        self._event_ids = itertools.count(1)
        self.sql(TABLES.read_text())
        kafka.create_topics({self.topic: PARTITIONS})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._started:
            process.kill9()
            process.stop()

    def start(self, roles: str, **settings: str) -> Service:
        """One more process; returns when it is ready."""
        process = Service(
            self.folder / f"lab-{len(self._started) + 1}",
            binary=BINARY,
            environment={
                "SOUK_ROLES": roles,
                "SOUK_DB_HOST": self._credentials.host,
                "SOUK_DB_PORT": str(self._credentials.port),
                "SOUK_DB_NAME": self._credentials.database,
                "SOUK_DB_USER": self._credentials.user,
                "SOUK_DB_PASSWORD_FILE": str(self._credentials.password_file),
                "SOUK_KAFKA_BROKERS": self.kafka.address,
                "SOUK_KEYS_FILE": str(self.keys.keys_file),
                "SOUK_LEASE_MS": str(SAGA_LEASE_MS),
                "SOUK_RPC_CALLER_PER_S": "0",
                "LAB_DAILY_HOUR": str(self.daily_hour),
                **settings,
            },
        )
        self._started.append(process)
        return process.start()

    def sql(self, text: str) -> list[dict[str, Any]]:
        return self.mariadb.sql(text, self._credentials.database)

    def number(self, text: str) -> int:
        """The only value of a query's only row."""
        (row,) = self.sql(text)
        (value,) = row.values()
        return int(value)

    def wait_for_silence(self) -> None:
        """Until the database has done what killed processes had asked of it."""
        user = self._credentials.user
        of_them = f"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '{user}'"
        until(lambda: self.number(of_them) == 0, 60, "the end of their connections")

    def connect(self) -> Any:
        """A connection of the test's own, with transactions."""
        return self.mariadb.connect(self._credentials, autocommit=False)

    def fault(self, name: str, *, code: int = 0, sleep_ms: int = 0, is_deaf: bool = False) -> None:
        self.sql(f"INSERT INTO lab_fault VALUES ('{name}', {code}, {sleep_ms}, {is_deaf:d})")

    def heal(self) -> None:
        self.sql("DELETE FROM lab_fault")

    def event_id(self) -> int:
        return next(self._event_ids)

    def add_event(
        self, cursor: Any, aggregate_id: int, payload: bytes, topic: str | None = None
    ) -> None:
        """As outbox.c adds one, in the cursor's transaction."""
        cursor.execute(
            "INSERT INTO outbox (day, event_id, type, topic, aggregate_id, traceparent, payload)"
            " VALUES (UTC_DATE(), %s, 'lab.changed', %s, %s, '', %s)",
            (self.event_id(), topic or self.topic, aggregate_id, payload),
        )

    def tell(self, aggregate_id: int, *payloads: bytes, topic: str | None = None) -> None:
        """Adds events, each in a transaction of its own."""
        with self.connect() as connection, connection.cursor() as cursor:
            for payload in payloads:
                self.add_event(cursor, aggregate_id, payload, topic)
                connection.commit()

    def make_due(self, job: str) -> None:
        """Runs a job of cron once more; not the run that is under way."""
        row = f"FROM cron_job WHERE name = '{job}' AND holder = ''"
        until(lambda: self.number(f"SELECT COUNT(*) {row}"), 60, f"{job} at rest")
        self.sql(f"UPDATE cron_job SET next_at = UTC_TIMESTAMP(6) WHERE name = '{job}'")

    def forget_relay_lease(self) -> None:
        """As if the time had passed in which a dead process keeps it."""
        self.sql("UPDATE lease SET until_at = '2000-01-01' WHERE name = 'outbox-relay'")

    def forget_node_leases(self) -> None:
        """The same for the numbers of ids, which are not what these tests are about."""
        self.sql("UPDATE node_lease SET until_at = '2000-01-01', high_water_ms = 0")


def metric(process: Service, name: str) -> float:
    """The value of a metric without labels."""
    page = http.request(process.ports["admin"], "/metrics").decode()
    found = re.search(rf"^{name} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """It does not run, and does not know."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@contextmanager
def collected() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where spans may be sent to, and those that came, in their order."""
    spans: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            spans.extend(body["resourceSpans"][0]["scopeSpans"][0]["spans"])
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Watcher:
    """Every message of a topic, from its beginning."""

    def __init__(self, brokers: str, topic: str) -> None:
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        self.seen: list[tuple[int, bytes]] = []
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"watch-{topic}"})
        self._consumer.assign(
            [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)]
        )

    def close(self) -> None:
        self._consumer.close()

    def read(self) -> list[tuple[int, bytes]]:
        """(key, value) of all messages so far; those of a key are in their order."""
        for message in self._consumer.consume(1000, timeout=0.05):
            assert not message.error(), message.error()
            key, value = message.key(), message.value()
            assert key is not None and value is not None
            self.seen.append((int(key), value))
        return self.seen

    def values_of(self, key: int) -> list[bytes]:
        return [value for seen_key, value in self.read() if seen_key == key]

    def wait_for(self, values: Sequence[bytes], timeout_s: float = 60) -> None:
        """Until each of these has been seen."""
        missing = set(values)

        def arrived() -> bool:
            missing.difference_update(value for _, value in self.read())
            return not missing

        try:
            until(arrived, timeout_s, "events")
        except TimeoutError:
            raise AssertionError(f"{len(missing)} never came: {sorted(missing)[:10]}") from None
