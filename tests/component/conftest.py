"""What the component tests share: one stack of real servers with every service."""

import os
from collections.abc import Iterator

import pytest
from soukdev import names
from soukdev.run_folder import run_folder
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")


@pytest.fixture(scope="session")
def souk(request: pytest.FixtureRequest) -> Iterator[Souk]:
    """All services. Tests share it, so each makes its own goods and users."""
    stack = Stack(run_folder("component"), names.CONTEXTS, mode=MODE, caller_limits=False)
    try:
        yield Souk(stack.up(), patience_s=30)
    finally:
        stack.down()
        if not request.session.testsfailed:
            stack.destroy()
