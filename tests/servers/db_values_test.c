#include <limits.h>

#include "tests/servers/db_kit.h"

/* What goes in comes out. */

static const char all_kinds[] = "id INT PRIMARY KEY, small TINYINT, i BIGINT, u BIGINT UNSIGNED,"
                                " t VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,"
                                " b VARBINARY(300), big LONGBLOB, at DATETIME(6), day DATE,"
                                " amount DECIMAL(30,2), fine DECIMAL(10,0), five YEAR";

static void insert_i64(struct db *db, int id, struct db_value i, struct db_value u)
{
    kit_write(db, "INSERT INTO kinds (id, i, u) VALUES (?, ?, ?)", DB_ARGS(DB_I64(id), i, u));
}

static void integers_keep_their_value_and_sign(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    kit_table(db, "kinds", all_kinds);
    insert_i64(db, 1, DB_I64(INT64_MIN), DB_U64(0));
    insert_i64(db, 2, DB_I64(INT64_MAX), DB_U64(UINT64_MAX));
    insert_i64(db, 3, DB_I64(-1), DB_I64(7));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT i, u FROM kinds ORDER BY id", DB_NO_ARGS, &rows));
    assert_true(db_rows_next(&rows));
    assert_true(db_get_i64(&rows, 0) == INT64_MIN);
    assert_true(db_get_u64(&rows, 1) == 0);
    assert_true(db_rows_next(&rows));
    assert_true(db_get_i64(&rows, 0) == INT64_MAX);
    assert_true(db_get_u64(&rows, 0) == INT64_MAX);
    assert_true(db_get_u64(&rows, 1) == UINT64_MAX);
    assert_true(db_rows_next(&rows));
    assert_true(db_get_i64(&rows, 0) == -1);
    assert_true(db_get_i64(&rows, 1) == 7);
    assert_false(db_rows_next(&rows));
    db_tx_end(&tx);
    db_close(db);
}

static void every_width_of_integer_is_read(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    kit_table(db, "widths",
              "a TINYINT, b TINYINT UNSIGNED, c SMALLINT, d SMALLINT UNSIGNED,"
              " e MEDIUMINT, f MEDIUMINT UNSIGNED, g INT, h INT UNSIGNED, y YEAR");
    kit_write(db, "INSERT INTO widths VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
              DB_ARGS(DB_I64(-128), DB_I64(255), DB_I64(-32768), DB_I64(65535), DB_I64(-8388608),
                      DB_I64(16777215), DB_I64(INT_MIN), DB_I64(UINT_MAX), DB_I64(2026)));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT a, b, c, d, e, f, g, h, y FROM widths", DB_NO_ARGS, &rows));
    assert_true(db_rows_next(&rows));
    const int64_t wanted[] = {-128,     255,     -32768,   65535, -8388608,
                              16777215, INT_MIN, UINT_MAX, 2026};
    for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
        assert_true(db_get_i64(&rows, i) == wanted[i]);
    db_tx_end(&tx);
    db_close(db);
}

static void text_and_bytes_come_back_as_they_were(struct loop *loop)
{
    static const char cart[] = "caf\xc3\xa9 \xf0\x9f\x9b\x92 '\"\\%_?{"; /* U+1F6D2, four bytes */
    static const unsigned char odd[] = {0, 255, 0, '\'', '\\', 10, 0};
    struct db *db = kit_db(loop, 1);
    kit_table(db, "kinds", all_kinds);
    kit_write(db, "INSERT INTO kinds (id, t, b, big) VALUES (?, ?, ?, ?), (?, ?, ?, ?)",
              DB_ARGS(DB_I64(1), DB_TEXT(cart), DB_BYTES(odd, sizeof odd), DB_BYTES("", 0),
                      DB_I64(2), DB_TEXT(""), DB_BYTES("", 0), DB_TEXT(NULL)));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT t, b, big FROM kinds ORDER BY id", DB_NO_ARGS, &rows));
    size_t size;
    assert_true(db_rows_next(&rows));
    assert_string_equal(db_get_text(&rows, 0), cart);
    assert_memory_equal(db_get_bytes(&rows, 1, &size), odd, sizeof odd);
    assert_int_equal(size, sizeof odd);
    assert_false(db_get_is_null(&rows, 2));
    db_get_bytes(&rows, 2, &size);
    assert_int_equal(size, 0);
    assert_true(db_rows_next(&rows));
    assert_string_equal(db_get_text(&rows, 0), "");
    assert_true(db_get_is_null(&rows, 2));
    db_tx_end(&tx);
    assert_int_equal(kit_read_i64(db, "SELECT id FROM kinds WHERE t = ?", DB_ARGS(DB_TEXT(cart))),
                     1);
    db_close(db);
}

