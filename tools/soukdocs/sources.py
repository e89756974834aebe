"""What the C of a folder says, by its text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

# `status_error(CODE_NOT_FOUND, REASON_SKU_UNKNOWN, ..`; domain files write the reason as a literal.
_REFUSAL = re.compile(r"\bCODE_([A-Z_]+),\s*(?:REASON_([A-Z_]+)|\"([A-Z][A-Z_]+)\")")
_EVENT = re.compile(r"&(\w+_event)\b")


def codes_of_reasons(files: Iterable[Path]) -> Mapping[str, set[str]]:
    """Reason -> the codes that it is refused with."""
    codes: defaultdict[str, set[str]] = defaultdict(set)
    for file in files:
        for code, constant, literal in _REFUSAL.findall(file.read_text()):
            codes[constant or literal].add(code)
    return codes


def events_made(files: Iterable[Path]) -> set[str]:
    """The C names of what *_events.c adds to the outbox."""
    return {name for file in files for name in _EVENT.findall(file.read_text())}
