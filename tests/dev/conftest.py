"""What the tests of the development tools share."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gateway_kit import World
from soukdev import paths
from soukdev.mariadb import MariaDB
from soukdev.run_folder import run_folder
from soukdev.stack import Stack


@pytest.fixture(scope="session")
def scratch(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of this run; stays when a test failed. Not in /tmp, where mysql cannot reach."""
    folder = run_folder("dev")
    yield folder
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture
def place(scratch: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of this test."""
    folder = scratch / str(request.node.name)
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def descriptor_set(scratch: Path) -> Path:
    """As the build makes it, so that these tests need no build."""
    proto = paths.ROOT / "proto"
    result = scratch / "souk.pb"
    ours = sorted(str(file.relative_to(proto)) for file in proto.glob("souk/*/v1/*.proto"))
    includes = [proto, sysconfig.get_paths()["purelib"], "/usr/include"]
    subprocess.run(
        [
            "protoc",
            *(f"-I{include}" for include in includes),
            "--include_imports",
            f"--descriptor_set_out={result}",
            *ours,
            "google/rpc/error_details.proto",
            "google/rpc/status.proto",
        ],
        check=True,
    )
    return result


@pytest.fixture(scope="module")
def world(scratch: Path, descriptor_set: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A gateway."""
    world = World(scratch / str(request.node.name) / "gateway", descriptor_set)
    yield world
    world.close()


@pytest.fixture(scope="session")
def servers(scratch: Path, descriptor_set: Path) -> Iterator[tuple[Stack, MariaDB]]:
    """All four, and a second MariaDB that starts at the same time."""
    stack = Stack(scratch / "stack", descriptor_set=descriptor_set)
    second = MariaDB(scratch / "second" / "mariadb")
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(second.start)
        stack.up()
        starting.result()
    yield stack, second
    second.kill9()
    stack.destroy()


@pytest.fixture
def stack(servers: tuple[Stack, MariaDB]) -> Stack:
    """The four servers."""
    return servers[0]
