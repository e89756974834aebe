"""Real servers, each started when the first test asks for it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_kit import Lab
from rpc_kit import RpcLab, StartLab
from soukdev import paths
from soukdev.contracts import Contracts
from soukdev.grpc_client import GrpcClient
from soukdev.kafka import Kafka
from soukdev.keys import Keys
from soukdev.mariadb import MariaDB
from soukdev.opensearch import OpenSearch
from soukdev.redis import Redis
from soukdev.run_folder import run_folder
from tls_kit import Ca, KafkaWithTls, RedisWithTls


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Of this run; stays when a test failed."""
    folder = run_folder("servers")
    yield folder
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def ca(folder: Path) -> Ca:
    """Vouches for the servers."""
    return Ca(folder / "ca")


@pytest.fixture(scope="session")
def mariadb(folder: Path, ca: Ca) -> Iterator[MariaDB]:
    """For who asks for it, with TLS."""
    issued = ca.issue("mariadb", "127.0.0.1")
    tls = (issued.certificate.read_text(), issued.key.read_text())
    with MariaDB(folder / "mariadb", tls=tls) as server:
        yield server


@pytest.fixture(scope="session")
def kafka(folder: Path, ca: Ca) -> Iterator[Kafka]:
    """For who comes to its second port, with TLS, and only with a certificate of its own."""
    with KafkaWithTls(folder / "kafka", ca) as server:
        yield server


@pytest.fixture(scope="session")
def redis(folder: Path, ca: Ca) -> Iterator[Redis]:
    """For who comes to its second port, with TLS."""
    with RedisWithTls(folder / "redis", ca) as server:
        yield server


@pytest.fixture(scope="session")
def search(folder: Path) -> Iterator[OpenSearch]:
    with OpenSearch(folder / "search") as server:
        yield server


@pytest.fixture(scope="session")
def keys(folder: Path) -> Keys:
    return Keys(folder / "keys").make()


@pytest.fixture
def lab(
    request: pytest.FixtureRequest, folder: Path, mariadb: MariaDB, kafka: Kafka, keys: Keys
) -> Iterator[Lab]:
    """Processes of the lab over tables and a topic of this test."""
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    with Lab(folder / name, name, mariadb, kafka, keys) as lab:
        yield lab


@pytest.fixture(scope="session")
def rpc_contracts() -> Contracts:
    return Contracts(paths.BUILD / "gen" / "lab.pb")


@pytest.fixture(params=["nested", "thread"])
def start(
    folder: Path, rpc_contracts: Contracts, request: pytest.FixtureRequest
) -> Iterator[StartLab]:
    """Servers of the RPC lab, with either way of waiting for gRPC; they end well with the test."""
    started: list[tuple[RpcLab, GrpcClient]] = []

    def start_one(**options: int | str) -> tuple[RpcLab, GrpcClient]:
        way = {"thread": "true" if request.param == "thread" else "false"}
        name = f"{request.node.name}-{len(started)}"
        lab = RpcLab(folder / name, rpc_contracts, **options, **way)
        lab.start()
        started.append((lab, lab.client()))
        return started[-1]

    yield start_one
    for lab, client in started:
        client.close()
        lab.end()
        assert lab.exit_code == 0, lab.log.read_text()
