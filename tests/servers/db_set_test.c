#include "tests/servers/db_kit.h"

/* Statements over sets: every size between the prepared ones does what its rows say, no more. */

static const size_t row_counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 127, 128, 129, 500};

/* n rows of (id, amount), ids from 1, amount 10 * id. */
static struct db_value *rows_of(size_t n)
{
    struct db_value *values = mem_calloc(2 * n, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        values[2 * i] = DB_I64((int64_t)i + 1);
        values[2 * i + 1] = DB_I64(10 * ((int64_t)i + 1));
    }
    return values;
}

static struct db_value *ids_of(size_t n)
{
    struct db_value *values = mem_calloc(n, sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = DB_I64((int64_t)i + 1);
    return values;
}

static void make_stock(struct db *db, size_t rows)
{
    kit_table(db, "stock",
              "id INT PRIMARY KEY, held BIGINT UNSIGNED NOT NULL, at DATETIME(6),"
              " note VARCHAR(20)");
    AUTO(mem_freep) struct db_value *values = rows_of(rows);
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(db_insert_rows(&tx, "INSERT INTO stock (id, held) VALUES {,|(?, ?)}",
                             (struct db_set){values, 2, rows}, &affected));
    assert_int_equal(affected, rows);
    assert_ok(db_tx_commit(&tx));
}

static void rows_are_inserted_in_any_number(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    for (size_t i = 0; i < ARRAY_LEN(row_counts); i++) {
        make_stock(db, row_counts[i]);
        assert_int_equal(
            kit_read_i64(db, "SELECT COUNT(*) FROM stock WHERE held = 10 * id", DB_NO_ARGS),
            row_counts[i]);
    }
    make_stock(db, 1000);
    assert_int_equal(kit_read_i64(db, "SELECT SUM(held) FROM stock", DB_NO_ARGS), 5005000);
    make_stock(db, 0);
    db_close(db);
}

static int64_t executed(struct db_tx *tx)
{
    return kit_i64(tx,
                   "SELECT CAST(VARIABLE_VALUE AS SIGNED) FROM information_schema.SESSION_STATUS"
                   " WHERE VARIABLE_NAME = 'COM_STMT_EXECUTE'",
                   DB_NO_ARGS);
}

/* Each is a round trip: an order has two lines more often than one or eight. */
static void few_rows_are_few_statements(struct loop *loop)
{
    static const struct {
        size_t rows, statements;
    } wanted[] = {{1, 1}, {2, 1}, {3, 2}, {4, 1}, {7, 3}, {8, 1}, {13, 3}, {129, 2}};
    struct db *db = kit_db(loop, 1);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        make_stock(db, 0);
        AUTO(mem_freep) struct db_value *values = rows_of(wanted[i].rows);
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        const int64_t before = executed(&tx);
        assert_ok(db_insert_rows(&tx, "INSERT INTO stock (id, held) VALUES {,|(?, ?)}",
                                 (struct db_set){values, 2, wanted[i].rows}, NULL));
        const int64_t counting = 1; /* the count itself */
        assert_int_equal(executed(&tx) - before - counting, wanted[i].statements);
        db_tx_end(&tx);
    }
    db_close(db);
}

static void an_update_over_a_set_touches_each_row_once(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_stock(db, 500);
    for (size_t i = 0; i < ARRAY_LEN(row_counts); i++) {
        const size_t rows = row_counts[i];
        AUTO(mem_freep) struct db_value *changes = rows_of(rows);
        AUTO(mem_freep) struct db_value *ids = ids_of(rows);
        const struct db_set sets[] = {{changes, 2, rows}, {ids, 1, rows}};
        AUTO(db_tx_end) struct db_tx tx = {0};
        uint64_t affected;
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(db_exec_set(&tx,
                              "UPDATE stock SET held = held + CASE id { |WHEN ? THEN ?} END,"
                              " at = ?, note = '{' WHERE id IN ({,|?}) AND held < ?",
                              DB_ARGS(DB_TIME(1000001), DB_I64(100000)), sets, 2, &affected));
        assert_int_equal(affected, rows);
        assert_int_equal(
            kit_i64(&tx, "SELECT COUNT(*) FROM stock WHERE held = 20 * id", DB_NO_ARGS), rows);
        assert_int_equal(
            kit_i64(&tx, "SELECT COUNT(*) FROM stock WHERE at = ?", DB_ARGS(DB_TIME(1000001))),
            rows);
        db_tx_end(&tx);
    }
    db_close(db);
}

