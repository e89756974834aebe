"""What a refused request may not leave: anything in any table, events of the outbox included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contract_world import World
from soukdev import invariants
from soukdev.invariants import goods

# An order that its saga refuses was begun, and maybe had its quote: both stay as records, ended.
BEGUN = frozenset({"saga", "redemption"})
# Examples make holds and redemptions without orders, so not everything adds up here.
_AT_REST = {
    "everything under way ends",
    goods.SOLD_OUT.name,
    "the index is what the databases say",
}
# Of the process, and of events that others caused.
_NOT_OURS = {
    "cron_job",
    "lease",
    "node_lease",
    "outbox_cursor",
    "inbox",
    "migration",
    "expiry_sweep",
}


@contextmanager
def nothing_is_left(world: World, but: frozenset[str] = frozenset()) -> Iterator[None]:
    """Of what is done within; `but`: tables that may change."""
    settle(world)
    before = all_tables(world, but)
    yield
    assert all_tables(world, but) == before


def settle(world: World) -> None:
    """Until nothing is under way that would write by itself."""
    world.place.end_sagas()
    results = invariants.check(world.souk.stack)
    assert {result.name for result in results} >= _AT_REST
    assert not [result for result in results if result.breach and result.name in _AT_REST]


def all_tables(world: World, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Their checksums by name."""
    mariadb = world.souk.stack.mariadb
    found = mariadb.sql(
        "SELECT table_schema AS place, table_name AS name FROM information_schema.tables "
        "WHERE table_schema LIKE 'souk_%' AND table_type = 'BASE TABLE'"
    )
    names = [f"{row['place']}.{row['name']}" for row in found if row["name"] not in _NOT_OURS | but]
    sums = mariadb.sql(f"CHECKSUM TABLE {', '.join(sorted(names))}")
    return {str(row["Table"]): row["Checksum"] for row in sums}
