#include "item_repo.h"

#include <string.h>

#include "io/db.h"

#define COLUMNS                                                                          \
    "item_id, listing_id, category_id, source, shop_id, supplier_id, physical, status, " \
    "version, title, digest, document, created_at, updated_at"

static void read_row(const struct db_rows *rows, struct arena *arena, struct item *ret)
{
    size_t digest_size, document_size;
    const void *digest = db_get_bytes(rows, 10, &digest_size);
    const void *document = db_get_bytes(rows, 11, &document_size);

    *ret = (struct item){
        .id = db_get_i64(rows, 0),
        .listing_id = db_get_i64(rows, 1),
        .category_id = db_get_i64(rows, 2),
        .source = (enum source)db_get_i64(rows, 3),
        .shop_id = db_get_i64(rows, 4),
        .supplier_id = db_get_i64(rows, 5),
        .physical = db_get_i64(rows, 6) != 0,
        .status = (enum item_status)db_get_i64(rows, 7),
        .version = db_get_i64(rows, 8),
        .title = arena_strdup(arena, db_get_text(rows, 9)),
        .document = arena_dup(arena, document, document_size),
        .document_size = document_size,
        .created_us = db_get_time(rows, 12),
        .updated_us = db_get_time(rows, 13),
    };
    BUG_ON(digest_size != ITEM_DIGEST_SIZE);
    memcpy(ret->digest, digest, ITEM_DIGEST_SIZE);
}

static struct status read_one(struct db_tx *tx, const char *sql, int64_t id, struct arena *arena,
                              struct item *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        read_row(&rows, arena, ret);
    return STATUS_OK;
}

struct status item_repo_find(struct db_tx *tx, int64_t id, struct arena *arena, struct item *ret,
                             bool *ret_found)
{
    return read_one(tx, "SELECT " COLUMNS " FROM item WHERE item_id = ?", id, arena, ret,
                    ret_found);
}

struct status item_repo_lock(struct db_tx *tx, int64_t id, struct arena *arena, struct item *ret,
                             bool *ret_found)
{
    return read_one(tx, "SELECT " COLUMNS " FROM item WHERE item_id = ? FOR UPDATE", id, arena, ret,
                    ret_found);
}

static struct db_set set_of(const int64_t *ids, size_t count, struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, count);

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(ids[i]);
    return (struct db_set){.values = values, .width = 1, .rows = count};
}

struct status item_repo_find_many(struct db_tx *tx, const int64_t *ids, size_t count,
                                  struct arena *arena, struct item **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    const struct db_set set = set_of(ids, count, arena);

    TRY(db_query_set(tx, "SELECT " COLUMNS " FROM item WHERE item_id IN ({,|?}) ORDER BY item_id",
                     DB_NO_ARGS, &set, 1, &rows));
    *ret = arena_array_of(arena, struct item, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        read_row(&rows, arena, &(*ret)[*ret_count]);
    return STATUS_OK;
}

struct status item_repo_insert(struct db_tx *tx, const struct item *item)
{
    return db_exec(tx,
                   "INSERT INTO item (" COLUMNS ") VALUES "
                   "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(DB_I64(item->id), DB_I64(item->listing_id), DB_I64(item->category_id),
                           DB_I64(item->source), DB_I64(item->shop_id), DB_I64(item->supplier_id),
                           DB_I64(item->physical), DB_I64(item->status), DB_I64(item->version),
                           DB_TEXT(item->title), DB_BYTES(item->digest, ITEM_DIGEST_SIZE),
                           DB_BYTES(item->document, item->document_size), DB_TIME(item->created_us),
                           DB_TIME(item->updated_us)),
                   NULL);
}

struct status item_repo_insert_text(struct db_tx *tx, int64_t item_id, const char *description)
{
    if (!*description)
        return STATUS_OK;
    return db_exec(tx, "INSERT INTO item_text (item_id, description) VALUES (?, ?)",
                   DB_ARGS(DB_I64(item_id), DB_TEXT(description)), NULL);
}

struct status item_repo_insert_skus(struct db_tx *tx, int64_t item_id, const struct goods *goods,
                                    const int64_t *sku_ids, struct arena *arena)
{
    enum { WIDTH = 4 };
    struct db_value *values = arena_array_of(arena, struct db_value, goods->sku_count * WIDTH);

    for (size_t i = 0; i < goods->sku_count; i++) {
        values[i * WIDTH] = DB_I64(sku_ids[i]);
        values[i * WIDTH + 1] = DB_I64(item_id);
        values[i * WIDTH + 2] = DB_TEXT(goods->skus[i].code);
        values[i * WIDTH + 3] = DB_TEXT(goods->skus[i].title);
    }
    return db_insert_rows(
        tx, "INSERT INTO sku (sku_id, item_id, sku_code, title) VALUES {,|(?, ?, ?, ?)}",
        (struct db_set){.values = values, .width = WIDTH, .rows = goods->sku_count}, NULL);
}

