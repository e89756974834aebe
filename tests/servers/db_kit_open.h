#pragma once

/*
 * db_kit_open: a test's database, for tests that name things as libevent does and so cannot see the
 * insides of db.
 */

#include "io/db.h"
#include "tests/servers/server_test.h"

/* More than any test needs, unless it says so. */
enum { KIT_WAITING_MAX = 1000 };

UNUSED static struct db_config kit_config(size_t connections_max, size_t waiting_max)
{
    return (struct db_config){
        .host = server_test_env("SOUK_TEST_DB_HOST"),
        .port = (uint16_t)atoi(server_test_env("SOUK_TEST_DB_PORT")),
        .database = server_test_env("SOUK_TEST_DB_NAME"),
        .user = server_test_env("SOUK_TEST_DB_USER"),
        .password = server_test_env("SOUK_TEST_DB_PASSWORD"),
        .connections_max = connections_max,
        .waiting_max = waiting_max,
    };
}

UNUSED static struct db *kit_db_with(struct loop *loop, size_t connections_max, size_t waiting_max)
{
    const struct db_config config = kit_config(connections_max, waiting_max);
    struct db *db;

    assert_ok(db_open(loop, &config, &db));
    return db;
}

UNUSED static struct db *kit_db(struct loop *loop, size_t connections_max)
{
    return kit_db_with(loop, connections_max, KIT_WAITING_MAX);
}
