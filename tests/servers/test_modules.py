"""Runs the programs of tests/servers/*_test.c against real servers.

The program's name begins with its module's, and that says which servers it needs.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from soukdev import paths
from soukdev.kafka import Kafka
from soukdev.mariadb import MariaDB
from soukdev.opensearch import OpenSearch
from soukdev.poll import until
from soukdev.redis import Redis
from soukdev.server import Server
from tls_kit import Ca, KafkaWithTls, RedisWithTls, Stunnel

MODE = os.environ.get("MODE", "debug")
PROGRAMS = sorted(source.stem for source in Path(__file__).parent.glob("*_test.c"))

Environment = dict[str, str]


class Restarts:
    """Kills a server and starts it again when a program asks for it, by running a command.

    The program's own child could not: a server dies with the process that started it.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._asked = server.folder / "restart.asked"
        self._done = server.folder / "restart.done"

    @property
    def command(self) -> str:
        """Ends when the server is back."""
        return f"touch {self._asked}; until rm {self._done} 2>/dev/null; do sleep 0.05; done"

    def serve(self) -> None:
        if self._asked.exists():
            self._asked.unlink()
            self.server.kill9()
            self.server.start()
            self._done.touch()


@pytest.fixture(scope="session")
def kafka_restarts(kafka: Kafka) -> Restarts:
    return Restarts(kafka)


def _of_mariadb(request: pytest.FixtureRequest, program: str) -> Environment:
    """A schema for each program: they may run side by side."""
    server: MariaDB = request.getfixturevalue("mariadb")
    schema = server.create_schema(program)
    return {
        "SOUK_TEST_DB_HOST": schema.host,
        "SOUK_TEST_DB_PORT": str(schema.port),
        "SOUK_TEST_DB_NAME": schema.database,
        "SOUK_TEST_DB_USER": schema.user,
        "SOUK_TEST_DB_PASSWORD": schema.password_file.read_text(),
    }


def _of_mariadb_with_tls(request: pytest.FixtureRequest, program: str) -> Environment:
    ca: Ca = request.getfixturevalue("ca")
    folder: Path = request.getfixturevalue("folder")
    return {
        **_of_mariadb(request, program),
        "SOUK_TEST_DB_CA": str(ca.certificate),
        "SOUK_TEST_DB_OTHER_CA": str(Ca(folder / "other-ca").certificate),
    }


def _of_kafka(request: pytest.FixtureRequest, _program: str) -> Environment:
    restarts: Restarts = request.getfixturevalue("kafka_restarts")
    return {
        "SOUK_TEST_KAFKA": restarts.server.address,
        "SOUK_TEST_KAFKA_RESTART": restarts.command,
    }


def _of_kafka_with_tls(request: pytest.FixtureRequest, program: str) -> Environment:
    ca: Ca = request.getfixturevalue("ca")
    folder: Path = request.getfixturevalue("folder")
    kafka: KafkaWithTls = request.getfixturevalue("kafka")
    ours = ca.issue("kafka-client", "127.0.0.1")
    return {
        **_of_kafka(request, program),
        "SOUK_TEST_KAFKA_TLS": kafka.tls_address,
        "SOUK_TEST_KAFKA_CA": str(ca.certificate),
        "SOUK_TEST_KAFKA_OTHER_CA": str(Ca(folder / "other-kafka-ca").certificate),
        "SOUK_TEST_KAFKA_CERT": str(ours.certificate),
        "SOUK_TEST_KAFKA_KEY": str(ours.key),
    }


def _of_redis(request: pytest.FixtureRequest, _program: str) -> Environment:
    server: Redis = request.getfixturevalue("redis")
    return {"SOUK_TEST_REDIS": server.address}


def _of_search(request: pytest.FixtureRequest, _program: str) -> Environment:
    server: OpenSearch = request.getfixturevalue("search")
    return {"SOUK_TEST_SEARCH_URL": server.url}


ENVIRONMENTS: dict[str, Callable[[pytest.FixtureRequest, str], Environment]] = {
    "cache": _of_redis,
    "db_tls": _of_mariadb_with_tls,
    "db": _of_mariadb,
    "http": _of_search,
    "migrate": _of_mariadb,
    "mq_tls": _of_kafka_with_tls,
    "mq": _of_kafka,
    "patterns": _of_mariadb,
}


@pytest.fixture
def environment(request: pytest.FixtureRequest, program: str) -> Environment:
    """The addresses that the program asks for."""
    for beginning, environment_of in ENVIRONMENTS.items():
        if program.startswith(f"{beginning}_"):
            return environment_of(request, program)
    pytest.fail(f"which servers does {program} need? ENVIRONMENTS does not say")


@pytest.fixture
def meanwhile(request: pytest.FixtureRequest, environment: Environment) -> Callable[[], None]:
    """What has to be done for a program while it runs."""
    if "SOUK_TEST_KAFKA_RESTART" not in environment:
        return lambda: None
    restarts: Restarts = request.getfixturevalue("kafka_restarts")
    return restarts.serve


@pytest.mark.timeout(900)
@pytest.mark.parametrize("program", PROGRAMS)
def test_module(
    program: str, environment: Environment, meanwhile: Callable[[], None], folder: Path
) -> None:
    run(program, environment, folder / f"{program}.out", meanwhile)


def test_the_cache_through_the_tunnel_of_its_manual(
    redis: RedisWithTls, ca: Ca, folder: Path
) -> None:
    with Stunnel(folder / "stunnel", redis, ca.certificate) as tunnel:
        assert pinged(tunnel) == b"+PONG\r\n"
        run("cache_test", {"SOUK_TEST_REDIS": tunnel.address}, folder / "cache_tls_test.out")


def pinged(tunnel: Stunnel) -> bytes:
    """Its answer, empty where it hangs up, be it before we have seen that we are connected."""
    try:
        with socket.create_connection(("127.0.0.1", tunnel.port), timeout=60) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(100)
    except (ConnectionResetError, BrokenPipeError):
        return b""


def test_the_tunnel_gives_nothing_to_a_redis_of_another_ca(
    redis: RedisWithTls, folder: Path
) -> None:
    other = Ca(folder / "other-redis-ca").certificate
    with Stunnel(folder / "other-stunnel", redis, other) as tunnel:
        assert pinged(tunnel) == b""
        until(lambda: "certificate verify failed" in tunnel.log_text(), 60, "its reason")


def run(
    program: str,
    environment: Environment,
    output: Path,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """A test program to its end, which is to be a good one."""
    binary = paths.BUILD / MODE / "tests" / "servers" / program
    if not binary.exists():
        pytest.fail(f"{binary} is not there: make MODE={MODE} {binary.relative_to(paths.ROOT)}")
    with (
        output.open("w") as to,
        subprocess.Popen(
            [binary],
            env={**os.environ, **environment},
            stdout=to,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            while process.poll() is None:
                meanwhile()
                time.sleep(0.05)
        finally:
            process.kill()
    assert process.returncode == 0, output.read_text(errors="replace")
