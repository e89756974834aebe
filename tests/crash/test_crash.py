"""What a process says of its tasks when it dies or stalls, and what gdb shows of them."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest
from soukdev import paths

MODE = os.environ.get("MODE", "debug")
LAB = paths.ROOT / "build" / MODE / "tests" / "crash" / "crash_lab"
WAITING = [
    "first: waits for the end of days, request r-17",
    "second: waits for a better world, request r-17",
]


@pytest.fixture(scope="session", autouse=True)
def build() -> None:
    subprocess.run(
        ["make", f"MODE={MODE}", str(LAB.relative_to(paths.ROOT))], cwd=paths.ROOT, check=True
    )


def _last_words(how: str) -> str:
    """Of a lab that has to die of a signal, or of the sanitizer."""
    ended = subprocess.run([LAB, how], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    return ended.stderr


def _log_of(how: str) -> list[dict[str, Any]]:
    ended = subprocess.run([LAB, how], capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in ended.stderr.splitlines()]


@pytest.mark.parametrize("how", ["overflow", "bug", "segv", "abort"])
def test_a_dying_process_lists_its_tasks_and_what_each_waits_for(how: str) -> None:
    said = [line.strip() for line in _last_words(how).splitlines()]

    assert said.count("3 tasks") == 1
    assert "unlucky: runs" in said
    assert set(WAITING) <= set(said)


def test_a_stack_overflow_is_reported_with_its_task() -> None:
    said = _last_words("overflow")

    wanted = "stack-overflow" if MODE == "asan" else "stack overflow in task unlucky\n"
    assert wanted in said


@pytest.mark.parametrize(
    ("how", "where"),
    [
        ("segv", "SIGSEGV in task unlucky\n"),
        ("abort", "SIGABRT in task unlucky\n"),
        ("thread", "SIGSEGV in a thread beside the loop\n"),
    ],
)
def test_a_fatal_signal_is_reported_with_its_place(how: str, where: str) -> None:
    said = _last_words(how)

    sanitized = MODE == "asan" and how != "abort"  # which it leaves to us
    assert (" on unknown address" if sanitized else where) in said
    assert re.search(r"crash_lab\.c:\d+" if sanitized else r"crash_lab\S*\+0x[0-9a-f]+\)", said)


def test_a_stalled_loop_is_logged_with_who_holds_it_up() -> None:
    stall, over = _log_of("stall")

    assert stall["message"] == "the loop is stalled"
    assert stall["task"] == "unlucky"
    assert stall["for_ms"] >= 1000
    assert "crash_lab+0x" in stall["stack"]
    assert over["message"] == "the loop turns again"
    assert over["stalled_ms"] >= stall["for_ms"]


def test_a_loop_that_turns_is_left_in_peace() -> None:
    assert _log_of("turn") == []


def _gdb(how: str, *commands: str) -> str:
    gdb = shutil.which("gdb")
    assert gdb, "gdb is a package of deploy/dev/debian-packages"
    wanted = ["set debuginfod enabled off", "run", "source tools/gdb/souk.py", *commands]
    words = [word for command in wanted for word in ("-ex", command)]
    ended = subprocess.run(
        [gdb, "-nx", "-batch", *words, "--args", LAB, how],
        cwd=paths.ROOT,
        env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.stdout + ended.stderr


def test_gdb_lists_tasks() -> None:
    shown = _gdb("bug", "souk tasks")

    assert re.search(r"^0x[0-9a-f]+ unlucky: runs$", shown, re.MULTILINE)
    for line in WAITING:
        assert re.search(rf"^0x[0-9a-f]+ {re.escape(line)}$", shown, re.MULTILINE)


def test_gdb_shows_the_stack_of_a_task_that_waits_and_of_the_one_that_runs() -> None:
    shown = _gdb("bug", "souk bt first", "echo ---\\n", "souk bt unlucky")
    waiting, running = shown.split("---\n")

    frames = re.findall(r"^#\d+ .*? in (\w+) \(", waiting, re.MULTILINE)
    assert frames[-3:] == ["wait_for_ever", "entry", "coro_start"]
    assert frames[-4] in ("task_park", "park_until")  # the optimiser may make the call a jump
    assert "come_to_grief" not in waiting
    frames = re.findall(r"^#\d+ .*? in (\w+) \(", running, re.MULTILINE)
    assert frames[-4:] == ["bug_at", "come_to_grief", "entry", "coro_start"]


def test_gdb_knows_no_task_of_another_name() -> None:
    assert "no task nobody; souk tasks lists them" in _gdb("bug", "souk bt nobody")
