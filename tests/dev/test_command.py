"""tools/stack, as a developer uses it."""

import json
import subprocess
from pathlib import Path

from soukdev import paths
from soukdev.redis import Redis


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [paths.ROOT / "tools" / "stack", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_up_survives_its_shell_and_down_finds_it(place: Path) -> None:
    folder = ("--dir", str(place / "dev"))
    try:
        first = command("up", "--services", "none", *folder)
        assert first.returncode == 0, first.stderr
        second = command("up", "--services", "none", *folder)
        assert second.stdout.split()[:6] == first.stdout.split()[:6]
        assert command("status", *folder).returncode == 0
        state = json.loads((place / "dev" / "stack.json").read_text())
        assert set(state["servers"]) == {"mariadb", "redis", "kafka", "opensearch"}
        assert command("token", "42", "customer", *folder).stdout.count(".") == 2
        assert Redis(place / "dev" / "redis").pid == state["servers"]["redis"]["pid"]
    finally:
        assert command("down", *folder).returncode == 0
    after = command("status", *folder)
    assert after.returncode == 1
    assert after.stdout.count("down") == 4


def test_an_unknown_service_is_named(place: Path) -> None:
    answer = command("up", "--services", "warehouse", "--dir", str(place / "dev"))
    assert answer.returncode != 0
    assert "warehouse" in answer.stderr
