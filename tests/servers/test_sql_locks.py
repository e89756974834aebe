"""Which way every statement goes to the rows that it locks: by the primary key.

The order in which rows are locked is the order in which they are found. Where a table is small, or
looks so by old statistics, the server likes to read all of it, and with `innodb_snapshot_isolation`
an UPDATE waits for rows on its way that it does not want; through a secondary key the entry is
locked before the row, where everybody who changes the row locks it first.
"""

import itertools
import re
from typing import Any

import pytest
from soukdev import names
from soukdev.mariadb import MariaDB
from test_sql_gate import SENT_AS_TEXT, SHARED, expand, migrate, sources, statements

ROWS = 4
LOCKS = re.compile(r"\s*(UPDATE|DELETE)\b|.*\bFOR UPDATE\b", re.DOTALL)
# By another key, and why that does no harm.
OTHERWISE = {
    "DELETE FROM request WHERE created_at <": "answered days ago, nobody changes them any more",
    "DELETE FROM inbox WHERE at <": "seen days ago, nobody changes them any more",
    "DELETE FROM saga_action WHERE saga_id": "only ever added, until their saga ended days ago",
    "FORCE INDEX (by_pay_order)": "under the pay order's lock, and the key never changes",
    "UPDATE outbox_parked SET queue": "of the relay alone, which is one",
    "UPDATE saga SET until_at = '2000-01-01' WHERE owner": "at the end of a process",
}


def value(column: dict[str, Any], row: int) -> str:
    """A literal that differs from row to row."""
    kind = column["DATA_TYPE"]
    if kind in ("datetime", "date"):
        return f"'2020-01-0{row}'"
    if kind == "binary":
        return f"'{str(row).zfill(column['CHARACTER_MAXIMUM_LENGTH'])}'"
    return f"'{row}'"


def fill(cursor: Any, schema: str) -> None:
    """A few rows in every table: fewer than it takes to make a key look worth while."""
    cursor.execute(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH "
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s ORDER BY 1, ORDINAL_POSITION",
        (schema,),
    )
    numbers = range(1, ROWS + 1)
    for table, columns in itertools.groupby(cursor.fetchall(), lambda column: column["TABLE_NAME"]):
        described = list(columns)
        rows = ", ".join(
            f"({', '.join(value(column, row) for column in described)})" for row in numbers
        )
        cursor.execute(f"DELETE FROM `{table}`")
        cursor.execute(f"INSERT INTO `{table}` VALUES {rows}")
        cursor.execute(f"ANALYZE TABLE `{table}`")


def with_values(sql: str) -> str:
    """Literals for what is asked about: rows that are there, all of them where it is a set."""
    numbers = itertools.cycle(range(1, ROWS + 1))
    text = re.sub(r"\b(LIMIT|INTERVAL) \?", r"\1 1", expand(sql, 2 * ROWS))
    groups = re.split(r"(IN \([?, ]+\))", text)
    return "".join(
        re.sub(r"\?", lambda _: f"'{next(numbers)}'", group)
        if group.startswith("IN (")
        else group.replace("?", "'1'")
        for group in groups
    )


def astray(cursor: Any, sql: str) -> list[str]:
    """What is wrong with the way to the rows. The server names no table of which no row matches."""
    cursor.execute("EXPLAIN " + with_values(sql))
    found = []
    for row in cursor.fetchall():
        if row["table"] and row["type"] in ("ALL", "index"):
            found.append(f"reads all of {row['table']}")
        elif row["table"] and row["key"] != "PRIMARY" and not any(map(sql.count, OTHERWISE)):
            found.append(f"goes by {row['key']} of {row['table']}")
    return found


@pytest.mark.parametrize("context", names.CONTEXTS)
def test_what_locks_rows_finds_them_by_the_primary_key(mariadb: MariaDB, context: str) -> None:
    faults, asked = [], 0
    schema = mariadb.create_schema(f"locks_{context}")
    with mariadb.connect(schema) as connection, connection.cursor() as cursor:
        for folder in (SHARED, names.folder(context)):
            migrate(cursor, folder)
        fill(cursor, schema.database)
        for folder in (SHARED, names.folder(context)):
            for source in sources(folder):
                for sql in statements(source):
                    if SENT_AS_TEXT.match(sql) or not LOCKS.match(sql):
                        continue
                    faults += [f"{source.name} {fault}: {sql}" for fault in astray(cursor, sql)]
                    asked += 1
    print(f"{context}: {asked} statements that lock")
    assert asked
    assert not faults, "\n".join(faults)