static void a_large_value_passes_whole(struct loop *loop)
{
    enum { LARGE = 5 * 1000 * 1000 };
    struct db *db = kit_db(loop, 1);
    unsigned char *bytes = mem_alloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    kit_table(db, "kinds", all_kinds);
    kit_write(db, "INSERT INTO kinds (id, big) VALUES (?, ?)",
              DB_ARGS(DB_I64(1), DB_BYTES(bytes, LARGE)));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT big FROM kinds", DB_NO_ARGS, &rows));
    size_t size;
    assert_true(db_rows_next(&rows));
    assert_memory_equal(db_get_bytes(&rows, 0, &size), bytes, LARGE);
    assert_int_equal(size, LARGE);
    mem_free(bytes);
    db_tx_end(&tx);
    db_close(db);
}

static void nulls_are_told_apart_and_read_as_nothing(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    kit_table(db, "kinds", all_kinds);
    kit_write(db, "INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              DB_ARGS(DB_I64(1), DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL,
                      DB_NULL, DB_NULL, DB_NULL, DB_NULL));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT i, u, t, b, at, amount, NULL, day, id FROM kinds", DB_NO_ARGS,
                       &rows));
    assert_true(db_rows_next(&rows));
    for (unsigned i = 0; i < 8; i++)
        assert_true(db_get_is_null(&rows, i));
    assert_false(db_get_is_null(&rows, 8));
    assert_true(db_get_i64(&rows, 0) == 0);
    assert_true(db_get_u64(&rows, 1) == 0);
    assert_string_equal(db_get_text(&rows, 2), "");
    assert_true(db_get_time(&rows, 4) == 0);
    assert_true(kit_i64(&tx, "SELECT SUM(i) FROM kinds", DB_NO_ARGS) == 0);
    db_tx_end(&tx);
    db_close(db);
}

static void times_keep_their_microseconds_on_both_sides_of_1970(struct loop *loop)
{
    static const int64_t times[] = {
        0,
        1,
        999999,
        -1,
        -1000001,
        951782400000000,    /* 2000-02-29 */
        1798761599999999,   /* 2026-12-31 23:59:59.999999 */
        253402300799999999, /* the last of 9999 */
        -30609792000000000, /* 1000-01-01 */
        1711846800000000,   /* where Europe changes its clocks */
    };
    struct db *db = kit_db(loop, 1);
    kit_table(db, "kinds", all_kinds);
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        kit_write(db, "INSERT INTO kinds (id, at) VALUES (?, ?)",
                  DB_ARGS(DB_I64((int64_t)i), DB_TIME(times[i])));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT at FROM kinds ORDER BY id", DB_NO_ARGS, &rows));
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        assert_true(db_rows_next(&rows));
        assert_true(db_get_time(&rows, 0) == times[i]);
    }
    assert_int_equal(kit_i64(&tx,
                             "SELECT COUNT(*) FROM kinds WHERE at = '2026-12-31 23:59:59.999999'",
                             DB_NO_ARGS),
                     1);
    assert_true(kit_i64(&tx, "SELECT COUNT(*) FROM kinds WHERE at < ?", DB_ARGS(DB_TIME(0))) == 3);
    const int64_t drift_us =
        clock_unix_us() -
        kit_i64(&tx, "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', NOW(6))", DB_NO_ARGS);
    assert_in_range(drift_us + 2 * CLOCK_US_PER_S, 0, 4 * CLOCK_US_PER_S); /* UTC on both sides */
    db_tx_end(&tx);
    db_close(db);
}

