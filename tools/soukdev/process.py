"""A process that we started: whether it lives, and how to end it without hitting a stranger."""

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from soukdev.poll import until


@dataclass(frozen=True)
class Process:
    """Known by more than its number, which the kernel gives to others later.

    A dead process that nobody has waited for keeps its number too, and `kill -0` calls it alive.
    Where PID 1 does not reap, as in many containers, that is every orphan.
    """

    pid: int
    started: int  # clock ticks since boot, as /proc counts them
    argv: tuple[str, ...]

    @classmethod
    def of(cls, pid: int, argv: tuple[str, ...]) -> "Process":
        """The process that has this number now; it is to run argv."""
        return cls(pid, _state(pid)[1], argv)

    @classmethod
    def load(cls, path: Path) -> "Process | None":
        """What save() wrote, if anything."""
        try:
            saved = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return cls(saved["pid"], saved["started"], tuple(saved["argv"]))

    def save(self, path: Path) -> None:
        """For a later command that stops what this one started."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self)))
        new.replace(path)

    def alive(self) -> bool:
        """True for this very process only, from the fork on and before it has run its program."""
        state, started = _state(self.pid)
        if started != self.started or state == "X":
            return False
        return _has_threads(self.pid) if state == "Z" else self._runs_argv()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; nothing happens when the process is gone."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, patience_s: float) -> float:
        """TERM, after a while KILL. Answers how many seconds it took."""
        begin = time.monotonic()
        self.signal(signal.SIGTERM)
        try:
            until(lambda: not self.alive(), patience_s, f"end of {self.argv[0]}")
        except TimeoutError:
            self.kill()
        return time.monotonic() - begin

    def kill(self) -> None:
        """KILL, and waits for it to be over."""
        self.signal(signal.SIGKILL)
        until(lambda: not self.alive(), 60, f"death of {self.argv[0]} ({self.pid})")

    def rss_kb(self) -> int:
        """Memory in use, 0 when dead."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0

    def environment(self) -> dict[str, str]:
        """What it was told at its start; empty when it is gone."""
        try:
            words = Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return {}
        return dict(os.fsdecode(word).split("=", 1) for word in words if b"=" in word)

    def is_replaced(self) -> bool:
        """Has its program's file been written anew since it began?"""
        try:
            return str(Path(f"/proc/{self.pid}/exe").readlink()).endswith(" (deleted)")
        except (FileNotFoundError, ProcessLookupError):
            return False

    def _runs_argv(self) -> bool:
        # A launcher (setpriv, sh, env, an interpreter) stands before our words, never after.
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            return False
        want = [os.fsencode(word) for word in self.argv]
        # For a moment of every exec there are no words at all.
        return not words or words[-len(want) :] == want


def _state(pid: int) -> tuple[str, int]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "X", -1
    # The program's name is in brackets and may hold anything; then come fields 3 and on.
    fields = stat.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _has_threads(pid: int) -> bool:
    """Has a zombie threads that still end, and until then hold its ports and files?"""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
