"""tools/stack, as a developer uses it."""

import fcntl
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest
from soukdev import paths
from soukdev.keys import Keys
from soukdev.poll import until
from soukdev.process import Process
from soukdev.redis import Redis
from soukdev.service import Service

STAND_IN = Path(__file__).with_name("stand_in.py")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [paths.ROOT / "tools" / "stack", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
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


def test_up_says_that_nothing_is_built(place: Path) -> None:
    folder = ("--dir", str(place / "dev"))
    try:
        answer = command("up", "--mode", "nothing", *folder)
        assert answer.returncode == 0
        assert "no service is built in build/nothing" in answer.stderr
        assert "svc-" not in answer.stdout
    finally:
        assert command("down", *folder).returncode == 0


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token.strip(), options={"verify_signature": False})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("42 customer", {"sub": "42", "role": "customer"}),
        ("7 merchant --shop 101", {"sub": "7", "role": "merchant", "shop_id": 101}),
        ("9 supplier --supplier 501", {"sub": "9", "role": "supplier", "supplier_id": 501}),
        ("1 operator", {"sub": "1", "role": "operator"}),
        ("order service", {"sub": "order", "role": "service", "iss": "souk-service"}),
    ],
)
def test_everybody_gets_a_token(place: Path, words: str, expected: dict[str, Any]) -> None:
    Keys(place / "dev" / "keys").make()
    answer = command("token", *words.split(), "--ttl", "60", "--dir", str(place / "dev"))
    assert answer.returncode == 0, answer.stderr
    said = claims(answer.stdout)
    assert said.items() >= expected.items()
    assert said["exp"] - said["iat"] == 60


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("42 king", "invalid choice: 'king'"),
        ("me customer", "'me' is no id"),
        ("0 customer", "'0' is no id"),
        ("7 merchant", "--shop"),
        ("42 customer --shop 7", "--shop"),
        ("9 supplier", "--supplier"),
        ("42 service", "no such service: 42"),
    ],
)
def test_a_token_that_nobody_could_use_is_not_made(place: Path, words: str, why: str) -> None:
    Keys(place / "dev" / "keys").make()
    answer = command("token", *words.split(), "--dir", str(place / "dev"))
    assert answer.returncode != 0
    assert why in answer.stderr
    assert not answer.stdout


def test_without_a_stack_there_is_no_token(place: Path) -> None:
    answer = command("token", "42", "customer", "--dir", str(place / "dev"))
    assert answer.returncode != 0
    assert "tools/stack up" in answer.stderr


def test_an_interrupted_up_leaves_nothing_that_down_does_not_find(place: Path) -> None:
    folder = place / "dev"
    words = ["up", "--services", "none", "--dir", str(folder)]
    with subprocess.Popen(
        [paths.ROOT / "tools" / "stack", *words], stderr=subprocess.PIPE, text=True
    ) as up:
        until((folder / "redis" / "pid").exists, 60, "the first server")
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=200)
    started = [Process.load(file) for file in folder.glob("*/pid")]
    assert command("down", "--dir", str(folder)).returncode == 0
    assert not [process for process in started if process and process.alive()]
    assert up.returncode == 130
    assert said == "interrupted; what runs stays until tools/stack down\n"


def test_down_stops_what_an_up_beside_it_is_about_to_start(place: Path) -> None:
    folder = place / "dev"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([paths.ROOT / "tools" / "stack", "down", "--dir", folder]) as down:
            until(lambda: waits_for_a_lock(down.pid), 60, "down at the lock")
            service = Service(folder / "svc-cart", binary=STAND_IN).start()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert down.wait(200) == 0
    assert not service.alive()


def waits_for_a_lock(pid: int) -> bool:
    waiting = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(words[1] == "->" and words[5] == str(pid) for words in waiting)