static void sums_are_integers_and_days_are_times(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    kit_table(db, "kinds", all_kinds);
    insert_i64(db, 1, DB_I64(INT64_MAX - 5), DB_U64(1));
    insert_i64(db, 2, DB_I64(-3), DB_U64(2));
    kit_write(db, "UPDATE kinds SET amount = ?, day = ?",
              DB_ARGS(DB_TEXT("-12345678901.00"), DB_TIME(951782400000000)));

    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    assert_ok(db_query(&tx, "SELECT SUM(i), SUM(u), MIN(amount), MAX(day), COUNT(*) FROM kinds",
                       DB_NO_ARGS, &rows));
    assert_true(db_rows_next(&rows));
    assert_true(db_get_i64(&rows, 0) == INT64_MAX - 8);
    assert_true(db_get_u64(&rows, 1) == 3);
    assert_true(db_get_i64(&rows, 2) == -12345678901);
    assert_string_equal(db_get_text(&rows, 2), "-12345678901.00");
    assert_true(db_get_time(&rows, 3) == 951782400000000);
    assert_int_equal(db_get_i64(&rows, 4), 2);
    db_tx_end(&tx);
    db_close(db);
}

static void rows_outlive_their_transaction_and_the_next_statement(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_rows_end) struct db_rows rows = {0};
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_read_begin(&tx, db));
        assert_ok(db_query(&tx, "SELECT 'kept' UNION ALL SELECT 'too'", DB_NO_ARGS, &rows));
        assert_true(db_rows_next(&rows));
        for (int i = 0; i < 3; i++)
            assert_int_equal(kit_i64(&tx, "SELECT 7 + ?", DB_ARGS(DB_I64(i))), 7 + i);
    }
    db_close(db);
    assert_string_equal(db_get_text(&rows, 0), "kept");
    assert_true(db_rows_next(&rows));
    assert_string_equal(db_get_text(&rows, 0), "too");
}

static void a_query_may_find_nothing_again_and_again(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_read_begin(&tx, db));
    for (int i = 0; i < 3; i++) {
        AUTO(db_rows_end) struct db_rows rows = {0};
        assert_ok(db_query(&tx, "SELECT 1 FROM DUAL WHERE ? > 5", DB_ARGS(DB_I64(i)), &rows));
        assert_int_equal(rows.count, 0);
        assert_false(db_rows_next(&rows));
    }
    assert_int_equal(kit_i64(&tx, "SELECT 1 FROM DUAL WHERE ? > 5", DB_ARGS(DB_I64(9))), 1);
    db_tx_end(&tx);
    db_close(db);
}

static struct db_rows rows_for_bug;

static void reads_text_as_integer(void)
{
    (void)db_get_i64(&rows_for_bug, 1);
}

static void reads_integer_as_time(void)
{
    (void)db_get_time(&rows_for_bug, 0);
}

static void reads_a_column_too_far(void)
{
    (void)db_get_i64(&rows_for_bug, 2);
}

static void reads_beyond_an_i64(void)
{
    (void)db_get_i64(&rows_for_bug, 0);
}

static void asking_for_what_is_not_there_is_a_bug(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_read_begin(&tx, db));
    assert_ok(db_query(&tx, "SELECT CAST(-1 AS UNSIGNED), 'text'", DB_NO_ARGS, &rows_for_bug));

    assert_true(unit_aborts(reads_text_as_integer)); /* before the first db_rows_next */
    assert_true(db_rows_next(&rows_for_bug));
    assert_true(unit_aborts(reads_text_as_integer));
    assert_true(unit_aborts(reads_integer_as_time));
    assert_true(unit_aborts(reads_a_column_too_far));
    assert_true(unit_aborts(reads_beyond_an_i64));
    assert_true(db_get_u64(&rows_for_bug, 0) == UINT64_MAX);
    db_rows_end(&rows_for_bug);
    db_tx_end(&tx);
    db_close(db);
}

SERVER_TESTS(integers_keep_their_value_and_sign, every_width_of_integer_is_read,
             text_and_bytes_come_back_as_they_were, a_large_value_passes_whole,
             nulls_are_told_apart_and_read_as_nothing,
             times_keep_their_microseconds_on_both_sides_of_1970,
             sums_are_integers_and_days_are_times,
             rows_outlive_their_transaction_and_the_next_statement,
             a_query_may_find_nothing_again_and_again, asking_for_what_is_not_there_is_a_bug)
