"""Kafka: one KRaft node, broker and controller in one process."""

import secrets
import socket
import struct
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from soukdev import paths
from soukdev.jvm import Jvm
from soukdev.server import Server

# One node has nobody to replicate to, internal topics need few partitions, groups form at once,
# and the log cleaner would take 128 MiB of the heap by default.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{main},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{main}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}

auto.create.topics.enable=false
num.partitions=4
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0

num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
background.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.io.buffer.size=131072
log.segment.bytes=134217728
log.index.size.max.bytes=1048576

# A killed broker comes back only when its old session has run out.
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
"""

_JAVA = (
    "-XX:MaxMetaspaceSize=128m",
    "-XX:ReservedCodeCacheSize=64m",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
)


class Kafka(Server):
    """One broker. Topics are made by create_topics() only: a producer's typing error makes none."""

    PORTS: ClassVar[tuple[str, ...]] = ("main", "controller")

    def __init__(self, folder: Path, *, dies_with_us: bool = True, jvm: Jvm | None = None) -> None:
        super().__init__(folder, dies_with_us=dies_with_us)
        self.jvm = jvm or Jvm(paths.installed("kafka"), heap_mb=192)

    def prepare(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            _format(data)
        self._properties.write_text(_PROPERTIES.format(data=data, **self.ports))

    def argv(self) -> list[str]:
        file = self.folder / "java.options"
        return self.jvm.argv(file, _JAVA, "kafka.Kafka", str(self._properties))

    def ready(self) -> bool:
        return _brokers(self.port) > 0

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Makes the topics that are missing; existing ones stay as they are."""
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic

        with AdminClient({"bootstrap.servers": self.address, "log_level": 3}) as admin:
            missing = set(partitions) - set(admin.list_topics(timeout=60).topics)
            wanted = [NewTopic(name, partitions[name], 1) for name in sorted(missing)]
            # It refuses an empty list.
            made = admin.create_topics(wanted, operation_timeout=60) if wanted else {}
            for answer in made.values():
                answer.result()

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"


def _format(data: Path) -> None:
    # What kafka-storage.sh format writes, less half a second of Java. Without a bootstrap file
    # the node takes the newest metadata version of its release.
    new = data.with_suffix(".new")
    new.mkdir(exist_ok=True)
    (new / "meta.properties").write_text(
        f"version=1\ncluster.id={_uuid()}\nnode.id=1\ndirectory.id={_uuid()}\n"
    )
    new.rename(data)


def _uuid() -> str:
    return urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "a")


def _brokers(port: int) -> int:
    """How many brokers a metadata request names: one that registered and may serve, or none.

    An open port says too little, it is open a while before the controller lets the broker serve.
    """
    client = b"souk"
    # Metadata is request 3; version 1 asks for an empty list of topics.
    body = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as answer:
                head = answer.read(12)
    except OSError:
        return 0
    return int(struct.unpack(">iii", head)[2]) if len(head) == 12 else 0
