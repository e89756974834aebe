#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/db_internal.h"

/*
 * A result is one block of memory: the header, a cell for each value, then the text and bytes,
 * each with a terminator.
 */

enum cell_kind { CELL_NULL, CELL_I64, CELL_U64, CELL_BYTES, CELL_DECIMAL, CELL_TIME };

struct cell {
    uint32_t kind;
    uint32_t size; /* of bytes and decimals */
    union {
        int64_t i64; /* of a time: microseconds since 1970 UTC */
        uint64_t u64;
        const char *bytes;
    } as;
};

struct db_result {
    size_t rows;
    size_t columns;
    char *free; /* where the next bytes go */
    struct cell cells[];
};

/* Reading. */

/* Where the library puts one row, column by column. */
struct landing {
    MYSQL_BIND bind;
    union {
        int64_t i64;
        MYSQL_TIME time;
    } value;
    unsigned long length;
    my_bool is_null;
    enum cell_kind kind;
};

/* CELL_NULL for a type that we have no use for. */
static enum cell_kind kind_of(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR: return field->flags & UNSIGNED_FLAG ? CELL_U64 : CELL_I64;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP: return CELL_TIME;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL: return CELL_DECIMAL;
    case MYSQL_TYPE_NULL:
    case MYSQL_TYPE_BIT:
    case MYSQL_TYPE_ENUM:
    case MYSQL_TYPE_SET:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_JSON: return CELL_BYTES;
    default: return CELL_NULL;
    }
}

static void prepare_landing(struct landing *landing, const MYSQL_FIELD *field)
{
    *landing = (struct landing){.kind = kind_of(field)};
    landing->bind.length = &landing->length;
    landing->bind.is_null = &landing->is_null;
    landing->bind.buffer = &landing->value;
    switch (landing->kind) {
    case CELL_I64:
    case CELL_U64:
        landing->bind.buffer_type = MYSQL_TYPE_LONGLONG;
        landing->bind.is_unsigned = landing->kind == CELL_U64;
        break;
    case CELL_TIME: landing->bind.buffer_type = MYSQL_TYPE_DATETIME; break;
    case CELL_BYTES:
    case CELL_DECIMAL:
        landing->bind.buffer_type =
            MYSQL_TYPE_STRING; /* only the length; fetched once it is known */
        landing->bind.buffer = NULL;
        break;
    case CELL_NULL: BUG("column %s has a type that db does not read: %d", field->name, field->type);
    }
}

static int64_t time_to_unix_us(const MYSQL_TIME *time)
{
    struct tm utc = {
        .tm_year = (int)time->year - 1900,
        .tm_mon = (int)time->month - 1,
        .tm_mday = (int)time->day,
        .tm_hour = (int)time->hour,
        .tm_min = (int)time->minute,
        .tm_sec = (int)time->second,
    };
    return timegm(&utc) * CLOCK_US_PER_S + (int64_t)time->second_part;
}

static const char *copy_bytes(MYSQL_STMT *stmt, unsigned column, size_t size, char **free)
{
    char *to = *free;
    MYSQL_BIND bind = {
        .buffer_type = MYSQL_TYPE_STRING,
        .buffer = to,
        .buffer_length = size,
    };
    if (size)
        mysql_stmt_fetch_column(stmt, &bind, column, 0);
    to[size] = '\0';
    *free = to + size + 1;
    return to;
}

static void copy_row(MYSQL_STMT *stmt, const struct landing *landings, struct db_result *result,
                     struct cell *cells)
{
    for (unsigned i = 0; i < result->columns; i++) {
        const struct landing *landing = &landings[i];
        struct cell *cell = &cells[i];
        cell->kind = landing->is_null ? CELL_NULL : landing->kind;
        switch ((enum cell_kind)cell->kind) {
        case CELL_NULL: break;
        case CELL_I64:
        case CELL_U64: cell->as.i64 = landing->value.i64; break;
        case CELL_TIME: cell->as.i64 = time_to_unix_us(&landing->value.time); break;
        case CELL_BYTES:
        case CELL_DECIMAL:
            cell->size = (uint32_t)landing->length;
            cell->as.bytes = copy_bytes(stmt, i, landing->length, &result->free);
            break;
        }
    }
}

/* Room for every text of the rows: what they take on the wire, and a terminator for each value. */
static size_t bytes_room(MYSQL_STMT *stmt, size_t cells)
{
    size_t room = cells;

    for (MYSQL_ROW_OFFSET row = mysql_stmt_row_tell(stmt); row; row = row->next)
        room += row->length;
    return room;
}

static struct db_result *result_new(MYSQL_STMT *stmt)
{
    const size_t rows = mysql_stmt_num_rows(stmt);
    const size_t columns = mysql_stmt_field_count(stmt);
    const size_t cells_size = rows * columns * sizeof(struct cell);
    struct db_result *result =
        mem_alloc(sizeof *result + cells_size + bytes_room(stmt, rows * columns));

    result->rows = rows;
    result->columns = columns;
    result->free = (char *)result->cells + cells_size;
    return result;
}

