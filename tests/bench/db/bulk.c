/*
 * Rows a second into one table, by the three ways there are: a statement for each row, db_insert_rows,
 * and LOAD DATA LOCAL, which db does not offer: the ceiling. Each way writes the same rows, a
 * thousand in a transaction, the ways taking turns. Addresses come from the environment.
 */

#include <mariadb/mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/db.h"
#include "run/loop.h"
#include "run/task.h"

enum { ROWS = 1000, WIDTH = 5, ROUNDS = 40 };

struct bench {
    struct loop *loop;
    struct db *db;
    MYSQL *direct; /* blocks */
    struct db_value values[ROWS * WIDTH];
    int64_t next_id;
    struct str text; /* the rows as LOAD DATA wants them */
    size_t text_taken;
    int64_t took_us[3];
};

static void must(struct status st)
{
    if (!status_ok(&st))
        BUG("%s %s", code_name(st.code), st.detail);
}

/* What an order's line or a ledger's entry looks like. */
static void make_rows(struct bench *b)
{
    for (int i = 0; i < ROWS; i++) {
        struct db_value *row = &b->values[(size_t)i * WIDTH];
        row[0] = DB_I64(b->next_id++);
        row[1] = DB_I64(i % 97);
        row[2] = DB_I64(i % 5 + 1);
        row[3] = DB_TEXT("a note that is as long as such notes are");
        row[4] = DB_TIME(1700000000000000 + i);
    }
}

#define INSERT "INSERT INTO bulk (id, sku_id, quantity, note, created_at) VALUES "

static struct status insert_singly(struct bench *b)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, b->db));
    for (size_t i = 0; i < ROWS; i++) {
        const struct db_args args = {&b->values[i * WIDTH], WIDTH};
        TRY(db_exec(&tx, INSERT "(?, ?, ?, ?, ?)", args, NULL));
    }
    return db_tx_commit(&tx);
}

static struct status insert_rows(struct bench *b)
{
    const struct db_set set = {.values = b->values, .width = WIDTH, .rows = ROWS};
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, b->db));
    TRY(db_insert_rows(&tx, INSERT "{,|(?, ?, ?, ?, ?)}", set, NULL));
    return db_tx_commit(&tx);
}

static int infile_open(void **ret, const char *name, void *arg)
{
    (void)name;
    *ret = arg;
    return 0;
}

static int infile_read(void *arg, char *to, unsigned size)
{
    struct bench *b = arg;
    const size_t left = b->text.length - b->text_taken;
    const size_t some = left < size ? left : size;

    memcpy(to, b->text.text + b->text_taken, some);
    b->text_taken += some;
    return (int)some;
}

static void infile_end(void *arg)
{
    (void)arg;
}

static int infile_error(void *arg, char *to, unsigned size)
{
    (void)arg;
    snprintf(to, size, "failed");
    return 1;
}

static void query(struct bench *b, const char *sql)
{
    if (mysql_query(b->direct, sql) != 0)
        BUG("%s: %s", sql, mysql_error(b->direct));
}

static struct status load_data(struct bench *b)
{
    b->text.length = 0;
    b->text_taken = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct db_value *row = &b->values[i * WIDTH];
        str_printf(&b->text, "%lld\t%lld\t%lld\t%s\t2023-11-14 22:13:20.%06zu\n",
                   (long long)row[0].as.i64, (long long)row[1].as.i64, (long long)row[2].as.i64,
                   (const char *)row[3].as.bytes.at, i);
    }
    query(b, "BEGIN");
    query(b, "LOAD DATA LOCAL INFILE 'rows' INTO TABLE bulk CHARACTER SET binary"
             " (id, sku_id, quantity, note, created_at)");
    if (mysql_affected_rows(b->direct) != ROWS || mysql_warning_count(b->direct))
        BUG("not all rows were loaded");
    query(b, "COMMIT");
    return STATUS_OK;
}

static const struct way {
    const char *name;
    struct status (*write)(struct bench *b);
} ways[] = {
    {"a statement a row", insert_singly},
    {"db_insert_rows", insert_rows},
    {"LOAD DATA LOCAL", load_data},
};

static void measure(struct bench *b)
{
    for (int round = -2; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
            make_rows(b);
            const int64_t since_us = clock_mono_us();
            must(ways[i].write(b));
            if (round >= 0) /* else it warms up */
                b->took_us[i] += clock_mono_us() - since_us;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        printf("%-18s %8.0f rows/s  %.2f of the ceiling\n", ways[i].name,
               (double)ROWS * ROUNDS / (double)b->took_us[i] * (double)CLOCK_US_PER_S,
               (double)b->took_us[2] / (double)b->took_us[i]);
}

static void run(void *arg)
{
    struct bench *b = arg;
    const unsigned allowed = 1;
    const struct db_config config = {
        .host = getenv("SOUK_TEST_DB_HOST"),
        .port = (uint16_t)atoi(getenv("SOUK_TEST_DB_PORT")),
        .database = getenv("SOUK_TEST_DB_NAME"),
        .user = getenv("SOUK_TEST_DB_USER"),
        .password = getenv("SOUK_TEST_DB_PASSWORD"),
        .connections_max = 1,
        .waiting_max = 1,
    };

    must(db_open(b->loop, &config, &b->db));
    b->direct = mysql_init(NULL);
    mysql_options(b->direct, MYSQL_OPT_LOCAL_INFILE, &allowed);
    mysql_set_local_infile_handler(b->direct, infile_open, infile_read, infile_end, infile_error,
                                   b);
    if (!mysql_real_connect(b->direct, config.host, config.user, config.password, config.database,
                            config.port, NULL, 0))
        BUG("%s", mysql_error(b->direct));
    query(b, "CREATE OR REPLACE TABLE bulk (id BIGINT PRIMARY KEY, sku_id BIGINT NOT NULL,"
             " quantity INT NOT NULL, note VARCHAR(100) NOT NULL, created_at DATETIME(6) NOT NULL,"
             " KEY (sku_id, id))");
    measure(b);
    mysql_close(b->direct);
    db_close(b->db);
    str_release(&b->text);
    loop_stop(b->loop);
}

int main(void)
{
    struct bench *b = mem_new(struct bench);

    b->next_id = 1;
    must(loop_new(&b->loop));
    if (!task_go("bulk", run, b))
        BUG("no task");
    loop_run(b->loop);
    loop_free(b->loop);
    mem_free(b);
    return 0;
}