static void a_query_over_a_set_finds_each_row_once(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_stock(db, 500);
    for (size_t i = 0; i < ARRAY_LEN(row_counts); i++) {
        const size_t rows = row_counts[i];
        AUTO(mem_freep) struct db_value *ids = ids_of(rows);
        const struct db_set set = {ids, 1, rows};
        AUTO(db_tx_end) struct db_tx tx = {0};
        AUTO(db_rows_end) struct db_rows found = {0};
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(db_query_set(&tx,
                               "SELECT id, held, ? FROM stock WHERE id IN ({,|?}) AND held >= ?"
                               " ORDER BY id FOR UPDATE",
                               DB_ARGS(DB_TEXT("first"), DB_I64(1)), &set, 1, &found));
        assert_int_equal(found.count, rows);
        for (int64_t id = 1; db_rows_next(&found); id++) {
            assert_int_equal(db_get_i64(&found, 0), id);
            assert_int_equal(db_get_i64(&found, 1), 10 * id);
            assert_string_equal(db_get_text(&found, 2), "first");
        }
    }
    db_close(db);
}

static void a_delete_over_pairs_counts_truly(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_stock(db, 50);
    AUTO(mem_freep) struct db_value *pairs = rows_of(9);
    pairs[3] = DB_I64(7); /* this pair does not exist */
    const struct db_set set = {pairs, 2, 9};
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(db_exec_set(&tx, "DELETE FROM stock WHERE (id, held) IN ({,|(?, ?)})", DB_NO_ARGS,
                          &set, 1, &affected));
    assert_int_equal(affected, 8);
    db_tx_end(&tx);
    db_close(db);
}

static void an_upsert_of_rows_adds_to_those_that_are_there(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_stock(db, 100);
    AUTO(mem_freep) struct db_value *rows = rows_of(300);
    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(db_insert_rows(&tx,
                             "INSERT INTO stock (id, held) VALUES {,|(?, ?)}"
                             " ON DUPLICATE KEY UPDATE held = held + VALUES(held)",
                             (struct db_set){rows, 2, 300}, NULL));
    assert_int_equal(kit_i64(&tx, "SELECT COUNT(*) FROM stock WHERE held = 10 * id", DB_NO_ARGS),
                     200);
    assert_int_equal(kit_i64(&tx, "SELECT COUNT(*) FROM stock WHERE held = 20 * id", DB_NO_ARGS),
                     100);
    db_tx_end(&tx);
    db_close(db);
}

static struct db_tx tx_for_bug;
static struct db_value values_for_bug[600];

static void set_of_none(void)
{
    const struct db_set set = {values_for_bug, 1, 0};
    status_ignore(db_exec_set(&tx_for_bug, "DELETE FROM stock WHERE id IN ({,|?})", DB_NO_ARGS,
                              &set, 1, NULL),
                  "a bug");
}

static void set_of_too_many(void)
{
    const struct db_set set = {values_for_bug, 1, DB_SET_MAX + 1};
    status_ignore(db_exec_set(&tx_for_bug, "DELETE FROM stock WHERE id IN ({,|?})", DB_NO_ARGS,
                              &set, 1, NULL),
                  "a bug");
}

static void sets_of_different_length(void)
{
    const struct db_set sets[] = {{values_for_bug, 1, 2}, {values_for_bug, 1, 3}};
    status_ignore(db_exec_set(&tx_for_bug, "DELETE FROM stock WHERE id IN ({,|?}) OR id IN ({,|?})",
                              DB_NO_ARGS, sets, 2, NULL),
                  "a bug");
}

static void sets_that_do_not_fit_are_a_bug(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_stock(db, 1);
    assert_ok(db_tx_begin(&tx_for_bug, db));
    assert_true(unit_aborts(set_of_none));
    assert_true(unit_aborts(set_of_too_many));
    assert_true(unit_aborts(sets_of_different_length));
    db_tx_end(&tx_for_bug);
    db_close(db);
}

SERVER_TESTS(rows_are_inserted_in_any_number, few_rows_are_few_statements,
             an_update_over_a_set_touches_each_row_once, a_query_over_a_set_finds_each_row_once,
             a_delete_over_pairs_counts_truly, an_upsert_of_rows_adds_to_those_that_are_there,
             sets_that_do_not_fit_are_a_bug)
