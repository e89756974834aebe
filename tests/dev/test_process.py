"""Servers live as long as they should, and stopping one never hits a stranger."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from soukdev import paths, ports
from soukdev.mariadb import MariaDB
from soukdev.poll import until
from soukdev.process import Process
from soukdev.redis import Redis
from soukdev.server import StartError

# Started from a pool's threads, which end before the process does: the kernel's "parent died"
# signal would come too early if those threads forked.
OWNER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from soukdev.mariadb import MariaDB
from soukdev.redis import Redis

folder, dies = Path(sys.argv[1]), sys.argv[2] == "dies"
kinds = {"redis": Redis, "mariadb": MariaDB} if dies else {"redis": Redis}
servers = [kind(folder / name, dies_with_us=dies) for name, kind in kinds.items()]
with ThreadPoolExecutor(2) as pool:
    list(pool.map(lambda server: server.start(), servers))
print("ready", flush=True)
sys.stdin.read()
"""


def owner(folder: Path, fate: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), fate],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "tools")},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def saved(folder: Path) -> Process:
    process = Process.load(folder / "pid")
    assert process is not None
    return process


def test_a_test_stack_ends_with_its_killed_owner(place: Path) -> None:
    with owner(place, "dies") as parent:
        children = [saved(place / "redis"), saved(place / "mariadb")]
        assert all(child.alive() for child in children)
        parent.kill()
    until(lambda: not any(child.alive() for child in children), 60, "death of the children")


def test_a_developers_server_stays_and_can_be_taken_over(place: Path) -> None:
    with owner(place, "stays") as parent:
        parent.communicate("")
    redis = Redis(place / "redis")
    assert redis.alive()
    pid = redis.pid
    assert redis.start().pid == pid
    redis.stop()
    assert not redis.alive()


def test_starting_twice_starts_once(place: Path) -> None:
    with Redis(place / "redis") as redis:
        pid = redis.pid
        assert redis.start().pid == pid
        assert redis.restart().pid != pid


def test_what_another_command_started_meanwhile_is_taken_over(place: Path) -> None:
    # As two `tools/stack up` at once have them: the second looks, then waits for the first.
    first, second, third = (Redis(place / "redis") for _ in range(3))
    try:
        first.start()
        assert second.start().pid == first.pid
        third.stop()
        assert not first.alive()
    finally:
        second.stop()
        first.stop()


def test_a_taken_port_is_left_to_its_owner(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        folder = place / "redis"
        folder.mkdir()
        port = foreign.getsockname()[1]
        (folder / "ports").write_text(json.dumps({"main": port}))
        with Redis(folder) as redis:
            assert redis.port != port
            assert redis.command("PING") == "PONG"


def test_a_choice_of_ports_that_was_cut_off_is_made_again(place: Path) -> None:
    folder = place / "redis"
    folder.mkdir()
    (folder / "ports").write_text('{"main": 2')
    redis = Redis(folder)
    assert redis.ports == {}
    with redis:
        assert redis.command("PING") == "PONG"


def test_a_port_lost_while_starting_is_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        free = ports.take_any
        given = iter([ports.Lease(port, -1)])
        monkeypatch.setattr(ports, "take_any", lambda: next(given, None) or free())
        with Redis(place / "redis") as redis:
            assert redis.port != port


def test_a_leased_port_is_nobody_elses() -> None:
    lease = ports.take_any()
    assert ports.take(lease.port) is None
    lease.release()
    again = ports.take(lease.port)
    assert again is not None
    again.release()


def test_stopping_spares_a_stranger_with_the_same_pid(place: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        folder = place / "redis"
        folder.mkdir()
        for argv in (("sleep", "60"), ("redis-server", "x")):
            Process(stranger.pid, 1, argv).save(folder / "pid")
            Redis(folder).stop()
        Process.of(stranger.pid, ("redis-server", "x")).save(folder / "pid")
        Redis(folder).stop()
        assert stranger.poll() is None
        stranger.kill()


def test_a_dead_child_that_nobody_waited_for_is_dead(place: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    process = Process.of(child.pid, ("sleep", "60"))
    assert process.alive()
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: not process.alive(), 60, "a zombie is seen as dead")
    assert child.wait() == -signal.SIGKILL


def test_a_program_that_was_built_again_is_replaced(place: Path) -> None:
    program = place / "program"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as child:
        process = Process.of(child.pid, (str(program), "60"))
        assert not process.is_replaced()
        program.unlink()
        shutil.copy("/bin/sleep", program)
        assert process.is_replaced()
        child.kill()


def test_a_server_that_cannot_start_shows_its_log(place: Path) -> None:
    database = MariaDB(place / "mariadb", buffer_pool_mb=-1)
    with pytest.raises(StartError, match="innodb"):
        database.start()
    assert not database.alive()


FIRST_THREAD_ENDS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_zombie_whose_threads_still_end_is_not_dead() -> None:
    """They hold its ports until then: who starts it anew too early finds them in use."""
    argv = (sys.executable, "-c", FIRST_THREAD_ENDS)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        try:
            process = Process.of(child.pid, argv)
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            stat = Path(f"/proc/{child.pid}/stat")
            until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z", 60, "a zombie")
            assert process.alive()
            process.kill()
            assert not process.alive()
        finally:
            child.kill()
