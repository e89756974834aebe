"""Asks all rules."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from soukdev import names
from soukdev.invariants import answers, goods, index, orders, quiet, stock, told
from soukdev.invariants.rules import Rule
from soukdev.poll import until
from soukdev.stack import Stack

_SHOWN = 5


@dataclass(frozen=True)
class Breach:
    """Something that should not be; some of what was found."""

    rows: list[dict[str, Any]]
    total: int

    def __str__(self) -> str:
        shown = "\n".join(f"    {row}" for row in self.rows)
        more = self.total - len(self.rows)
        return f"{shown}\n    and {more} more" if more else shown


@dataclass(frozen=True)
class Result:
    """One rule, and how it was broken, if it was."""

    name: str
    breach: Breach | None


def check(stack: Stack, wait_s: float = 30) -> list[Result]:
    """Every rule that the stack has the schemas for. Waits so long for what is under way."""
    database = stack.mariadb.connect(autocommit=True)
    checker = _Checker(stack, database)
    try:
        return list(checker.run(wait_s))
    finally:
        checker.close()
        database.close()


class _Checker:
    def __init__(self, stack: Stack, database: Any) -> None:
        self._stack = stack
        self._database = database
        there = {
            row["name"]
            for row in self._rows("SELECT schema_name AS name FROM information_schema.schemata")
        }
        self._contexts = {context for context in names.CONTEXTS if names.schema(context) in there}
        self._telling = told.Telling(stack, self._rows)

    def run(self, wait_s: float) -> Iterator[Result]:
        rules = self._of_ours([*stock.RULES, *orders.RULES, *goods.RULES])
        yield from [self._ask(rule) for rule in rules if not rule.quiet]
        yield self._result("everything under way ends", _awaited(self._under_way, wait_s))
        yield from [self._ask(rule) for rule in rules if rule.quiet]
        yield from self._ask_code(wait_s)

    def close(self) -> None:
        self._telling.close()

    def _ask_code(self, wait_s: float) -> Iterator[Result]:
        yield self._result("what was told happened, in that order", self._telling.disorder())
        if "order" in self._contexts:
            lost = answers.lost_orders(self._stack.descriptor_set, self._rows)
            yield self._result("no order that was confirmed is lost", lost)
        if {"listing", "inventory"} <= self._contexts:
            shown = _awaited(lambda: self._rows(goods.SOLD_OUT.sql), wait_s)
            yield self._result(goods.SOLD_OUT.name, shown)
        if {"search", "listing", "pricing", "inventory"} <= self._contexts:
            # A consumer that was killed is missed only when its session has run out.
            differences = _awaited(lambda: index.differences(self._stack, self._rows), wait_s)
            yield self._result("the index is what the databases say", differences)

    def _under_way(self) -> list[dict[str, Any]]:
        found = [
            {"what": rule.name, **row}
            for rule in self._of_ours(quiet.UNDER_WAY)
            for row in self._rows(rule.sql)
        ]
        return found + [{"what": "events on no topic", **row} for row in self._telling.untold()]

    def _of_ours(self, rules: Iterable[Rule]) -> list[Rule]:
        return [rule for rule in rules if set(rule.contexts) <= self._contexts]

    def _ask(self, rule: Rule) -> Result:
        return self._result(rule.name, self._rows(rule.sql))

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        with self._database.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    @staticmethod
    def _result(name: str, found: list[dict[str, Any]]) -> Result:
        return Result(name, Breach(found[:_SHOWN], len(found)) if found else None)


def _awaited(found: Callable[[], list[dict[str, Any]]], wait_s: float) -> list[dict[str, Any]]:
    """Nothing, as soon as there is nothing; what is still there in the end."""
    last: list[dict[str, Any]] = []

    def nothing() -> bool:
        last[:] = found()
        return not last

    with contextlib.suppress(TimeoutError):
        until(nothing, wait_s, "nothing", every_s=0.1)
    return last
