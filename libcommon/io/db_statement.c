#include <mariadb/mysqld_error.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/db_internal.h"
#include "observe/metrics.h"

/*
 * Prepared statements of a connection and their execution. A statement is found by the address of
 * its literal; the text is compared too, because SQL in a buffer would silently find another one.
 */

struct db_statement {
    const char *sql;
    size_t size;
    char *copy;
    struct db_template template; /* of a set */
    MYSQL_STMT *stmt;
    size_t param_count;
    struct db_statement *next_in_bucket;
    struct db_statement *newer, *older;
};

/* The cache. */

static struct db_statement **bucket_of(struct db_statements *all, const char *sql, size_t size)
{
    const uint64_t mixed = ((uint64_t)(uintptr_t)sql + size) * 0x9e3779b97f4a7c15u;
    return &all->buckets[mixed >> 32 & (DB_STATEMENT_BUCKETS - 1)];
}

static void make_newest(struct db_statements *all, struct db_statement *s)
{
    s->newer = NULL;
    s->older = all->newest;
    if (s->older)
        s->older->newer = s;
    else
        all->oldest = s;
    all->newest = s;
}

static void unlink_by_age(struct db_statements *all, const struct db_statement *s)
{
    if (s->newer)
        s->newer->older = s->older;
    else
        all->newest = s->older;
    if (s->older)
        s->older->newer = s->newer;
    else
        all->oldest = s->newer;
}

static struct db_statement *find(struct db_statements *all, const char *sql, size_t size)
{
    struct db_statement *s = *bucket_of(all, sql, size);

    while (s && (s->sql != sql || s->size != size))
        s = s->next_in_bucket;
    if (!s)
        return NULL;
    if (strcmp(s->copy, sql) != 0)
        BUG("SQL must be a literal, this text changed: %s", sql);
    if (s != all->newest) {
        unlink_by_age(all, s);
        make_newest(all, s);
    }
    return s;
}

static void add(struct db_statements *all, struct db_statement *s)
{
    struct db_statement **bucket = bucket_of(all, s->sql, s->size);

    s->next_in_bucket = *bucket;
    *bucket = s;
    make_newest(all, s);
    all->count++;
    metric_add(all->metric, 1);
}

static void statement_free(struct db_statement *s)
{
    if (s->stmt)
        mysql_stmt_close(s->stmt);
    db_template_release(&s->template);
    mem_free(s->copy);
    mem_free(s);
}

/* Tells the server too, where the connection still lives. */
static void drop(struct db_statements *all, struct db_statement *s)
{
    struct db_statement **link = bucket_of(all, s->sql, s->size);

    while (*link != s)
        link = &(*link)->next_in_bucket;
    *link = s->next_in_bucket;
    unlink_by_age(all, s);
    all->count--;
    metric_add(all->metric, -1);
    statement_free(s);
}

void db_statements_release(struct db_statements *all)
{
    while (all->oldest)
        drop(all, all->oldest);
}

/* Preparing. */

static struct status stmt_failure(struct db_connection *c, const struct db_statement *s)
{
    const struct status st = db_connection_failure(c, s->sql, mysql_stmt_errno(s->stmt),
                                                   mysql_stmt_error(s->stmt),
                                                   mysql_stmt_sqlstate(s->stmt));
    BUG_ON(status_ok(&st));
    return st;
}

static struct db_statement *statement_new(struct db_connection *c, const struct db_call *call)
{
    struct db_statement *s = mem_new(struct db_statement);

    s->sql = call->sql;
    s->size = call->size;
    s->copy = mem_strdup(call->sql);
    if (call->size)
        db_template_expand(call->sql, call->size, &s->template);
    s->stmt = mysql_stmt_init(c->mysql);
    if (!s->stmt)
        BUG("out of memory in mysql_stmt_init");
    return s;
}

static struct status prepare_once(struct db_connection *c, const struct db_call *call,
                                  struct db_statement **ret)
{
    struct db_statement *s = statement_new(c, call);
    const char *text = s->template.text ? s->template.text : call->sql;

    if (mysql_stmt_prepare(s->stmt, text, strlen(text)) != 0) {
        const struct status st = stmt_failure(c, s);
        statement_free(s);
        return st;
    }
    s->param_count = mysql_stmt_param_count(s->stmt);
    add(&c->statements, s);
    *ret = s;
    return STATUS_OK;
}

static struct status prepare(struct db_connection *c, const struct db_call *call,
                             struct db_statement **ret)
{
    while (c->statements.count >= DB_STATEMENTS_MAX)
        drop(&c->statements, c->statements.oldest);

    const struct status st = prepare_once(c, call, ret);
    if (st.code != CODE_RESOURCE_EXHAUSTED || !c->statements.count)
        return st;
    db_statements_release(&c->statements); /* max_prepared_stmt_count, a limit of all connections */
    return prepare_once(c, call, ret);
}

/* Binding. */

struct db_value db_text(const char *text)
{
    if (!text)
        return DB_NULL;
    return (struct db_value){.kind = DB_KIND_TEXT, .as.bytes = {text, strlen(text)}};
}

static void time_from_unix_us(int64_t unix_us, MYSQL_TIME *ret)
{
    int64_t seconds = unix_us / CLOCK_US_PER_S;
    int64_t rest_us = unix_us % CLOCK_US_PER_S;
    struct tm utc;

    if (rest_us < 0) {
        rest_us += CLOCK_US_PER_S;
        seconds--;
    }
    const time_t when = seconds;
    gmtime_r(&when, &utc);
    *ret = (MYSQL_TIME){
        .year = (unsigned)(utc.tm_year + 1900),
        .month = (unsigned)(utc.tm_mon + 1),
        .day = (unsigned)utc.tm_mday,
        .hour = (unsigned)utc.tm_hour,
        .minute = (unsigned)utc.tm_min,
        .second = (unsigned)utc.tm_sec,
        .second_part = (unsigned long)rest_us,
        .time_type = MYSQL_TIMESTAMP_DATETIME,
    };
}

