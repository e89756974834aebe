"""What the component tests share: one stack of real servers with every service that is built."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from soukdev import names, paths
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")


@pytest.fixture(scope="session")
def souk(request: pytest.FixtureRequest) -> Iterator[Souk]:
    """All services that have been built. Tests share it, so each makes its own goods and users."""
    built = [context for context in names.CONTEXTS if names.binary(context, MODE).exists()]
    folder = paths.BUILD / "tests" / "component" / str(os.getpid())
    _remove_old(folder.parent)
    stack = Stack(folder, built, mode=MODE)
    try:
        yield Souk(stack.up())
    finally:
        stack.down()
        if not request.session.testsfailed:
            stack.destroy()


def _remove_old(runs: Path) -> None:
    for old in runs.glob("*"):
        if not Path(f"/proc/{old.name}").exists():
            shutil.rmtree(old, ignore_errors=True)
