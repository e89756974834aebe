"""docs/events.md: who tells whom what."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor
from soukgen import contracts, names

from soukdocs import markdown, sources
from soukdocs.services import Service

_HEADS = ("Type", "Topic", "Key", "From", "Read by", "Says")


def page(
    of: contracts.Contracts,
    files: Iterable[FileDescriptor],
    services: Sequence[Service],
    root: Path,
) -> str:
    producers = {
        made: service.folder
        for service in services
        for made in sources.events_made((root / service.folder).glob("*_events.c"))
    }
    return markdown.page(
        "Events",
        "What services tell each other through Kafka. The value is the protobuf message of "
        "`proto/souk/*/v1/events.proto`, the headers are CloudEvents'. "
        "An event without readers is for whoever wants to know.",
        markdown.table(_HEADS, _rows(of, files, services, producers)),
    )


def _rows(
    of: contracts.Contracts,
    files: Iterable[FileDescriptor],
    services: Sequence[Service],
    producers: dict[str, str],
) -> Iterator[tuple[str, ...]]:
    for message in (message for file in files for message in of.events(file)):
        route = of.route(message)
        name = f"{message.file.name}: {message.name}"
        yield (
            markdown.code(route.type),
            markdown.code(route.topic),
            markdown.code(route.key),
            producers.get(names.event(message), "nobody yet"),
            ", ".join(_readers(services, route.type)),
            markdown.prose(of.message_comment(message), name),
        )


def _readers(services: Sequence[Service], type_: str) -> Iterator[str]:
    for service in services:
        for consumer in service.consumers:
            if type_ in consumer.events:
                yield f"{service.folder} ({markdown.code(consumer.name)})"
