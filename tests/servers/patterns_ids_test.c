#include "patterns/ids.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/id.h"
#include "tests/servers/patterns_kit.h"

/* Somebody sets this machine's clock: for libcommon alone, which asks for the time here. */
static int64_t clock_step_s;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    const int result = (int)syscall(SYS_clock_gettime, id, ret);
    if (id == CLOCK_REALTIME)
        ret->tv_sec += clock_step_s;
    return result;
}

enum { SERVICE = 7, RENEWED_MS = 60 * 1000, FENCED_MS = 17000 };

static struct ids *start(struct db *db, const char *owner)
{
    struct ids *ids;
    assert_ok(ids_start(db, SERVICE, owner, &ids));
    return ids;
}

static int64_t next(struct ids *ids)
{
    int64_t id;
    assert_ok(ids_next(ids, &id));
    return id;
}

static unsigned node_in(int64_t id)
{
    return (unsigned)(id >> 12 & 63);
}

static int64_t mark_ms(struct db *db, unsigned node)
{
    return kit_read_i64(db, "SELECT high_water_ms FROM node_lease WHERE service = ? AND node = ?",
                        DB_ARGS(DB_U64(SERVICE), DB_U64(node)));
}

static struct ids *started[20];

struct starter {
    struct db *db;
    char owner[8];
    struct ids **ids;
};

static void starts(void *arg)
{
    const struct starter *starter = arg;
    *starter->ids = start(starter->db, starter->owner);
}

