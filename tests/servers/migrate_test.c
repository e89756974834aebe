#include "io/migrate.h"

#include <xxhash.h>

#include "tests/servers/db_kit.h"

static const struct migration steps[] = {
    {"0001_create_thing", "CREATE TABLE thing (id INT PRIMARY KEY)"},
    {"0002_add_name", "ALTER TABLE thing ADD COLUMN name VARCHAR(40) NOT NULL DEFAULT 'none'"},
    {"0003_index_name", "CREATE INDEX thing_name ON thing (name)"},
    {"0004_fill", "INSERT INTO thing (id) VALUES (1), (2)"},
    {"0005_drop_index", "ALTER TABLE thing DROP INDEX thing_name"},
};

static struct db *fresh(struct loop *loop)
{
    struct db *db = kit_db(loop, 4);
    kit_text(db, "DROP TABLE IF EXISTS schema_migration, thing, other");
    return db;
}

static int64_t recorded(struct db *db)
{
    return kit_read_i64(db, "SELECT COUNT(*) FROM schema_migration WHERE applied_at IS NOT NULL",
                        DB_NO_ARGS);
}

static int64_t things(struct db *db)
{
    return kit_read_i64(db, "SELECT COUNT(*) FROM thing", DB_NO_ARGS);
}

static void steps_run_once_and_in_their_order(struct loop *loop)
{
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 2));
    assert_int_equal(recorded(db), 2);
    assert_ok(migrate(db, "test", steps, ARRAY_LEN(steps)));
    assert_ok(migrate(db, "test", steps, ARRAY_LEN(steps)));
    assert_int_equal(recorded(db), ARRAY_LEN(steps));
    assert_int_equal(things(db), 2);
    assert_int_equal(kit_read_i64(db, "SELECT COUNT(*) FROM thing WHERE name = 'none'", DB_NO_ARGS),
                     2);
    db_close(db);
}

static void components_do_not_see_each_others_steps(struct loop *loop)
{
    static const struct migration others[] = {
        {"0001_create_thing", "CREATE TABLE other (id INT PRIMARY KEY)"},
    };
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 1));
    assert_ok(migrate(db, "other", others, ARRAY_LEN(others)));
    assert_int_equal(recorded(db), 2);
    assert_ok(migrate(db, "none", NULL, 0));
    db_close(db);
}

static void a_step_that_changed_is_refused(struct loop *loop)
{
    struct migration changed[ARRAY_LEN(steps)];
    struct db *db = fresh(loop);
    memcpy(changed, steps, sizeof steps);
    changed[0].sql = "CREATE TABLE thing (id BIGINT PRIMARY KEY)";
    assert_ok(migrate(db, "test", steps, 1));
    const struct status st = migrate(db, "test", changed, ARRAY_LEN(changed));
    assert_int_equal(st.code, CODE_FAILED_PRECONDITION);
    assert_string_equal(st.reason, "MIGRATION_CHANGED");
    assert_int_equal(recorded(db), 1);
    db_close(db);
}

static void a_newer_schema_is_fine_but_not_one_with_a_step_in_between(struct loop *loop)
{
    static const struct migration between[] = {
        {"0001_create_thing", "CREATE TABLE thing (id INT PRIMARY KEY)"},
        {"0003_index_name", "CREATE INDEX thing_name ON thing (name)"},
    };
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 3));
    assert_ok(migrate(db, "test", steps, 1));
    assert_reason(migrate(db, "test", between, ARRAY_LEN(between)), "MIGRATION_UNKNOWN");
    db_close(db);
}

static void begun(struct db *db, size_t step)
{
    unsigned char digest[16];
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(steps[step].sql, strlen(steps[step].sql)));
    memcpy(digest, canonical.digest, sizeof digest);
    kit_write(db, "INSERT INTO schema_migration VALUES ('test', ?, ?, NULL)",
              DB_ARGS(DB_TEXT(steps[step].name), DB_BYTES(digest, sizeof digest)));
}

static void a_crash_after_the_step_and_before_its_record_is_survived(struct loop *loop)
{
    for (size_t step = 0; step < ARRAY_LEN(steps); step++) {
        struct db *db = fresh(loop);
        assert_ok(migrate(db, "test", steps, step));
        if (step == 0)
            assert_ok(migrate(db, "none", NULL, 0)); /* makes the table of records */
        begun(db, step);
        if (step != 3) /* data and its record are one */
            kit_text(db, steps[step].sql);
        assert_ok(migrate(db, "test", steps, ARRAY_LEN(steps)));
        assert_int_equal(recorded(db), ARRAY_LEN(steps));
        assert_int_equal(things(db), 2);
        db_close(db);
    }
}

static void a_crash_before_the_step_is_survived(struct loop *loop)
{
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 1));
    begun(db, 1);
    assert_ok(migrate(db, "test", steps, ARRAY_LEN(steps)));
    assert_int_equal(recorded(db), ARRAY_LEN(steps));
    db_close(db);
}

static void a_table_that_somebody_else_made_is_no_step_of_ours(struct loop *loop)
{
    struct db *db = fresh(loop);
    kit_text(db, "CREATE TABLE thing (something VARCHAR(3))");
    for (int i = 0; i < 2; i++) {
        const struct status st = migrate(db, "test", steps, ARRAY_LEN(steps));
        assert_int_equal(st.code, CODE_INTERNAL);
        assert_non_null(strstr(st.detail, "0001_create_thing"));
        assert_non_null(strstr(st.detail, "1050"));
    }
    assert_int_equal(recorded(db), 0);
    kit_text(db, "DROP TABLE thing");
    assert_ok(migrate(db, "test", steps, ARRAY_LEN(steps)));
    db_close(db);
}

