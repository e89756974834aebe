"""What a service takes that nobody uses."""

from pathlib import Path

import pytest
from journey_kit import MODE, opened
from soukdev import names
from soukdev.poll import until
from soukdev.service import Service

BYTES_MAX = 25_000_000


def _resident(service: Service) -> int:
    """Bytes, page by page: the counters of /proc/PID/status lag behind."""
    lines = Path(f"/proc/{service.pid}/smaps_rollup").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("Rss:"))
    return int(kilobytes) * 1024


class _Calm:
    """Says when a service has done what it does at its start: it has not grown for five looks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seen: list[int] = []

    def __call__(self) -> bool:
        self._seen.append(_resident(self._service))
        return len(self._seen) > 5 and self._seen[-1] - self._seen[-6] < 64 * 1024


@pytest.mark.skipif(MODE == "asan", reason="a sanitizer's shadow is memory, too")
def test_an_idle_service_takes_less_than_25_megabytes() -> None:
    with opened("idle") as market:
        services = market.souk.stack.services
        for context in names.CONTEXTS:
            until(_Calm(services[context]), 120, f"{context} at rest", every_s=1)
        # Connections of a busy start are closed when nobody needed them for half a minute.
        for context in names.CONTEXTS:
            until(lambda: _resident(services[context]) < BYTES_MAX, 120, f"{context} small")  # noqa: B023
        taken = {context: _resident(services[context]) for context in names.CONTEXTS}
    print({context: f"{size / 1e6:.1f} MB" for context, size in taken.items()})
