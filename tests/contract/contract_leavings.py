"""What a refused request may not leave: anything in any table, events of the outbox included."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from contract_world import World
from soukdev import invariants
from soukdev.invariants import goods, quiet
from soukdev.poll import until

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
_OF_ITEMS = ("listing.published", "listing.offline", "item.updated")
# A consumer, whose it is, and what of whom it takes. Most of it changes a table there.
_TAKEN = (
    ("search.documents", "search", "listing", _OF_ITEMS),
    ("search.documents", "search", "pricing", ("price.changed",)),
    ("search.documents", "search", "inventory", ("inventory.changed",)),
    ("listing.stock", "listing", "inventory", ("inventory.changed",)),
    ("listing.audit", "listing", "listing", ("listing.audit.pending",)),
    ("listing.publish", "listing", "listing", ("listing.publish.ready",)),
)


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
    until(lambda: not _is_under_way(world), 60, "everything at rest", every_s=0.05)
    results = invariants.check(world.souk.stack)
    assert {result.name for result in results} >= _AT_REST
    assert not [result for result in results if result.breach and result.name in _AT_REST]


def _is_under_way(world: World) -> bool:
    """One statement sees one moment: whatever ends begins the next, if any, as it is committed."""
    waiting = [rule.sql for rule in quiet.UNDER_WAY]
    waiting += ["SELECT reindex_id FROM souk_search.reindex WHERE running = 1"]
    waiting += [_not_taken(*taken) for taken in _TAKEN]
    any_of = " OR ".join(f"EXISTS ({sql})" for sql in waiting)
    (row,) = world.souk.sql("order", f"SELECT {any_of} AS is_so")
    return bool(int(row["is_so"]))


def _not_taken(consumer: str, context: str, teller: str, kinds: Iterable[str]) -> str:
    """Events of the teller's outbox that are not in the consumer's inbox."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        f"SELECT o.event_id FROM souk_{teller}.outbox o LEFT JOIN souk_{context}.inbox i"
        f" ON i.consumer = '{consumer}' AND i.ce_source = 'souk/{teller}'"
        " AND i.ce_id = CAST(o.event_id AS BINARY)"
        f" WHERE o.type IN ({listed}) AND i.ce_id IS NULL"
    )


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