static void data_that_fails_half_way_leaves_nothing(struct loop *loop)
{
    static const struct migration fails[] = {
        {"0001_create_thing", "CREATE TABLE thing (id INT PRIMARY KEY)"},
        {"0002_fill", "INSERT INTO thing VALUES (1), (2), (1)"},
    };
    struct db *db = fresh(loop);
    assert_reason(migrate(db, "test", fails, ARRAY_LEN(fails)), "DUPLICATE_KEY");
    assert_int_equal(recorded(db), 1);
    assert_int_equal(things(db), 0);
    db_close(db);
}

struct migrating {
    struct db *db;
    struct status st;
};

static void migrates(void *arg)
{
    struct migrating *m = arg;
    m->st = migrate(m->db, "test", steps, ARRAY_LEN(steps));
}

static void data_and_its_record_are_one_also_when_tried_again(struct loop *loop)
{
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 3));
    begun(db, 3);
    AUTO(db_tx_end) struct db_tx user = {0};
    assert_ok(db_tx_begin(&user, db));
    assert_ok(db_exec(&user,
                      "UPDATE schema_migration SET digest = digest, component = 'x'"
                      " WHERE name = '0004_fill'",
                      DB_NO_ARGS, NULL)); /* its record waits until it gives up */
    struct migrating m = {.db = db};
    struct task *task = task_spawn("migrates", migrates, &m);
    server_test_wait(60000, kit_running("UPDATE schema_migration SET applied_at") == 1);
    server_test_wait(60000, kit_running("UPDATE schema_migration SET applied_at") == 0);
    db_tx_end(&user);
    assert_ok(task_join(task));
    assert_ok(m.st);
    assert_int_equal(things(db), 2);
    db_close(db);
}

static void of_many_at_once_one_works_and_the_others_find_it_done(struct loop *loop)
{
    enum { MANY = 6 };
    struct db *db = fresh(loop);
    struct migrating all[MANY];
    struct task *tasks[MANY];
    for (int i = 0; i < MANY; i++) {
        all[i] = (struct migrating){.db = kit_db(loop, 1)};
        tasks[i] = task_spawn("migrates", migrates, &all[i]);
    }
    for (int i = 0; i < MANY; i++) {
        assert_ok(task_join(tasks[i]));
        assert_ok(all[i].st);
        db_close(all[i].db);
    }
    assert_int_equal(recorded(db), ARRAY_LEN(steps));
    assert_int_equal(things(db), 2);
    db_close(db);
}

static void a_step_waits_for_its_table_without_holding_it_up(struct loop *loop)
{
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 1));
    AUTO(db_tx_end) struct db_tx user = {0};
    assert_ok(db_tx_begin(&user, db));
    assert_ok(db_exec(&user, "INSERT INTO thing VALUES (9)", DB_NO_ARGS, NULL));
    struct migrating m = {.db = db};
    struct task *task = task_spawn("migrates", migrates, &m);
    server_test_wait(60000, kit_running("ALTER TABLE thing") == 1);
    server_test_wait(60000, kit_running("ALTER TABLE thing") == 0); /* it gave up for now */
    assert_ok(db_tx_commit(&user));
    assert_ok(task_join(task));
    assert_ok(m.st);
    assert_int_equal(things(db), 3);
    db_close(db);
}

static void a_migration_can_be_cancelled(struct loop *loop)
{
    struct db *db = fresh(loop);
    assert_ok(migrate(db, "test", steps, 1));
    AUTO(db_tx_end) struct db_tx user = {0};
    assert_ok(db_tx_begin(&user, db));
    assert_ok(db_exec(&user, "INSERT INTO thing VALUES (9)", DB_NO_ARGS, NULL));
    struct migrating m = {.db = db};
    struct task *task = task_spawn("migrates", migrates, &m);
    server_test_wait(60000, kit_running("ALTER TABLE thing") == 1);
    task_cancel(task);
    assert_ok(task_join(task));
    assert_int_equal(m.st.code, CODE_CANCELLED);
    db_tx_end(&user);
    assert_ok(migrate(db, "test", steps, ARRAY_LEN(steps)));
    db_close(db);
}

static const struct migration out_of_order[] = {{"0002_b", "DO 1"}, {"0001_a", "DO 1"}};
static struct db *db_for_bug;

static void migrates_out_of_order(void)
{
    status_ignore(migrate(db_for_bug, "test", out_of_order, ARRAY_LEN(out_of_order)), "a bug");
}

static void steps_out_of_order_are_a_bug(struct loop *loop)
{
    db_for_bug = kit_db(loop, 1);
    assert_true(unit_aborts(migrates_out_of_order));
    db_close(db_for_bug);
}

SERVER_TESTS(steps_run_once_and_in_their_order, components_do_not_see_each_others_steps,
             a_step_that_changed_is_refused,
             a_newer_schema_is_fine_but_not_one_with_a_step_in_between,
             a_crash_after_the_step_and_before_its_record_is_survived,
             a_crash_before_the_step_is_survived,
             a_table_that_somebody_else_made_is_no_step_of_ours,
             data_that_fails_half_way_leaves_nothing,
             data_and_its_record_are_one_also_when_tried_again,
             of_many_at_once_one_works_and_the_others_find_it_done,
             a_step_waits_for_its_table_without_holding_it_up, a_migration_can_be_cancelled,
             steps_out_of_order_are_a_bug)
