"""docs/configuration.md: what a service can be told at start."""

from collections.abc import Iterable, Iterator, Sequence

from soukdocs import markdown
from soukdocs.services import Option, Service

_HEADS = ("Name", "Kind", "Default", "Range", "Unit", "What")
_KINDS = {"text": "text", "int": "number", "bool": "true or false", "secret_file": "secret"}
_UNITS = {"_us": "us", "_ms": "ms", "_s": "s", "_kib": "KiB", "_bytes": "bytes"}


def page(services: Sequence[Service]) -> str:
    return markdown.page(
        "Configuration",
        "Options are given by the environment (`SOUK_DB_HOST=127.0.0.1`) or by flags, which go "
        "first (`--db-host=127.0.0.1`). A secret is the path of a file with the secret in it, and "
        "never shown. The range of a text, and of what a file holds, is its length.",
        "## Every service\n",
        _table(services[0].common_options),
        *(part for service in services for part in _own(service)),
    )


def _own(service: Service) -> Iterator[str]:
    yield f"## {service.folder}\n"
    yield _table(service.own_options) if service.own_options else "None of its own.\n"


def _table(options: Iterable[Option]) -> str:
    return markdown.table(_HEADS, (_row(option) for option in options))


def _row(option: Option) -> tuple[str, ...]:
    unit = next((unit for end, unit in _UNITS.items() if option.name.endswith(end)), "")
    return (
        markdown.code("SOUK_" + option.name.upper()),
        _KINDS[option.kind],
        "required" if option.fallback is None else markdown.code(option.fallback),
        "" if option.kind == "bool" else f"{option.min} to {option.max}",
        unit,
        option.help,
    )
