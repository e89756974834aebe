"""tools/check-sql: what it lets pass, and what it does not."""

from pathlib import Path

import pytest
from check_kit import complaints

REPO = "svc-cart/cart_repo.c"
MIGRATION = "svc-cart/migrations/0001_create_cart.sql"
TABLE = "CREATE TABLE IF NOT EXISTS cart (\n    {}\n) COLLATE = utf8mb4_bin\n"

FINE = [
    (REPO, 'db_query(tx, "SELECT a FROM cart WHERE id = ?", args, &rows);'),
    (REPO, 'db_query(tx, "SELECT " COLUMNS " FROM cart LIMIT ?", args, &rows);'),
    (REPO, "db_query(tx, sql, args, &rows);"),
    (REPO, '/* "SELECT * FROM cart" is what we do not do. */'),
    (REPO, 'db_exec(tx, "UPDATE cart SET a = 1 "\n        "WHERE id = ?", args, NULL);'),
    ("libcommon/patterns/inbox.c", 'x("INSERT INTO inbox (a) VALUES (?)");'),
    (REPO, 'x("INSERT INTO cart (a) VALUES {,|(?)} "\n  "ON DUPLICATE KEY UPDATE a = VALUES(a)");'),
    (REPO, 'x("UPDATE cart SET a = REPLACE(a, ?, ?) WHERE id = ?");'),
    ("svc-cart/cart_service.c", 'log_info("update of the cart set aside");'),
    (MIGRATION, TABLE.format("at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)")),
]
FAULTS = [
    ("svc-cart/cart_service.c", 'x("SELECT a FROM cart");', "belongs into a *_repo.c"),
    ("svc-cart/cart.h", '#define S "UPDATE cart " \\\n    "SET a = 1"', "belongs into a"),
    ("libcommon/io/mq_client.c", 'x("DELETE FROM cart");', "belongs into a *_repo.c"),
    (REPO, 'x("SELECT * FROM cart");', "columns are named"),
    (REPO, 'x("SELECT c.* FROM cart c");', "columns are named"),
    (REPO, 'x("SELECT a FROM cart "\n  "LIMIT 5 OFFSET ?");', "behind the last key"),
    (REPO, 'x("SELECT a FROM cart LIMIT ?, 5");', "behind the last key"),
    (REPO, 'x("SELECT a FROM cart FOR UPDATE "\n  "SKIP "\n  "LOCKED");', "TiDB"),
    (REPO, 'x("INSERT INTO cart (a) VALUES (?) RETURNING a");', "MySQL has none"),
    (REPO, 'x("REPLACE INTO cart (a) VALUES (?)");', "deletes first"),
    (REPO, 'x("REPLACE cart (a) VALUES (?)");', "deletes first"),
    (REPO, 'x("REPLACE LOW_PRIORITY INTO cart (a) VALUES (?)");', "deletes first"),
    (REPO, 'x("INSERT IGNORE INTO cart (a) VALUES (?)");', "hides errors"),
    (REPO, 'x("INSERT INTO a (b) VALUES (?) AS n ON DUPLICATE KEY UPDATE b = n.b");', "MySQL's"),
    (REPO, 'x("INSERT INTO a (b) VALUES (?) AS n (c) ON DUPLICATE KEY UPDATE b = c");', "MySQL's"),
    (REPO, 'x("SELECT a FROM cart LOCK IN SHARE MODE");', "FOR UPDATE"),
    (REPO, 'x("SELECT a FROM cart FOR SHARE");', "FOR UPDATE"),
    (REPO, 'x("SELECT a ->> ? FROM cart");', "opaque"),
    (REPO, 'x("SELECT JSON_VALUE(a, ?) FROM cart");', "opaque"),
    (REPO, 'x("SELECT a FROM JSON_TABLE(?, ?) t");', "opaque"),
    (REPO, 'x("SELECT a FROM cart, LATERAL (SELECT 1) t");', "not everywhere"),
    (REPO, 'x("WITH t AS (SELECT 1) SELECT a FROM t");', "cannot be prepared"),
    (REPO, 'x("SELECT ANY_VALUE(a) FROM cart");', "not everywhere"),
    (REPO, 'x("SELECT a FROM b EXCEPT SELECT a FROM c");', "not everywhere"),
    (REPO, 'x("SELECT a FROM b INTERSECT SELECT a FROM c");', "not everywhere"),
    (REPO, 'x("SELECT a FROM cart WHERE MATCH (a) AGAINST (?)");', "not on every engine"),
    (REPO, 'x("SELECT NEXT VALUE FOR numbers");', "not on every engine"),
    (REPO, 'x("SELECT seq FROM seq_1_to_9");', "not on every engine"),
    (REPO, 'x("CREATE TEMPORARY TABLE t (a BIGINT)");', "not on every engine"),
    (REPO, "x(\"XA START 'a'\");", "not on every engine"),
    (REPO, 'x("CALL sell(?)");', "no code in the database"),
    (REPO, "x(\"LOAD DATA LOCAL INFILE 'a' INTO TABLE b\");", "db_insert_rows"),
    (REPO, "x(\"SELECT CONVERT_TZ(a, 'UTC', 'Asia/Singapore') FROM b\");", "times are UTC"),
    (REPO, 'x("SET STATEMENT max_statement_time = 1 FOR SELECT 1");', "the task has a deadline"),
    (REPO, 'x("SELECT /*+ MAX_EXECUTION_TIME(9) */ a FROM b");', "the task has a deadline"),
    (REPO, 'x("TRUNCATE TABLE cart");', "changes every row"),
    (REPO, 'x("select * from cart");', "in capitals"),
    (REPO, 'x("DELETE FROM cart where id = ?");', "in capitals"),
    (REPO, 'x("SELECT a FROM cart WHERE id = ? for update");', "in capitals"),
    (REPO, 'x("SELECT AVG(a) FROM cart");', "SUM and COUNT"),
    (REPO, 'arena_printf(arena, "SELECT a FROM %s", table);', "not formatted"),
    (REPO, 'x("UPDATE cart SET a = %" PRId64 " WHERE id = 1");', "not formatted"),
    (REPO, 'x("DELETE FROM cart");', "changes every row"),
    (REPO, 'x("UPDATE cart SET a = 1");', "changes every row"),
    (REPO, "db_exec(tx, text_of(&built), args, NULL);", "SQL is a literal"),
    ("svc-cart/cart_service.c", "db_exec(&tx, built, args, NULL);", "SQL is a literal"),
    ("svc-cart/cart_service.c", 'db_exec(&tx, "truncate a", args, NULL);', "belongs into a"),
    ("svc-cart/cart_service.c", 'x("REPLACE cart (a) VALUES (?)");', "belongs into a"),
    ("svc-cart/cart_service.c", 'x("DELETE a FROM a WHERE id = ?");', "belongs into a"),
    ("svc-cart/cart_service.c", 'x("CREATE UNIQUE INDEX a ON b (c)");', "belongs into a"),
    (MIGRATION, TABLE.format("price DECIMAL(10, 2)"), "whole numbers"),
    (MIGRATION, TABLE.format("price NUMERIC(10, 2)"), "whole numbers"),
    (MIGRATION, TABLE.format("price double"), "whole numbers"),
    (MIGRATION, TABLE.format("a BIGINT CHECK (a > 0)"), "UNSIGNED"),
    (MIGRATION, TABLE.format("a JSON"), "another type"),
    (MIGRATION, TABLE.format("a UUID"), "another type"),
    (MIGRATION, "ALTER TABLE cart ADD COLUMN IF NOT EXISTS a BIGINT", "not on MySQL"),
    (MIGRATION, "ALTER TABLE cart\n    DROP COLUMN IF EXISTS a", "not on MySQL"),
    (MIGRATION, "CREATE UNIQUE INDEX IF NOT EXISTS a ON cart (b)", "not on MySQL"),
    (MIGRATION, TABLE.format("a BIGINT").replace(") COL", ") ENGINE = Aria COL"), "InnoDB"),
    (MIGRATION, TABLE.format("a BIGINT") + ";\nDROP TABLE b", "one statement"),
    (MIGRATION, TABLE.format("at DATETIME NOT NULL"), "DATETIME(6)"),
    (MIGRATION, TABLE.format("at TIMESTAMP NOT NULL"), "session's zone"),
    (MIGRATION, TABLE.format("FOREIGN KEY (a) REFERENCES b (a)"), "not on every engine"),
    (MIGRATION, "CREATE TABLE IF NOT EXISTS cart (a BIGINT)", "collation"),
    (MIGRATION, TABLE.replace("IF NOT EXISTS ", "").format("a BIGINT"), "after a crash"),
]


@pytest.mark.parametrize(("file", "text"), FINE)
def test_lets_pass(tmp_path: Path, file: str, text: str) -> None:
    assert complaints("check-sql", tmp_path, {file: text}) == []


@pytest.mark.parametrize(("file", "text", "why"), FAULTS)
def test_refuses(tmp_path: Path, file: str, text: str, why: str) -> None:
    found = complaints("check-sql", tmp_path, {file: text})
    assert found
    assert all(line.startswith(file) for line in found)
    assert any(why in line for line in found)


def test_says_the_line(tmp_path: Path) -> None:
    text = '/* a\n * b */\nx("SELECT * FROM cart");\n'
    (line,) = complaints("check-sql", tmp_path, {REPO: text})
    assert line.startswith(f"{REPO}:3: ")
