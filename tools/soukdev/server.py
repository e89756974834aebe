"""What all servers share: a folder, ports, a start that ends in readiness, a stop by pid."""

import abc
import contextlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from soukdev import ports
from soukdev.poll import until
from soukdev.process import Process
from soukdev.spawn import spawn


class StartError(RuntimeError):
    """A server ended, or was not ready in time; the message ends with its log's last lines."""


class Server(abc.ABC):
    """One server in one folder.

    The folder holds everything: configuration, data, log, pid, ports. An object for a folder whose
    server already runs, started by another process maybe, takes that one over. Ports are chosen at
    the first start and kept, so that a restart is found at the same address.

    dies_with_us: the server ends with this process however it ends (tests); else it stays (a
    developer's stack).
    """

    PORTS: ClassVar[tuple[str, ...]] = ("main",)
    # How often it looks for others when a program that knows nothing of leases came first.
    PORT_ATTEMPTS: ClassVar[int] = 5
    READY_S: ClassVar[float] = 120
    STOP_S: ClassVar[float] = 20

    def __init__(self, folder: Path, *, dies_with_us: bool = True) -> None:
        self.folder = folder.absolute()
        self.name = self.folder.name
        self.dies_with_us = dies_with_us
        self.log = self.folder / f"{self.name}.log"
        self._leases: dict[str, ports.Lease] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        # How it ended, negative for a signal; None while it runs or when another process began it.
        self.exit_code: int | None = None
        self._process = Process.load(self._pid_file)

    # A server says these three.

    @abc.abstractmethod
    def prepare(self) -> None:
        """Writes configuration for self.ports and makes data folders; called before each start."""

    @abc.abstractmethod
    def argv(self) -> list[str]:
        """The command. It must be unlike that of any other server: it tells ours from others."""

    @abc.abstractmethod
    def ready(self) -> bool:
        """Does it answer as a client would want?"""

    def environment(self) -> Mapping[str, str] | None:
        """None: ours."""
        return None

    def user(self) -> str | None:
        """None: us."""
        return None

    # The rest is the same for all.

    def start(self) -> Self:
        """Returns when it is ready. Nothing happens when it already runs."""
        if self.alive():
            self._wait_ready()
            return self
        attempts = self.PORT_ATTEMPTS
        while True:
            self.choose_ports()
            self.prepare()
            self._launch()
            try:
                self._wait_ready()
                return self
            except StartError:
                self._halt()
                attempts -= 1
                if not attempts or not any(ports.taken(port) for port in self.ports.values()):
                    raise
                self._release_ports()
                self._ports_file.unlink()

    def choose_ports(self) -> None:
        """Settles its addresses before it starts, for others that must know them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.alive():
            return
        chosen = self.ports
        for name in self.PORTS:
            if name in self._leases:
                continue
            lease = ports.take(chosen[name]) if name in chosen else None
            self._leases[name] = lease or ports.take_any()
        new = self._ports_file.with_suffix(".new")
        new.write_text(json.dumps({n: lease.port for n, lease in self._leases.items()}))
        new.replace(self._ports_file)

    def outdated(self) -> bool:
        """Does it run, but otherwise than it would be started now?"""
        return False

    def start_anew(self) -> Self:
        """Starts it, or again when it is outdated."""
        return self.restart() if self.outdated() else self.start()

    def stop(self) -> None:
        """TERM and, when that does not help, KILL. Data and the choice of ports stay."""
        self._halt()
        self._release_ports()

    def restart(self) -> Self:
        """Stop and start at the same ports."""
        self._halt()
        return self.start()

    def kill9(self) -> None:
        """The plug is pulled; start() brings it back at the same ports."""
        if process := self._latest():
            process.kill()
        self._reap()

    def alive(self) -> bool:
        """Is the process there? Says nothing about readiness."""
        self._reap()
        process = self._latest()
        return process is not None and process.alive()

    @property
    def pid(self) -> int:
        """0 when it does not run."""
        return self._process.pid if self.alive() and self._process else 0

    @property
    def port(self) -> int:
        """The first of its ports."""
        return self.ports[self.PORTS[0]]

    @property
    def ports(self) -> dict[str, int]:
        """Its ports by name; empty before the first start."""
        try:
            saved: dict[str, int] = json.loads(self._ports_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return saved

    @property
    def address(self) -> str:
        """HOST:PORT of the first port."""
        return f"127.0.0.1:{self.port}"

    def rss_kb(self) -> int:
        """Memory in use, 0 when it does not run."""
        return self._process.rss_kb() if self.alive() and self._process else 0

    def log_text(self) -> str:
        """What it logged since it was last started by us."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")
        return ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports"

    def _release_ports(self) -> None:
        for lease in self._leases.values():
            lease.release()
        self._leases.clear()

    def _launch(self) -> None:
        argv = self.argv()
        self.exit_code = None
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._child = spawn(
            argv,
            log=self.log,
            dies_with_us=self.dies_with_us,
            user=self.user(),
            env=self.environment(),
            cwd=self.folder,
        )
        self._process = Process.of(self._child.pid, tuple(argv))
        self._process.save(self._pid_file)

    def _wait_ready(self) -> None:
        def ready_or_dead() -> bool:
            return not self.alive() or self.ready()

        try:
            until(ready_or_dead, self.READY_S, f"{self.name} ready")
        except TimeoutError as error:
            raise StartError(f"{error}\n{self._log_tail()}") from None
        if not self.alive():
            raise StartError(f"{self.name} ended at its start\n{self._log_tail()}")

    def _halt(self) -> float:
        process = self._latest()
        took = process.end(self.STOP_S) if process else 0.0
        if self._child:
            # Dead as /proc sees it, but its exit code is only there when its last thread has gone.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(self.STOP_S)
        self._reap()
        return took

    def _latest(self) -> Process | None:
        # Another command may have started it since we looked last.
        if not (self._process and self._process.alive()):
            self._process = Process.load(self._pid_file)
        return self._process

    def _reap(self) -> None:
        # Else it stays a zombie as long as we live.
        if self._child and self._child.poll() is not None:
            self.exit_code = self._child.returncode
            self._child = None

    def _log_tail(self, lines: int = 20) -> str:
        return "\n".join([f"{self.log} ends:", *self.log_text().splitlines()[-lines:]])
