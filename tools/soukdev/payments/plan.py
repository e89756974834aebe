"""How a payment is to end, and how badly svc-order is told: the query of /pay.

say=SUCCEEDED          how it ends: SUCCEEDED or FAILED. A list is told in its order, each with an
                       event id of its own, once the one before it was answered: SUCCEEDED,FAILED
delay_ms=0             before the first is told
times=1                how often each is told, under the same event id
every_ms=0             between those; 0: all at once
attempts=10            how often one telling is tried until it is answered 2xx, with growing pauses
"""

from collections.abc import Mapping
from dataclasses import dataclass

_OUTCOMES = ("SUCCEEDED", "FAILED")
_EVENTS_MAX = 10
# Name: least, most.
_NUMBERS = {
    "delay_ms": (0, 60_000),
    "times": (1, 100),
    "every_ms": (0, 10_000),
    "attempts": (1, 20),
}


class PlanError(ValueError):
    """The query asks for something that there is not; the message says what."""


@dataclass(frozen=True)
class Plan:
    """What happens after the customer has paid."""

    say: tuple[str, ...] = ("SUCCEEDED",)
    delay_ms: int = 0
    times: int = 1
    every_ms: int = 0
    attempts: int = 10

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "Plan":
        """Of what the query has besides the payment itself; PlanError names what is wrong."""
        if unknown := set(query) - {"say", *_NUMBERS}:
            raise PlanError(f"there is no parameter {', '.join(sorted(unknown))}")
        numbers = {name: _number(name, query[name]) for name in _NUMBERS if name in query}
        say = tuple(query.get("say", "SUCCEEDED").split(","))
        if len(say) > _EVENTS_MAX or set(say) - set(_OUTCOMES):
            raise PlanError(f"say must list up to {_EVENTS_MAX} of {', '.join(_OUTCOMES)}")
        return cls(say=say, **numbers)


def _number(name: str, text: str) -> int:
    least, most = _NUMBERS[name]
    if not text.isascii() or not text.isdigit() or not least <= int(text[:10]) <= most:
        raise PlanError(f"{name} must be a number from {least} to {most}")
    return int(text)
