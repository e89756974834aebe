"""Every statement of every service is prepared by the server, over the tables of its migrations.

What check-sql cannot see: a column that is not there, a table of another context, a word that means
something else, a set that does not expand.
"""

import functools
import re
import subprocess
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pymysql
import pytest
from soukdev import names, paths
from soukdev.mariadb import MariaDB


def load_check_sql() -> Any:
    module = ModuleType("check_sql")
    SourceFileLoader("check_sql", str(paths.ROOT / "tools/check-sql")).exec_module(module)
    return module


check_sql = load_check_sql()

SHARED = "libcommon"
LITERALS = re.compile(rf"{check_sql.TEXT}(?:\s*{check_sql.TEXT})*")
SIZES = (1, 8)
# What text cannot be prepared: it is sent as it is, by migrate alone.
SENT_AS_TEXT = re.compile(r"\s*CREATE TABLE\b")


def own_lines(source: Path) -> str:
    """A C file as the compiler sees it, macros replaced, without what it includes."""
    includes = ("libcommon", "build/gen", ".", str(source.parent.relative_to(paths.ROOT)))
    done = subprocess.run(
        ["cc", "-E", "-D_GNU_SOURCE", *(f"-I{folder}" for folder in includes), source],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    own, lines = False, []
    for line in done.stdout.splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            own = marker[1] == str(source)
        elif own:
            lines.append(line)
    return "\n".join(lines)


@functools.cache
def statements(source: Path) -> list[str]:
    found = []
    for literal in LITERALS.finditer(own_lines(source)):
        parts = re.findall(check_sql.TEXT, literal[0])
        text = "".join(part[1:-1] for part in parts).encode().decode("unicode_escape")
        if check_sql.STATEMENT.match(text):
            found.append(text)
    return found


def sources(folder: str) -> Iterator[Path]:
    """The files of a service, or of libcommon, that may have SQL."""
    for source in sorted((paths.ROOT / folder).rglob("*.c")):
        if check_sql.HOMES.fullmatch(str(source.relative_to(paths.ROOT))):
            yield source


def expand(sql: str, rows: int) -> str:
    """As db_template_expand does."""
    quoted_or_group = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\{(.)\|([^}]*)\}""")
    return quoted_or_group.sub(lambda m: m[0] if m[1] is None else m[1].join([m[2]] * rows), sql)


def migrate(cursor: Any, folder: str) -> None:
    for file in sorted((paths.ROOT / folder).rglob("migrations/*.sql")):
        cursor.execute(file.read_text())
    for source in sources(folder):
        for sql in statements(source):
            if SENT_AS_TEXT.match(sql):
                cursor.execute(sql)


@pytest.mark.parametrize("context", names.CONTEXTS)
def test_statements_can_be_prepared(mariadb: MariaDB, context: str) -> None:
    service = names.folder(context)
    refused, prepared, repos = [], 0, 0
    schema = mariadb.create_schema(f"gate_{context}")
    with mariadb.connect(schema) as connection, connection.cursor() as cursor:
        for folder in (SHARED, service):
            migrate(cursor, folder)
        for source in (*sources(SHARED), *sources(service)):
            mine = [sql for sql in statements(source) if not SENT_AS_TEXT.match(sql)]
            for sql in mine:
                for rows in SIZES if "{" in sql else SIZES[:1]:
                    try:
                        cursor.execute("PREPARE gate FROM %s", (expand(sql, rows),))
                        prepared += 1
                    except pymysql.Error as error:
                        refused.append(f"{source.relative_to(paths.ROOT)}: {sql}: {error}")
            # Most of db's own files may have some and have none.
            assert mine or source.parent.name == "io", f"no statement was found in {source}"
            repos += source.name.endswith("_repo.c")
    assert repos, f"{service} has no *_repo.c"
    print(f"{service}: {prepared} statements prepared")
    assert not refused, "\n".join(refused)
