"""Redis: cache and admission filter. Loses a second of writes when it dies, by design."""

import socket
from pathlib import Path

from soukdev.server import Server


class Redis(Server):
    """One redis-server; everything it is told is in its configuration file."""

    READY_S = 60

    def __init__(
        self, folder: Path, *, dies_with_us: bool = True, max_memory_mb: int = 256
    ) -> None:
        super().__init__(folder, dies_with_us=dies_with_us)
        self.max_memory_mb = max_memory_mb

    def prepare(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        self._conf.write_text(
            f"""\
bind 127.0.0.1
port {self.port}
dir {data}
appendonly yes
appendfsync everysec
save ""
maxmemory {self.max_memory_mb}mb
# The admission counters must not vanish: refuse writes instead.
maxmemory-policy noeviction
# Keeps the command line, by which it is known as ours.
set-proc-title no
"""
        )

    def argv(self) -> list[str]:
        return ["redis-server", str(self._conf)]

    def ready(self) -> bool:
        try:
            return self.command("PING") == "PONG"
        except (OSError, ConnectionError):
            return False

    def command(self, *words: str) -> str:
        """One command, for readiness and quick looks: the reply's first line, without its mark.

        An error reply (-LOADING while it reads its data) is a ConnectionError.
        """
        parts = [word.encode() for word in words]
        request = b"*%d\r\n" % len(parts)
        request += b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as replies:
                line = replies.readline().decode().rstrip("\r\n")
                if line.startswith("$") and line != "$-1":
                    return replies.read(int(line[1:])).decode()
        if not line or line.startswith("-"):
            raise ConnectionError(line)
        return line[1:]

    @property
    def _conf(self) -> Path:
        return self.folder / "redis.conf"
