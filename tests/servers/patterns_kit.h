#pragma once

/*
 * patterns_kit: the tables of libcommon's patterns, empty, in a real database.
 */

#include "io/migrate.h"
#include "patterns/patterns_migrations.h"
#include "tests/servers/db_kit.h"

UNUSED static struct db *kit_patterns(struct loop *loop)
{
    static const char *const empty[] = {
        "TRUNCATE lease",  "TRUNCATE node_lease",    "TRUNCATE request",
        "TRUNCATE outbox", "TRUNCATE outbox_cursor", "TRUNCATE inbox",
        "TRUNCATE saga",   "TRUNCATE parked_event",  "TRUNCATE outbox_parked",
    };
    struct db *db = kit_db(loop, 20);

    assert_ok(migrate(db, "libcommon", patterns_migrations, patterns_migration_count));
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        kit_text(db, empty[i]);
    return db;
}

/* A statement of a connection of its own that blocks the loop until it is done. */
UNUSED static void kit_blocking_text(MYSQL *mysql, const char *sql)
{
    if (mysql_query(mysql, sql) != 0)
        fail_msg("%s: %s", sql, mysql_error(mysql));
    mysql_free_result(mysql_store_result(mysql));
}
