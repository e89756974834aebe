#include "category_repo.h"

#include <string.h>

#include "io/db.h"

#define COLUMNS "category_id, code, name, parent_id, level, physical, active"
#define ATTRIBUTE_COLUMNS \
    "code, name, type, required, enum_values, min_number, max_number, max_length"

enum { ATTRIBUTES_MAX = 200, RULES_MAX = 50, POLICIES_MAX = 50, ALL_ATTRIBUTES_MAX = 20000 };

static void read_category(const struct db_rows *rows, struct arena *arena, struct category *ret)
{
    *ret = (struct category){
        .id = db_get_i64(rows, 0),
        .code = arena_strdup(arena, db_get_text(rows, 1)),
        .name = arena_strdup(arena, db_get_text(rows, 2)),
        .parent_id = db_get_i64(rows, 3),
        .level = (int)db_get_i64(rows, 4),
        .physical = db_get_i64(rows, 5) != 0,
        .active = db_get_i64(rows, 6) != 0,
    };
}

/* "三星|四星|五星" */
static void read_enum_values(const char *joined, struct arena *arena,
                             struct category_attribute *ret)
{
    const char **values = arena_array_of(arena, const char *, ENUM_VALUES_MAX);
    char *rest = arena_strdup(arena, joined);

    ret->enum_values = values;
    while (*joined && rest && ret->enum_value_count < ENUM_VALUES_MAX)
        values[ret->enum_value_count++] = strsep(&rest, "|");
}

static void read_attribute(const struct db_rows *rows, unsigned column, struct arena *arena,
                           struct category_attribute *ret)
{
    *ret = (struct category_attribute){
        .code = arena_strdup(arena, db_get_text(rows, column)),
        .name = arena_strdup(arena, db_get_text(rows, column + 1)),
        .type = (enum category_attribute_type)db_get_i64(rows, column + 2),
        .required = db_get_i64(rows, column + 3) != 0,
        .min = db_get_i64(rows, column + 5),
        .max = db_get_i64(rows, column + 6),
        .max_length = db_get_i64(rows, column + 7),
    };
    read_enum_values(db_get_text(rows, column + 4), arena, ret);
}

static struct status read_attributes(struct db_tx *tx, struct arena *arena, struct category *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT " ATTRIBUTE_COLUMNS " FROM category_attribute WHERE category_id = ? "
                 "ORDER BY sort_order, code LIMIT ?",
                 DB_ARGS(DB_I64(ret->id), DB_U64(ATTRIBUTES_MAX)), &rows));
    struct category_attribute *list = arena_array_of(arena, struct category_attribute, rows.count);
    while (db_rows_next(&rows))
        read_attribute(&rows, 0, arena, &list[ret->attribute_count++]);
    ret->attributes = list;
    return STATUS_OK;
}

static struct status read_rules(struct db_tx *tx, struct arena *arena, struct category *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT kind, attribute_code, min_number, max_number FROM audit_rule "
                 "WHERE category_id = ? ORDER BY kind, attribute_code LIMIT ?",
                 DB_ARGS(DB_I64(ret->id), DB_U64(RULES_MAX)), &rows));
    struct audit_rule *list = arena_array_of(arena, struct audit_rule, rows.count);
    while (db_rows_next(&rows))
        list[ret->rule_count++] = (struct audit_rule){
            .kind = (enum audit_rule_kind)db_get_i64(&rows, 0),
            .code = arena_strdup(arena, db_get_text(&rows, 1)),
            .min = db_get_i64(&rows, 2),
            .max = db_get_i64(&rows, 3),
        };
    ret->rules = list;
    return STATUS_OK;
}

struct status category_repo_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                 struct category *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM category WHERE category_id = ?", DB_ARGS(DB_I64(id)),
                 &rows));
    *ret_found = db_rows_next(&rows);
    if (!*ret_found)
        return STATUS_OK;
    read_category(&rows, arena, ret);
    TRY(read_attributes(tx, arena, ret));
    return read_rules(tx, arena, ret);
}

static struct category *find_in(struct category *list, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].id == id)
            return &list[i];
    return NULL;
}

/* Rows come category by category. */
static struct status read_all_attributes(struct db_tx *tx, struct arena *arena,
                                         struct category *list, size_t count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct category *category = NULL;

    TRY(db_query(tx,
                 "SELECT category_id, " ATTRIBUTE_COLUMNS " FROM category_attribute "
                 "ORDER BY category_id, sort_order, code LIMIT ?",
                 DB_ARGS(DB_U64(ALL_ATTRIBUTES_MAX)), &rows));
    struct category_attribute *next = arena_array_of(arena, struct category_attribute, rows.count);
    while (db_rows_next(&rows)) {
        const int64_t id = db_get_i64(&rows, 0);
        if (!category || category->id != id)
            category = find_in(list, count, id);
        if (!category)
            continue;
        if (!category->attribute_count)
            category->attributes = next;
        read_attribute(&rows, 1, arena, next++);
        category->attribute_count++;
    }
    return STATUS_OK;
}

struct status category_repo_list(struct db_tx *tx, struct arena *arena, struct category **ret,
                                 size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT " COLUMNS " FROM category ORDER BY level, sort_order, category_id LIMIT ?",
                 DB_ARGS(DB_U64(CATEGORIES_MAX)), &rows));
    struct category *list = arena_array_of(arena, struct category, rows.count);
    size_t count = 0;
    while (db_rows_next(&rows))
        read_category(&rows, arena, &list[count++]);
    TRY(read_all_attributes(tx, arena, list, count));
    *ret = list;
    *ret_count = count;
    return STATUS_OK;
}

struct status category_repo_find_policies(struct db_tx *tx, int64_t id, struct arena *arena,
                                          struct audit_policy **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT source, user_type, strategy FROM audit_policy WHERE category_id = ? "
                 "ORDER BY source, user_type LIMIT ?",
                 DB_ARGS(DB_I64(id), DB_U64(POLICIES_MAX)), &rows));
    *ret = arena_array_of(arena, struct audit_policy, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = (struct audit_policy){
            .source = (enum source)db_get_i64(&rows, 0),
            .user_type = (int)db_get_i64(&rows, 1),
            .strategy = (enum audit_strategy)db_get_i64(&rows, 2),
        };
    return STATUS_OK;
}