static void processes_that_start_together_get_different_nodes(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct starter starters[ARRAY_LEN(started)];
    struct task *tasks[ARRAY_LEN(started)];
    bool seen[ID_NODE_MAX + 1] = {false};

    for (size_t i = 0; i < ARRAY_LEN(started); i++) {
        starters[i] = (struct starter){.db = db, .ids = &started[i]};
        snprintf(starters[i].owner, sizeof starters[i].owner, "p%zu", i);
        tasks[i] = task_spawn("start", starts, &starters[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(started); i++)
        assert_ok(task_join(tasks[i]));
    for (size_t i = 0; i < ARRAY_LEN(started); i++) {
        const int64_t id = next(started[i]);
        assert_int_equal(node_in(id), ids_node(started[i]));
        assert_int_equal(id >> 18 & 15, SERVICE);
        assert_false(seen[node_in(id)]);
        seen[node_in(id)] = true;
    }
    for (size_t i = 0; i < ARRAY_LEN(started); i++)
        ids_stop(started[i]);
    ids_stop(NULL);
    db_close(db);
}

static void after_a_stop_the_next_holder_goes_on_behind_it(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = start(db, "first");
    char first_no[ORDER_NO_DIGITS + 1], second_no[ORDER_NO_DIGITS + 1];
    int64_t last = 0, last_for_user;

    for (int i = 0; i < 100 * 1000; i++) /* more than its milliseconds have: it borrows */
        last = next(ids);
    assert_ok(ids_next_for_user(ids, 42, &last_for_user));
    assert_ok(ids_next_order_no(ids, 42, first_no));
    const unsigned node = ids_node(ids);
    ids_stop(ids);
    assert_true(mark_ms(db, node) >= id_unix_ms(last));

    server_test_wait(RENEWED_MS, mark_ms(db, node) < clock_unix_us() / CLOCK_US_PER_MS);
    ids = start(db, "second");
    assert_int_equal(ids_node(ids), node);
    assert_true(next(ids) > last);
    int64_t id;
    assert_ok(ids_next_for_user(ids, 42, &id));
    assert_true(id > last_for_user);
    assert_int_equal(id_shard(id), id_shard_of_user(42));
    assert_ok(ids_next_order_no(ids, 42, second_no));
    assert_true(strcmp(second_no, first_no) > 0);
    ids_stop(ids);
    db_close(db);
}

static void the_node_of_one_that_died_is_left_alone_until_its_mark(struct loop *loop)
{
    struct db *db = kit_patterns(loop);

    /* Node 0 belongs to one that was killed a moment ago: lease and mark are in the future. */
    kit_write(db,
              "INSERT INTO node_lease (service, node, owner, until_at, high_water_ms) VALUES "
              "(?, 0, 'dead', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 0), "
              "(?, 1, 'dead', '2000-01-01', ?), (?, 2, '', '2000-01-01', 0)",
              DB_ARGS(DB_U64(SERVICE), DB_U64(SERVICE),
                      DB_I64(clock_unix_us() / CLOCK_US_PER_MS + 3600 * 1000), DB_U64(SERVICE)));
    struct ids *ids = start(db, "next");
    assert_int_equal(ids_node(ids), 2);
    ids_stop(ids);
    db_close(db);
}

static void a_start_that_finds_no_node_ends_at_the_deadline(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = NULL;

    kit_write(db,
              "INSERT INTO node_lease (service, node, owner, until_at) VALUES "
              "(?, 0, 'other', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)",
              DB_ARGS(DB_U64(SERVICE)));
    ids = start(db, "makes the rows");
    ids_stop(ids);
    kit_write(db, "UPDATE node_lease SET until_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR",
              DB_NO_ARGS);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CLOCK_US_PER_S);
    assert_int_equal(ids_start(db, SERVICE, "late", &ids).code, CODE_DEADLINE_EXCEEDED);
    db_close(db);
}

static void a_node_that_was_lost_is_replaced(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = start(db, "slow");
    const unsigned lost = ids_node(ids);

    kit_write(db,
              "UPDATE node_lease SET owner = 'thief', "
              "until_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE node = ?",
              DB_ARGS(DB_U64(lost)));
    server_test_wait(RENEWED_MS, ids_node(ids) != lost);
    assert_int_equal(node_in(next(ids)), ids_node(ids));
    ids_stop(ids);
    db_close(db);
}

/* As if the clock had been set back by an hour: ids of that hour are out already. */
static void the_mark_never_goes_down_while_the_node_is_held(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = start(db, "a");
    const int64_t ahead_ms = clock_unix_us() / CLOCK_US_PER_MS + 3600 * 1000;

    kit_write(db, "UPDATE node_lease SET high_water_ms = ?, until_at = '2001-01-01' WHERE node = ?",
              DB_ARGS(DB_I64(ahead_ms), DB_U64(ids_node(ids))));
    server_test_wait(RENEWED_MS,
                     kit_read_i64(db,
                                  "SELECT until_at > '2002-01-01' FROM node_lease WHERE node = ?",
                                  DB_ARGS(DB_U64(ids_node(ids)))));
    assert_true(mark_ms(db, ids_node(ids)) >= ahead_ms);
    ids_stop(ids);
    db_close(db);
}

static bool is_refused(struct ids *ids, const char *reason)
{
    int64_t id;
    const struct status st = ids_next(ids, &id);
    return status_is(&st, reason);
}

static void a_small_step_back_is_gone_over(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = start(db, "a");
    int64_t last = next(ids);

    clock_step_s = -5;
    for (int i = 0; i < 100 * 1000; i++) {
        const int64_t id = next(ids);
        assert_true(id > last);
        last = id;
    }
    ids_stop(ids);
    ids = start(db, "a"); /* behind the mark, or with another node */
    const int64_t first = next(ids);
    assert_true(first > last || node_in(first) != node_in(last));
    ids_stop(ids);
    clock_step_s = 0;
    db_close(db);
}

/* The node was free by the clock before the step; its former holder's ids are behind the mark. */
static void a_step_back_before_the_first_id_repeats_none_of_the_former_holder(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    char last_no[ORDER_NO_DIGITS + 1], number[ORDER_NO_DIGITS + 1];
    int64_t last_for_user, id;

    struct ids *ids = start(db, "first");
    const int64_t last = next(ids);
    const unsigned node = ids_node(ids);
    assert_ok(ids_next_for_user(ids, 42, &last_for_user));
    assert_ok(ids_next_order_no(ids, 42, last_no));
    ids_stop(ids);
    server_test_wait(RENEWED_MS, mark_ms(db, node) < clock_unix_us() / CLOCK_US_PER_MS);
    ids = start(db, "second");
    assert_int_equal(ids_node(ids), node);
    clock_step_s = -5;
    assert_true(next(ids) > last);
    assert_ok(ids_next_for_user(ids, 42, &id));
    assert_true(id > last_for_user);
    assert_ok(ids_next_order_no(ids, 42, number));
    assert_true(strcmp(number, last_no) > 0);
    clock_step_s = 0;
    ids_stop(ids);
    db_close(db);
}

static void a_large_step_ends_ids_until_the_clocks_agree(struct loop *loop, int64_t step_s)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = start(db, "a");
    const int64_t last = next(ids);
    const unsigned node = ids_node(ids);

    clock_step_s = step_s;
    server_test_wait(RENEWED_MS, is_refused(ids, "ID_CLOCK_SKEWED"));
    assert_reason(ids_check(ids), "ID_CLOCK_SKEWED");
    /* The mark is of the time before the step. */
    assert_true(mark_ms(db, node) < id_unix_ms(last) + FENCED_MS);
    struct ids *other = NULL;
    assert_reason(ids_start(db, SERVICE, "b", &other), "ID_CLOCK_SKEWED");

    clock_step_s = 0;
    int64_t id = 0;
    server_test_wait(RENEWED_MS, ids_next(ids, &id).code == CODE_OK);
    assert_true(id > last);
    assert_int_equal(ids_node(ids), node);
    ids_stop(ids);
    db_close(db);
}

