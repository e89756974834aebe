"""Runs the sandbox as one of a stack's servers."""

import json
import sys
from pathlib import Path

from soukdev import http, paths
from soukdev.server import Server


class PaymentSandbox(Server):
    """One sandbox. It calls back the gateway at gateway_port, which is set before it starts."""

    READY_S = 60
    # svc-order was told its address before it started.
    PORT_ATTEMPTS = 1

    def __init__(self, folder: Path, *, secret_file: Path, dies_with_us: bool = True) -> None:
        super().__init__(folder, dies_with_us=dies_with_us)
        self.secret_file = secret_file.absolute()
        self.gateway_port = 0

    @property
    def url(self) -> str:
        """http://HOST:PORT"""
        return f"http://{self.address}"

    def prepare(self) -> None:
        self._config.write_text(self._rendered())

    def outdated(self) -> bool:
        """Does it run, but for another gateway?"""
        return self.alive() and self._config.read_text() != self._rendered()

    def argv(self) -> list[str]:
        return [sys.executable, str(paths.ROOT / "tools" / "payment-sandbox"), str(self._config)]

    def ready(self) -> bool:
        return http.answers(self.port, "/ready")

    @property
    def _config(self) -> Path:
        return self.folder / "sandbox.json"

    def _rendered(self) -> str:
        config = {
            "port": self.port,
            "gateway_port": self.gateway_port,
            "secret_file": str(self.secret_file),
        }
        return json.dumps(config, indent=1)