struct status item_repo_save_status(struct db_tx *tx, const struct item *item,
                                    int64_t version_before)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE item SET status = ?, version = ?, updated_at = ? "
                "WHERE item_id = ? AND version = ?",
                DB_ARGS(DB_I64(item->status), DB_I64(item->version), DB_TIME(item->updated_us),
                        DB_I64(item->id), DB_I64(version_before)),
                &affected));
    if (affected == 1)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "VERSION_MISMATCH", "the item has just changed");
}

struct status item_repo_insert_change(struct db_tx *tx, const struct item *item,
                                      const struct item_change *change, const char *comment,
                                      const char *changed_by)
{
    return db_exec(tx,
                   "INSERT INTO item_history (item_id, version, from_status, to_status, comment, "
                   "changed_by, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(DB_I64(item->id), DB_I64(change->version), DB_I64(change->from),
                           DB_I64(change->to), DB_TEXT(comment), DB_TEXT(changed_by),
                           DB_TIME(item->updated_us)),
                   NULL);
}

/* The conditions are a column, so that the scan ends after `most` rows whether they fit or not. */
#define FITS                                                                                \
    "SELECT item_id, status <> 99 AND (? = 0 OR source = ?) AND (? < 0 OR status = ?) "     \
    "AND (? = 0 OR shop_id = ?) AND (? = 0 OR supplier_id = ?) AND created_at >= ? "        \
    "AND created_at < ? AND (? = '' OR title COLLATE utf8mb4_general_ci LIKE ? ESCAPE '!' " \
    "OR EXISTS (SELECT 1 FROM item_text t WHERE t.item_id = item.item_id "                  \
    "AND t.description COLLATE utf8mb4_general_ci LIKE ? ESCAPE '!')) "                     \
    "AND (? = 0 OR category_id IN ({,|?})) FROM item "
#define NEWEST " item_id < ? ORDER BY item_id DESC LIMIT ?"

/* "%50!% off%" for "50% off". */
static const char *pattern_of(const char *keyword, struct arena *arena)
{
    char *pattern = arena_alloc(arena, 2 * strlen(keyword) + 3);
    char *to = pattern;

    *to++ = '%';
    for (; *keyword; keyword++) {
        if (strchr("%_!", *keyword))
            *to++ = '!';
        *to++ = *keyword;
    }
    *to++ = '%';
    *to = '\0';
    return pattern;
}

static struct status run_scan(struct db_tx *tx, const struct item_query *query, struct arena *arena,
                              struct db_rows *ret)
{
    static const int64_t nothing[] = {0};
    const bool any = !query->category_count;
    const struct db_set set = any ? set_of(nothing, 1, arena)
                                  : set_of(query->category_ids, query->category_count, arena);
    const int64_t owner = query->shop_id               ? query->shop_id
                          : query->supplier_id         ? query->supplier_id
                          : query->category_count == 1 ? query->category_ids[0]
                                                       : 0;
    const char *pattern = pattern_of(query->keyword, arena);
    const struct db_args args = DB_ARGS(
        DB_I64(query->source), DB_I64(query->source), DB_I64(query->status), DB_I64(query->status),
        DB_I64(query->shop_id), DB_I64(query->shop_id), DB_I64(query->supplier_id),
        DB_I64(query->supplier_id), DB_TIME(query->created_from_us), DB_TIME(query->created_to_us),
        DB_TEXT(query->keyword), DB_TEXT(pattern), DB_TEXT(pattern), DB_I64(!any), DB_I64(owner),
        DB_I64(query->before_id), DB_U64(query->most));

    if (query->shop_id)
        return db_query_set(tx, FITS "WHERE shop_id = ? AND" NEWEST, args, &set, 1, ret);
    if (query->supplier_id)
        return db_query_set(tx, FITS "WHERE supplier_id = ? AND" NEWEST, args, &set, 1, ret);
    if (query->category_count == 1)
        return db_query_set(tx, FITS "WHERE category_id = ? AND" NEWEST, args, &set, 1, ret);
    return db_query_set(tx, FITS "WHERE item_id > ? AND" NEWEST, args, &set, 1, ret);
}

struct status item_repo_scan(struct db_tx *tx, const struct item_query *query, struct arena *arena,
                             struct item_scan *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct item_scan scan = {0};

    TRY(run_scan(tx, query, arena, &rows));
    scan.ids = arena_array_of(arena, int64_t, rows.count);
    while (db_rows_next(&rows)) {
        scan.last_id = db_get_i64(&rows, 0);
        scan.looked_at++;
        if (db_get_i64(&rows, 1))
            scan.ids[scan.count++] = scan.last_id;
    }
    *ret = scan;
    return STATUS_OK;
}