static void a_large_step_forward_ends_ids(struct loop *loop)
{
    a_large_step_ends_ids_until_the_clocks_agree(loop, 3600);
}

static void a_large_step_back_ends_ids(struct loop *loop)
{
    a_large_step_ends_ids_until_the_clocks_agree(loop, -3600);
}

static void without_a_renewal_ids_end_at_the_fence(struct loop *loop)
{
    struct db *db = kit_patterns(loop);
    struct ids *ids = start(db, "a");
    MYSQL *blocker = kit_blocking();
    char number[ORDER_NO_DIGITS + 1];
    int64_t id, last = 0;

    kit_blocking_text(blocker, "SET idle_transaction_timeout = 0");
    kit_blocking_text(blocker, "BEGIN");
    kit_blocking_text(blocker, "SELECT * FROM node_lease WHERE node = 0 FOR UPDATE");
    server_test_wait(RENEWED_MS, ids_next(ids, &id).code != CODE_OK || (last = id) == 0);
    assert_reason(ids_next(ids, &id), "ID_FENCE_REACHED");
    assert_reason(ids_next_for_user(ids, 42, &id), "ID_FENCE_REACHED");
    assert_reason(ids_next_order_no(ids, 42, number), "ID_FENCE_REACHED");
    assert_true(id_unix_ms(last) < mark_ms(db, ids_node(ids)));
    kit_blocking_text(blocker, "COMMIT");
    mysql_close(blocker);
    server_test_wait(RENEWED_MS, ids_next(ids, &id).code == CODE_OK);
    assert_true(id > last);
    ids_stop(ids);
    db_close(db);
}

SERVER_TESTS(processes_that_start_together_get_different_nodes,
             after_a_stop_the_next_holder_goes_on_behind_it,
             the_node_of_one_that_died_is_left_alone_until_its_mark,
             a_start_that_finds_no_node_ends_at_the_deadline, a_node_that_was_lost_is_replaced,
             the_mark_never_goes_down_while_the_node_is_held, a_small_step_back_is_gone_over,
             a_step_back_before_the_first_id_repeats_none_of_the_former_holder,
             a_large_step_forward_ends_ids, a_large_step_back_ends_ids,
             without_a_renewal_ids_end_at_the_fence)
