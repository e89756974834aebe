"""One of our own services."""

import os
from collections.abc import Mapping
from pathlib import Path

from soukdev import http
from soukdev.server import Server


class Service(Server):
    """A binary that is told everything by its environment and says on /readyz that it may be used.

    `port` takes gRPC, `ports["admin"]` HTTP. environment: what it needs besides its own addresses.
    """

    PORTS = ("rpc", "admin")
    # Its peers were told its address before it started.
    PORT_ATTEMPTS = 1
    READY_S = 90
    STOP_S = 60

    def __init__(
        self,
        folder: Path,
        *,
        binary: Path,
        environment: Mapping[str, str] | None = None,
        dies_with_us: bool = True,
    ) -> None:
        super().__init__(folder, dies_with_us=dies_with_us)
        self.binary = binary.absolute()
        self.settings = dict(environment or {})

    def prepare(self) -> None:
        if not self.binary.exists():
            raise FileNotFoundError(f"{self.binary} is not there: run make")

    def argv(self) -> list[str]:
        return [str(self.binary)]

    def environment(self) -> dict[str, str]:
        # Ours passes, for sanitizers and the like, but for settings meant for another service.
        ours = {name: word for name, word in os.environ.items() if not name.startswith("SOUK_")}
        addresses = {
            "SOUK_RPC_ADDRESS": self.address,
            "SOUK_ADMIN_ADDRESS": f"127.0.0.1:{self.ports['admin']}",
        }
        return {**ours, **addresses, **self.settings}

    def outdated(self) -> bool:
        """Does it run another binary, or an older one, or was it told otherwise? More is fine."""
        process = self._latest()
        if not process or not self.alive():
            return False
        told = process.environment()
        wanted = {n: word for n, word in self.environment().items() if n.startswith("SOUK_")}
        is_told = wanted.items() <= told.items()
        return process.argv != tuple(self.argv()) or process.is_replaced() or not is_told

    def ready(self) -> bool:
        return http.answers(self.ports["admin"], "/readyz")
