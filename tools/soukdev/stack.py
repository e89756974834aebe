"""All servers of one stack, started side by side."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from soukdev import names, paths
from soukdev.contracts import Contracts
from soukdev.envoy import Envoy
from soukdev.gateway.tracing import Collector
from soukdev.kafka import Kafka
from soukdev.keys import Keys
from soukdev.mariadb import Credentials, MariaDB
from soukdev.opensearch import OpenSearch
from soukdev.payments import PaymentSandbox
from soukdev.redis import Redis
from soukdev.server import Server
from soukdev.service import Service
from soukdev.service_env import Surroundings, environment

_PARTITIONS = 4
_ALL = 10_000


@dataclass(frozen=True)
class Line:
    """One server's state, for people."""

    name: str
    state: str  # ready, busy (alive, does not answer) or down
    pid: int
    ports: Mapping[str, int]
    rss_kb: int


class Stack:
    """MariaDB, Redis, Kafka, OpenSearch, our services, the gateway and whom customers pay.

    services: contexts to run ("inventory", ...); with none, no gateway either. The payment sandbox
    runs where order does.
    settings: more environment for each of them, over what service_env says.
    caller_limits: False lets each caller call as often as he likes, for tests in which one token
    stands for many callers.
    collector: who takes spans by OTLP over HTTP, of all traces; None: nobody.
    dies_with_us: as for a Server; tests say True, a developer's stack False.

    Several stacks in different folders do not know of each other.
    """

    def __init__(
        self,
        folder: Path,
        services: Sequence[str] = (),
        *,
        mode: str = "debug",
        settings: Mapping[str, Mapping[str, str]] | None = None,
        caller_limits: bool = True,
        descriptor_set: Path = paths.DESCRIPTOR_SET,
        collector: Collector | None = None,
        dies_with_us: bool = True,
    ) -> None:
        self.folder = folder.absolute()
        self.mode = mode
        self.settings = settings or {}
        self.caller_limits = caller_limits
        self.descriptor_set = descriptor_set
        self.collector = collector
        self._dies_with_us = dies_with_us
        self.keys = Keys(self.folder / "keys")
        self.mariadb = MariaDB(self.folder / "mariadb", dies_with_us=dies_with_us)
        self.redis = Redis(self.folder / "redis", dies_with_us=dies_with_us)
        self.kafka = Kafka(self.folder / "kafka", dies_with_us=dies_with_us)
        self.opensearch = OpenSearch(self.folder / "opensearch", dies_with_us=dies_with_us)
        self.services = {context: self._service(context) for context in services}
        self.gateway = self._gateway() if services else None
        self.payments = self._payments() if "order" in services else None

    def up(self) -> Self:
        """Starts what does not run yet, or not as it is to; returns when all of it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            _at_once(
                self.keys.make,
                self.mariadb.start,
                self.redis.start,
                self.opensearch.start,
                self._start_kafka,
            )
            self._configure_services()
            _at_once(*[service.start_anew for service in self.services.values()])
            # Not by this thread, which Ctrl-C would stop between a start and its pid file.
            _at_once(self._start_gateway)
            _at_once(self._start_payments)
            self._write_state()
        return self

    def down(self) -> None:
        """Stops everything that runs in this folder; data stays.

        One that does not stop keeps none of the others up; the error comes when all were tried.
        """
        with self._alone(), ExitStack() as stages:  # the last one first
            stages.callback(_at_once, *[server.stop for server in self._data_servers()])
            stages.callback(_at_once, *[service.stop for service in self.services.values()])
            stages.callback(_at_once, *[server.stop for server in self._edge()])

    def destroy(self) -> None:
        """Pulls every plug and removes the folder: the quick end of a throw-away stack."""
        with ExitStack() as plugs:
            plugs.callback(shutil.rmtree, self.folder, ignore_errors=True)
            for server in reversed(self.servers()):
                plugs.callback(server.stop)
                plugs.callback(server.kill9)

    def status(self) -> list[Line]:
        """How each server is."""
        return [
            Line(server.name, _state(server), server.pid, server.ports, server.rss_kb())
            for server in self.servers()
        ]

    def servers(self) -> list[Server]:
        """All of them, those that depend on others first."""
        return [*self._edge(), *self.services.values(), *self._data_servers()]

    def credentials(self, context: str) -> Credentials:
        """A service's schema and user, made when they are missing."""
        return self.mariadb.create_schema(names.schema(context))

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    def _edge(self) -> list[Server]:
        return [server for server in (self.payments, self.gateway) if server]

    def _data_servers(self) -> list[Server]:
        return [self.mariadb, self.redis, self.kafka, self.opensearch]

    def _service(self, context: str) -> Service:
        return Service(
            self.folder / names.folder(context),
            binary=names.binary(context, self.mode),
            dies_with_us=self._dies_with_us,
        )

    def _gateway(self) -> Envoy:
        return Envoy(
            self.folder / "envoy",
            services={},
            jwks_file=self.keys.jwks_file,
            descriptor_set=self.descriptor_set,
            collector=self.collector,
            trace_per_10000=_ALL,
            dies_with_us=self._dies_with_us,
        )

    def _payments(self) -> PaymentSandbox:
        return PaymentSandbox(
            self.folder / "payment-sandbox",
            secret_file=self.keys.payment_secret_file,
            dies_with_us=self._dies_with_us,
        )

    def _start_kafka(self) -> None:
        self.kafka.start()
        if self.descriptor_set.exists():
            topics = Contracts(self.descriptor_set).topics()
            self.kafka.create_topics(
                dict.fromkeys(topics, _PARTITIONS) | {f"{topic}.dlq": 1 for topic in topics}
            )

    def _configure_services(self) -> None:
        for server in (*self.services.values(), *([self.payments] if self.payments else [])):
            server.choose_ports()
        around = Surroundings(
            redis=self.redis.address,
            kafka=self.kafka.address,
            search_url=self.opensearch.url,
            keys=self.keys,
            services={context: service.address for context, service in self.services.items()},
            payment_url=self.payments.url if self.payments else "",
            trace_url="http://{}:{}/v1/traces".format(*self.collector) if self.collector else "",
            caller_limits=self.caller_limits,
        )
        for context, service in self.services.items():
            told = environment(context, around, self.credentials(context))
            service.settings = {**told, **self.settings.get(context, {})}

    def _start_gateway(self) -> None:
        if not self.gateway:
            return
        self.gateway.services = {
            context: [("127.0.0.1", service.port)] for context, service in self.services.items()
        }
        self.gateway.start_anew()

    def _start_payments(self) -> None:
        if not self.payments or not self.gateway:
            return
        self.payments.gateway_port = self.gateway.port
        self.payments.start_anew()

    def _write_state(self) -> None:
        state: dict[str, Any] = {
            "mode": self.mode,
            "services": list(self.services),
            "servers": {
                server.name: {
                    "pid": server.pid,
                    "ports": server.ports,
                    "folder": str(server.folder),
                    "log": str(server.log),
                }
                for server in self.servers()
            },
        }
        new = self.folder / "stack.json.new"
        new.write_text(json.dumps(state, indent=2))
        new.replace(self.folder / "stack.json")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def services_of(folder: Path) -> list[str]:
    """Which services ever ran in a stack, whoever started it."""
    return [context for context in names.CONTEXTS if (folder / names.folder(context)).exists()]


def _state(server: Server) -> str:
    if not server.alive():
        return "down"
    return "ready" if server.ready() else "busy"


def _at_once(*actions: Callable[[], Any]) -> None:
    # Every action runs to its end, so that what did start can be stopped; then the first error.
    if not actions:
        return
    with ThreadPoolExecutor(len(actions)) as pool:
        _all_done(pool.submit(action) for action in actions)


def _all_done(futures: Iterable[Any]) -> None:
    for future in list(futures):
        future.result()
