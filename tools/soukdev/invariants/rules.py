"""Rules that are SQL: what the statement finds breaks the rule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Asks the database, as administrator.
Rows = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Rule:
    """Something that must hold.

    contexts: whose schemas it reads; without one of them it is left out. quiet: it holds only once
    nothing is under way.
    """

    name: str
    contexts: tuple[str, ...]
    sql: str
    quiet: bool = False
