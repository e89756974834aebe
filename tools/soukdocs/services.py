"""What services say of themselves: `svc-x --describe`."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Option:
    """One that the environment or a flag sets."""

    name: str
    kind: str
    fallback: str | None  # None: must be given
    min: int
    max: int
    help: str


@dataclass(frozen=True)
class Consumer:
    """What reads events in a service."""

    name: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """A service, as it was built."""

    name: str  # "search", as in its contract
    folder: str  # "svc-search-feed"
    common_options: tuple[Option, ...] = ()
    own_options: tuple[Option, ...] = ()
    consumers: tuple[Consumer, ...] = ()


def described(programs: Iterable[Path]) -> list[Service]:
    """In the order of their folders."""
    return [_described(program) for program in sorted(programs)]


def _described(program: Path) -> Service:
    said: Any = json.loads(
        subprocess.run([program, "--describe"], capture_output=True, check=True).stdout
    )
    return Service(
        name=said["name"],
        folder=program.name,
        common_options=tuple(Option(**option) for option in said["common_options"]),
        own_options=tuple(Option(**option) for option in said["own_options"]),
        consumers=tuple(
            Consumer(consumer["name"], tuple(consumer["events"])) for consumer in said["consumers"]
        ),
    )