/* The library only reads what is bound, but does not say so in its types. */
static void *readable(const void *memory)
{
    return (void *)(uintptr_t)memory;
}

static void bind_value(const struct db_value *value, MYSQL_BIND *bind, MYSQL_TIME *time)
{
    *bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_NULL};
    switch (value->kind) {
    case DB_KIND_NULL: break;
    case DB_KIND_I64:
    case DB_KIND_U64:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->is_unsigned = value->kind == DB_KIND_U64;
        bind->buffer = readable(&value->as);
        break;
    case DB_KIND_BYTES:
    case DB_KIND_TEXT:
        bind->buffer_type = value->kind == DB_KIND_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
        bind->buffer = readable(value->as.bytes.size ? value->as.bytes.at : "");
        bind->buffer_length = value->as.bytes.size;
        break;
    case DB_KIND_TIME:
        time_from_unix_us(value->as.i64, time);
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        bind->buffer = time;
        break;
    }
}

static void reserve_binds(struct db *db, size_t count)
{
    if (count <= db->bind_room)
        return;
    db->bind_room = count * 2;
    db->binds = mem_realloc(db->binds, db->bind_room * sizeof *db->binds);
    db->times = mem_realloc(db->times, db->bind_room * sizeof *db->times);
}

struct binder {
    struct db *db;
    size_t done;
};

static void bind_next(struct binder *binder, const struct db_value *values, size_t count)
{
    struct db *db = binder->db;

    for (size_t i = 0; i < count; i++, binder->done++)
        bind_value(&values[i], &db->binds[binder->done], &db->times[binder->done]);
}

static void bind_set(struct binder *binder, const struct db_call *call, const struct db_set *set)
{
    for (size_t row = 0; row < call->size; row++) {
        const size_t from = row < set->rows ? row : set->rows - 1; /* the last fills it up */
        bind_next(binder, set->values + from * set->width, set->width);
    }
}

static size_t values_wanted(const struct db_statement *s, const struct db_call *call)
{
    size_t wanted = call->args.count;

    for (size_t i = 0; i < call->set_count; i++)
        wanted += call->sets[i].width * s->size;
    return wanted;
}

static void bind_template(struct binder *binder, const struct db_statement *s,
                          const struct db_call *call)
{
    size_t arg = 0, set = 0;

    for (size_t i = 0; i < s->template.part_count; i++) {
        const struct db_part *part = &s->template.parts[i];
        if (part->is_group) {
            if (set == call->set_count || call->sets[set].width != part->count)
                BUG("sets do not fit the groups of: %s", s->sql);
            bind_set(binder, call, &call->sets[set++]);
        } else {
            bind_next(binder, call->args.values + arg, part->count);
            arg += part->count;
        }
    }
}

/* From here to the sending inside of mysql_stmt_execute nothing suspends: all tasks share this. */
static void bind_all(struct db_connection *c, const struct db_statement *s,
                     const struct db_call *call)
{
    struct binder binder = {.db = c->db};
    const size_t wanted = values_wanted(s, call);

    if (wanted != s->param_count)
        BUG("%zu values for the %zu ? of: %s", wanted, s->param_count, s->sql);
    if (!wanted)
        return;
    reserve_binds(c->db, wanted);
    if (s->size)
        bind_template(&binder, s, call);
    else
        bind_next(&binder, call->args.values, call->args.count);
    if (mysql_stmt_bind_param(s->stmt, c->db->binds) != 0)
        BUG("mysql_stmt_bind_param: %s", mysql_stmt_error(s->stmt));
}

/* Executing. */

/* It was not executed; the same again may be. */
static bool wants_new_preparation(const struct db_statement *s)
{
    const unsigned number = mysql_stmt_errno(s->stmt);
    return number == ER_NEED_REPREPARE || number == ER_UNKNOWN_STMT_HANDLER;
}

static void check_kind(const struct db_statement *s, bool wants_rows)
{
    const bool has_rows = mysql_stmt_field_count(s->stmt) > 0;

    if (has_rows != wants_rows)
        BUG("%s: %s", has_rows ? "db_exec of a query" : "db_query of what gives no rows", s->sql);
}

static struct status execute(struct db_connection *c, const struct db_call *call, bool wants_rows,
                             struct db_statement **ret)
{
    for (bool is_again = false;; is_again = true) {
        struct db_statement *s = find(&c->statements, call->sql, call->size);
        if (!s)
            TRY(prepare(c, call, &s));
        check_kind(s, wants_rows);
        bind_all(c, s, call);
        if (mysql_stmt_execute(s->stmt) == 0) {
            *ret = s;
            return STATUS_OK;
        }
        const bool goes_again = wants_new_preparation(s) && !is_again;
        const struct status st = stmt_failure(c, s);
        if (!goes_again)
            return st;
        drop(&c->statements, s);
    }
}

struct status db_statement_run(struct db_connection *c, const struct db_call *call,
                               struct db_result **ret_result, uint64_t *ret_affected)
{
    struct db_statement *s = NULL;

    TRY(db_connection_check(c));
    TRY(execute(c, call, ret_result, &s));
    if (ret_result && db_result_read(s->stmt, ret_result) != 0)
        return stmt_failure(c, s);
    if (ret_affected)
        *ret_affected = mysql_stmt_affected_rows(s->stmt);
    c->db->answered_at_us = clock_mono_us();
    return STATUS_OK;
}
