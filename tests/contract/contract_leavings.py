"""What a refused request may not leave: anything in any table."""

from typing import Any

from contract_world import World
from soukdev import invariants

# Of the process, and of events that others caused.
_NOT_OURS = {"lease", "node_lease", "outbox_cursor", "inbox", "migration", "expiry_sweep"}


def settle(world: World) -> None:
    """Until nothing is under way that would write by itself."""
    broken = [result for result in invariants.check(world.souk.stack) if result.breach]
    assert not broken, broken


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
