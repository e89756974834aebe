"""One stack for all contract tests; they only add to it."""

import os
from collections.abc import Iterator

import pytest
from soukdev import names, paths
from soukdev.contracts import Contracts
from soukdev.run_folder import run_folder
from soukdev.souk import Souk
from soukdev.stack import Stack

pytest.register_assert_rewrite(
    "contract_cases", "contract_golden", "contract_leavings", "contract_world"
)

from contract_cases import CASES  # noqa: E402
from contract_world import World  # noqa: E402

MODE = os.environ.get("MODE", "debug")


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    # What is asked here is what is answered, not how soon; and no order runs out in between.
    patience = {
        "search": {"SOUK_SEARCH_TIMEOUT_MS": "2000"},
        "order": {"SOUK_PAYMENT_TIMEOUT_S": "14400"},
    }
    stack = Stack(
        run_folder("contract"),
        names.CONTEXTS,
        mode=MODE,
        settings=patience,
        caller_limits=False,
    )
    try:
        world = World(Souk(stack.up(), patience_s=20))
        yield world
        world.close()
    finally:
        stack.down()
        if not request.session.testsfailed:
            stack.destroy()


class _Tally:
    """Of cells: a run that left one out, or skipped one, is no success."""

    def __init__(self) -> None:
        self.wanted = 0
        self.ran = 0


_tally = _Tally()


def pytest_collection_finish(session: pytest.Session) -> None:
    _tally.wanted = sum("cell" in getattr(item, "fixturenames", ()) for item in session.items)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and "::test_cell[" in report.nodeid and not report.skipped:
        _tally.ran += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    interrupted = session.shouldstop or session.shouldfail
    if _tally.ran != _tally.wanted and not session.config.option.collectonly and not interrupted:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    methods, cases = len(list(Contracts(paths.DESCRIPTOR_SET).methods())), len(CASES)
    pairs = f"{methods} methods x {cases} cases = {methods * cases} pairs"
    terminalreporter.write_line(
        f"contract: {pairs}; {_tally.ran} of the {_tally.wanted} asked for that apply were run"
    )
