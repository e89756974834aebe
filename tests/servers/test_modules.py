"""Runs the programs of tests/servers/*_test.c against real servers.

The program's name begins with its module's, and that says which servers it needs.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from soukdev import paths
from soukdev.kafka import Kafka
from soukdev.mariadb import MariaDB

MODE = os.environ.get("MODE", "debug")
PROGRAMS = sorted(source.stem for source in Path(__file__).parent.glob("*_test.c"))

Environment = dict[str, str]


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Of this run; stays when a test failed."""
    runs = paths.BUILD / "tests" / "servers"
    for old in runs.glob("*"):
        if not Path(f"/proc/{old.name}").exists():
            shutil.rmtree(old, ignore_errors=True)
    folder = runs / str(os.getpid())
    folder.mkdir(parents=True)
    yield folder
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def mariadb(folder: Path) -> Iterator[MariaDB]:
    with MariaDB(folder / "mariadb") as server:
        yield server


@pytest.fixture(scope="session")
def kafka(folder: Path) -> Iterator[Kafka]:
    with Kafka(folder / "kafka") as server:
        yield server


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


def _of_kafka(request: pytest.FixtureRequest, _program: str) -> Environment:
    server: Kafka = request.getfixturevalue("kafka")
    return {"SOUK_TEST_KAFKA": server.address}


ENVIRONMENTS: dict[str, Callable[[pytest.FixtureRequest, str], Environment]] = {
    "db": _of_mariadb,
    "migrate": _of_mariadb,
    "mq": _of_kafka,
}


@pytest.fixture
def environment(request: pytest.FixtureRequest, program: str) -> Environment:
    """The addresses that the program asks for."""
    module = program.partition("_")[0]
    if module not in ENVIRONMENTS:
        pytest.fail(f"which servers does {program} need? ENVIRONMENTS has no {module}")
    return ENVIRONMENTS[module](request, program)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", PROGRAMS)
def test_module(program: str, environment: Environment) -> None:
    binary = paths.BUILD / MODE / "tests" / "servers" / program
    if not binary.exists():
        pytest.fail(f"{binary} is not there: make MODE={MODE} {binary.relative_to(paths.ROOT)}")
    done = subprocess.run(
        [binary],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
