"""Free ports, also when several stacks look for them at the same time."""

import fcntl
import os
import random
import socket

from soukdev import paths

# Below the range from which Linux gives ports to outgoing connections: a server that is being
# restarted would find its port taken by somebody's client.
FIRST, LAST = 20000, 31999


class Lease:
    """A port that no other stack of this user takes while the lease lives.

    A free port is not ours until the server listens, seconds later; the lock on a file of that
    number closes the gap. It goes away with the process that holds it.
    """

    def __init__(self, port: int, lock: int) -> None:
        self.port = port
        self._lock = lock

    def release(self) -> None:
        """Gives the port back; harmless the second time."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __del__(self) -> None:
        self.release()


def take(port: int) -> Lease | None:
    """This port, if nobody has it."""
    folder = paths.cache() / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if not _can_listen(port):
        os.close(lock)
        return None
    return Lease(port, lock)


def take_any() -> Lease:
    """Any free port."""
    for port in random.sample(range(FIRST, LAST + 1), 1000):
        if lease := take(port):
            return lease
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")


def taken(port: int) -> bool:
    """Does anything listen there?"""
    return not _can_listen(port)


def _can_listen(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # What a closed connection left behind is no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
