#include "patterns/lease.h"

#include "tests/servers/patterns_kit.h"

enum { SOON_MS = 60 * 1000 };

static int64_t now_in_db_us(struct db *db)
{
    return kit_read_i64(db, "SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * 1000000 AS SIGNED)",
                        DB_NO_ARGS);
}

static int64_t until_us(struct db *db)
{
    return kit_read_i64(db, "SELECT CAST(UNIX_TIMESTAMP(until_at) * 1000000 AS SIGNED) FROM lease",
                        DB_NO_ARGS);
}

static void of_two_one_holds_and_a_stop_hands_over(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct lease *first = lease_start(db, "job", "first"), *second;

    server_test_wait(SOON_MS, lease_is_held(first));
    assert_int_equal(lease_term(first), 1);
    second = lease_start(db, "job", "second");
    assert_ok(task_sleep_us(500 * CLOCK_US_PER_MS));
    assert_false(lease_is_held(second));
    assert_true(lease_is_held(first));

    lease_stop(first); /* given back: no need to wait for it to run out */
    assert_int_equal(
        kit_read_i64(db, "SELECT COUNT(*) FROM lease WHERE owner = 'first'", DB_NO_ARGS), 0);
    server_test_wait(SOON_MS, lease_is_held(second));
    lease_stop(second);
    db_close(db);
}

static size_t count_held(struct lease *const *leases, size_t count)
{
    size_t held = 0;

    for (size_t i = 0; i < count; i++)
        held += lease_is_held(leases[i]);
    return held;
}

static void at_the_same_moment_only_one_gets_it(struct loop *loop)
{
    static char owners[8][8];
    struct db *db = kit_patterns(loop);
    struct lease *leases[8];

    for (size_t i = 0; i < ARRAY_LEN(leases); i++) {
        snprintf(owners[i], sizeof owners[i], "o%zu", i);
        leases[i] = lease_start(db, "job", owners[i]);
    }
    server_test_wait(SOON_MS, count_held(leases, ARRAY_LEN(leases)));
    assert_ok(task_sleep_us(1000 * CLOCK_US_PER_MS)); /* the others have looked, and look again */
    assert_int_equal(count_held(leases, ARRAY_LEN(leases)), 1);
    for (size_t i = 0; i < ARRAY_LEN(leases); i++)
        lease_stop(leases[i]);
    db_close(db);
}

static void leases_of_different_names_do_not_meet(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct lease *first = lease_start(db, "job", "a"), *second = lease_start(db, "other", "b");

    server_test_wait(SOON_MS, lease_is_held(first) && lease_is_held(second));
    lease_stop(first);
    lease_stop(second);
    db_close(db);
}

static void what_was_anothers_meanwhile_is_a_new_term(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct lease *lease = lease_start(db, "job", "a");

    server_test_wait(SOON_MS, lease_is_held(lease));
    /* While we were frozen somebody took it, worked, and gave it back. */
    kit_write(db, "UPDATE lease SET owner = '', until_at = '2000-01-01'", DB_NO_ARGS);
    server_test_wait(SOON_MS, lease_term(lease) == 2);
    assert_true(lease_is_held(lease));
    lease_stop(lease);
    db_close(db);
}

static void what_is_anothers_now_is_given_up(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct lease *lease = lease_start(db, "job", "a");

    server_test_wait(SOON_MS, lease_is_held(lease));
    kit_write(db, "UPDATE lease SET owner = 'b', until_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR",
              DB_NO_ARGS);
    server_test_wait(SOON_MS, !lease_is_held(lease));
    lease_stop(lease); /* and leaves the other's alone */
    assert_true(until_us(db) > now_in_db_us(db));
    db_close(db);
}

static bool waiter_is_through;

static void waits_for_lease(void *lease)
{
    status_ignore(lease_wait(lease), "the test looks");
    waiter_is_through = true;
}

/*
 * Its renewals hang, as they do when the network does: it must stop believing before the row runs
 * out, because then another may take it. When the renewal comes through after all, whoever waits
 * has to hear of it.
 */
static void an_owner_that_cannot_renew_stops_believing_first(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct lease *lease = lease_start(db, "job", "a");
    MYSQL *blocker = kit_blocking();

    server_test_wait(SOON_MS, lease_is_held(lease));
    kit_blocking_text(blocker, "BEGIN");
    kit_blocking_text(blocker, "SELECT * FROM lease FOR UPDATE");
    const int64_t over_us = until_us(db);
    for (;;) { /* whoever believes now believed at the time that was asked for before */
        const int64_t asked_us = now_in_db_us(db);
        if (!lease_is_held(lease))
            break;
        assert_true(asked_us < over_us);
    }

    waiter_is_through = false;
    struct task *waiter = task_spawn("waiter", waits_for_lease, lease);
    assert_ok(task_yield());
    kit_blocking_text(blocker, "COMMIT");
    mysql_close(blocker);
    server_test_wait(SOON_MS, lease_is_held(lease));
    server_test_wait(SOON_MS, waiter_is_through);
    assert_ok(task_join(waiter));
    lease_stop(lease);
    db_close(db);
}

SERVER_TESTS(of_two_one_holds_and_a_stop_hands_over, at_the_same_moment_only_one_gets_it,
             leases_of_different_names_do_not_meet, what_was_anothers_meanwhile_is_a_new_term,
             what_is_anothers_now_is_given_up, an_owner_that_cannot_renew_stops_believing_first)