static struct landing *landings_new(MYSQL_STMT *stmt)
{
    const unsigned columns = mysql_stmt_field_count(stmt);
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(stmt);
    struct landing *landings = mem_calloc(columns, sizeof *landings);
    MYSQL_BIND *binds = mem_calloc(columns, sizeof *binds);

    for (unsigned i = 0; i < columns; i++) {
        prepare_landing(&landings[i], &fields[i]);
        binds[i] = landings[i].bind;
    }
    if (mysql_stmt_bind_result(stmt, binds) != 0)
        BUG("mysql_stmt_bind_result: %s", mysql_stmt_error(stmt));
    mem_free(binds);
    return landings;
}

int db_result_read(MYSQL_STMT *stmt, struct db_result **ret)
{
    if (mysql_stmt_store_result(stmt) != 0)
        return -1;

    struct db_result *result = result_new(stmt);
    struct landing *landings = landings_new(stmt);
    for (size_t row = 0; row < result->rows; row++) {
        const int code = mysql_stmt_fetch(stmt); /* "truncated": texts are fetched on their own */
        if (code != 0 && code != MYSQL_DATA_TRUNCATED)
            BUG("mysql_stmt_fetch gave %d in row %zu of %zu", code, row, result->rows);
        copy_row(stmt, landings, result, result->cells + row * result->columns);
    }
    mem_free(landings);
    if (result->rows) { /* or the library keeps its copy until the next execution */
        mysql_stmt_data_seek(stmt, 0);
        mysql_stmt_free_result(stmt);
    }
    *ret = result;
    return 0;
}

void db_result_free(struct db_result *result)
{
    mem_free(result);
}

size_t db_result_count(const struct db_result *result)
{
    return result->rows;
}

/* Looking. */

bool db_rows_next(struct db_rows *rows)
{
    if (rows->next >= rows->count)
        return false;
    rows->next++;
    return true;
}

void db_rows_end(struct db_rows *rows)
{
    db_result_free(rows->result);
    *rows = (struct db_rows){0};
}

static const struct cell *cell_at(const struct db_rows *rows, unsigned column)
{
    const struct db_result *result = rows->result;

    if (!result || !rows->next)
        BUG("no row: db_rows_next comes first");
    if (column >= result->columns)
        BUG("column %u of %zu", column, result->columns);
    return &result->cells[(rows->next - 1) * result->columns + column];
}

/* Digits, and a fraction of zeros: SUM of integers is a DECIMAL. */
static int64_t decimal_i64(const struct cell *cell)
{
    char digits[32];
    const char *point = memchr(cell->as.bytes, '.', cell->size);
    const size_t length = point ? (size_t)(point - cell->as.bytes) : cell->size;
    int64_t value;

    if (point && strspn(point + 1, "0") != cell->size - length - 1)
        BUG("%s is no integer", cell->as.bytes);
    if (length >= sizeof digits)
        BUG("%s does not fit 64 bits", cell->as.bytes);
    memcpy(digits, cell->as.bytes, length);
    digits[length] = '\0';
    if (!str_to_i64(digits, &value))
        BUG("%s does not fit 64 bits", cell->as.bytes);
    return value;
}

bool db_get_is_null(const struct db_rows *rows, unsigned column)
{
    return cell_at(rows, column)->kind == CELL_NULL;
}

int64_t db_get_i64(const struct db_rows *rows, unsigned column)
{
    const struct cell *cell = cell_at(rows, column);

    switch ((enum cell_kind)cell->kind) {
    case CELL_NULL: return 0;
    case CELL_I64: return cell->as.i64;
    case CELL_U64:
        if (cell->as.u64 > INT64_MAX)
            BUG("column %u does not fit an i64", column);
        return cell->as.i64;
    case CELL_DECIMAL: return decimal_i64(cell);
    case CELL_BYTES:
    case CELL_TIME: break;
    }
    BUG("column %u is no integer", column);
}

uint64_t db_get_u64(const struct db_rows *rows, unsigned column)
{
    const struct cell *cell = cell_at(rows, column);

    if (cell->kind == CELL_U64)
        return cell->as.u64;
    const int64_t value = db_get_i64(rows, column);
    if (value < 0)
        BUG("column %u is below zero", column);
    return (uint64_t)value;
}

const void *db_get_bytes(const struct db_rows *rows, unsigned column, size_t *ret_size)
{
    const struct cell *cell = cell_at(rows, column);

    if (cell->kind == CELL_NULL) {
        *ret_size = 0;
        return "";
    }
    if (cell->kind != CELL_BYTES && cell->kind != CELL_DECIMAL)
        BUG("column %u is neither text nor bytes", column);
    *ret_size = cell->size;
    return cell->as.bytes;
}

const char *db_get_text(const struct db_rows *rows, unsigned column)
{
    size_t size;

    return db_get_bytes(rows, column, &size);
}

int64_t db_get_time(const struct db_rows *rows, unsigned column)
{
    const struct cell *cell = cell_at(rows, column);

    if (cell->kind == CELL_NULL)
        return 0;
    if (cell->kind != CELL_TIME)
        BUG("column %u is no time", column);
    return cell->as.i64;
}
