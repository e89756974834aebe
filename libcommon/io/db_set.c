#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/db_internal.h"

struct db_set db_set_of_ids(const int64_t *ids, size_t count, struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, count);

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(ids[i]);
    return (struct db_set){.values = values, .width = 1, .rows = count};
}

/* Expanding. A template is a literal: what is wrong with it is a bug. */

/* The end of what starts at `at`: of a quoted text or name, else the next character. */
static const char *skip(const char *at, const char *sql)
{
    if (!strchr("'\"`", *at))
        return at + 1;
    const char *end = strchr(at + 1, *at); /* a doubled quote reads as two texts in a row */
    if (!end)
        BUG("a quote without an end: %s", sql);
    return end + 1;
}

static const char *group_end(const char *at, const char *sql)
{
    while (*at && *at != '}') {
        if (*at == '{')
            BUG("a group inside of a group: %s", sql);
        at = skip(at, sql);
    }
    if (!*at)
        BUG("a group without an end: %s", sql);
    return at;
}

static size_t count_marks(const char *at, const char *end, const char *sql)
{
    size_t count = 0;

    for (; at < end; at = skip(at, sql))
        count += *at == '?';
    return count;
}

static void add_part(struct db_template *template, bool is_group, size_t count, const char *sql)
{
    if (!is_group && !count)
        return;
    if (template->part_count == DB_PARTS_MAX)
        BUG("more than %d groups and runs of ?: %s", DB_PARTS_MAX, sql);
    template->parts[template->part_count++] = (struct db_part){is_group, count};
}

/* `at` is behind the brace. Returns what follows the group. */
static const char *expand_group(const char *at, const char *sql, size_t rows, struct str *text,
                                struct db_template *template)
{
    if (!*at || at[1] != '|')
        BUG("a group starts with {, a separator and |: %s", sql);
    const char *body = at + 2;
    const char *end = group_end(body, sql);
    const size_t marks = count_marks(body, end, sql);
    if (!marks)
        BUG("a group without ?: %s", sql);

    for (size_t row = 0; row < rows; row++) {
        if (row)
            str_append_bytes(text, at, 1);
        str_append_bytes(text, body, (size_t)(end - body));
    }
    add_part(template, true, marks, sql);
    return end + 1;
}

void db_template_expand(const char *sql, size_t rows, struct db_template *ret)
{
    struct db_template template = {0};
    struct str text = {0};
    const char *at = sql;
    size_t groups = 0;

    while (*at) {
        const char *start = at;
        while (*at && *at != '{')
            at = skip(at, sql);
        str_append_bytes(&text, start, (size_t)(at - start));
        add_part(&template, false, count_marks(start, at, sql), sql);
        if (*at) {
            at = expand_group(at + 1, sql, rows, &text, &template);
            groups++;
        }
    }
    if (!groups)
        BUG("no group in a statement over a set: %s", sql);
    template.text = str_take(&text);
    *ret = template;
}

void db_template_release(struct db_template *template)
{
    mem_free(template->text);
    *template = (struct db_template){0};
}

/* Running. */

/* Sizes that are prepared; what lies between is filled up, or cut into several. */
static const size_t sizes[] = {1, 2, 4, 8, 32, 128, 512};

static size_t size_for(size_t rows, const char *sql)
{
    size_t i = 0;

    if (!rows || rows > DB_SET_MAX)
        BUG("a set of %zu rows for: %s", rows, sql);
    while (sizes[i] < rows)
        i++;
    return sizes[i];
}

static size_t chunk_of(size_t rows)
{
    size_t i = ARRAY_LEN(sizes) - 2; /* 128: longer ones are not faster */

    while (sizes[i] > rows)
        i--;
    return sizes[i];
}

static struct db_call call_with(const char *sql, struct db_args args, const struct db_set *sets,
                                size_t set_count)
{
    if (!set_count)
        BUG("no set for: %s", sql);
    for (size_t i = 1; i < set_count; i++)
        if (sets[i].rows != sets[0].rows)
            BUG("sets of %zu and %zu rows for: %s", sets[0].rows, sets[i].rows, sql);
    return (struct db_call){
        .sql = sql,
        .args = args,
        .sets = sets,
        .set_count = set_count,
        .size = size_for(sets[0].rows, sql),
    };
}

struct status db_exec_set(struct db_tx *tx, const char *sql, struct db_args args,
                          const struct db_set *sets, size_t set_count, uint64_t *ret_affected)
{
    const struct db_call call = call_with(sql, args, sets, set_count);
    return db_run_exec(tx, &call, ret_affected);
}

struct status db_query_set(struct db_tx *tx, const char *sql, struct db_args args,
                           const struct db_set *sets, size_t set_count, struct db_rows *ret)
{
    const struct db_call call = call_with(sql, args, sets, set_count);
    return db_run_query(tx, &call, ret);
}

struct status db_insert_rows(struct db_tx *tx, const char *sql, struct db_set set,
                             uint64_t *ret_affected)
{
    uint64_t affected = 0;

    for (size_t done = 0; done < set.rows;) {
        const size_t size = chunk_of(set.rows - done);
        const struct db_set chunk = {set.values + done * set.width, set.width, size};
        const struct db_call call = {.sql = sql, .sets = &chunk, .set_count = 1, .size = size};
        uint64_t chunk_affected;
        TRY(db_run_exec(tx, &call, &chunk_affected));
        affected += chunk_affected;
        done += size;
    }
    if (ret_affected)
        *ret_affected = affected;
    return STATUS_OK;
}
