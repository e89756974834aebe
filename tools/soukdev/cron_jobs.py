"""Jobs that have their times (libcommon/patterns/cron.h), as services show them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from soukdev import http
from soukdev.service import Service

_LINE = "{:<15} {:<22} {:<19} {:<19} {:<12} {}"


@dataclass(frozen=True)
class Job:
    """Times are UTC."""

    service: str
    name: str
    schedule: str
    last: str  # its start; "" when there was none
    state: str  # how that went, or "running"
    failures: int  # one after the other
    detail: str  # of the last failure
    next: str


def of(service: Service) -> Iterator[Job]:
    """Of a service that runs; one that does not shows none."""
    if not service.alive():
        return
    for shown in json.loads(http.request(service.ports["admin"], "/cron")):
        yield Job(
            service=service.name,
            name=shown["job"],
            schedule=shown["schedule"],
            last=_seconds(shown["last_started_at"]),
            state="running" if shown["holder"] else shown["outcome"],
            failures=shown["failures"],
            detail=shown["detail"],
            next=_seconds(shown["next_at"]),
        )


def table(jobs: Iterable[Job]) -> Iterator[str]:
    """A line each, and a second one where the last run failed."""
    yield _LINE.format("SERVICE", "JOB", "SCHEDULE", "LAST RUN", "OUTCOME", "NEXT")
    for job in jobs:
        yield _LINE.format(
            job.service, job.name, job.schedule, job.last or "-", job.state or "-", job.next
        )
        if job.failures:
            yield f"{'':<15} {job.failures} in a row: {job.detail}"


def _seconds(time: str | None) -> str:
    """Of 2026-03-01T12:00:00.000001Z what people read."""
    return (time or "")[:19].replace("T", " ")
