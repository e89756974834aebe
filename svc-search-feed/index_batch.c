#include "index_batch.h"

#include <stdlib.h>

#include "base/id.h"
#include "io/db.h"
#include "item_pb.h"
#include "price_pb.h"
#include "sku_repo.h"

enum {
    DOCUMENTS_MAX = 250,
    SKUS_MAX = DB_SET_MAX,
    ITEM_ROOM = 32 * 1024 * 1024, /* what one item may take up unpacked, and more */
};

static struct status find(struct db *db, struct arena *arena, struct index_batch *batch,
                          struct due **ret_due, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_now(&tx, &batch->now_us));
    return document_repo_find_due(&tx, batch->now_us, DOCUMENTS_MAX, arena, ret_due, ret_count);
}

static struct status renew(struct db *db, struct arena *arena, int64_t *item_ids, size_t count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    qsort(item_ids, count, sizeof *item_ids, id_order);
    TRY(db_tx_begin(&tx, db));
    TRY(document_repo_renew(&tx, item_ids, count, arena));
    return db_tx_commit(&tx);
}

/*
 * What only the time changed gets a version of its own first and is taken the next time: as
 * another content under the same version it could be overwritten by a worker that is behind.
 */
static struct status set_aside_stale(struct db *db, struct arena *arena, struct due *due,
                                     size_t *count, bool *ret_any)
{
    int64_t *stale = arena_array_of(arena, int64_t, *count);
    size_t stale_count = 0, kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (due[i].version == due[i].indexed_version)
            stale[stale_count++] = due[i].item_id;
        else
            due[kept++] = due[i];
    }
    *count = kept;
    *ret_any = stale_count;
    return stale_count ? renew(db, arena, stale, stale_count) : STATUS_OK;
}

/* As many as one question for their SKUs and the arena allow; at least one. */
static void unpack(const struct due *due, size_t count, struct arena *arena,
                   struct index_batch *batch)
{
    size_t skus = 0;

    batch->entries = arena_array_of(arena, struct index_entry, count);
    for (size_t i = 0; i < count && arena_left(arena) > ITEM_ROOM; i++) {
        struct index_entry *entry = &batch->entries[i];
        entry->due = due[i];
        entry->is_readable =
            item_unpack(due[i].packed, due[i].packed_size, arena, &entry->document.item);
        skus += entry->document.item.sku_count;
        if (skus > SKUS_MAX)
            break;
        batch->count++;
    }
}

static struct status find_skus(struct db *db, const struct index_batch *batch, struct arena *arena,
                               struct sku **ret, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    int64_t *ids = arena_array_of(arena, int64_t, SKUS_MAX);
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        for (size_t j = 0; j < batch->entries[i].document.item.sku_count; j++)
            ids[count++] = batch->entries[i].document.item.sku_ids[j];
    if (!count) {
        *ret = NULL;
        *ret_count = 0;
        return STATUS_OK;
    }
    TRY(db_read_begin(&tx, db));
    return sku_repo_find_many(&tx, ids, count, arena, ret, ret_count);
}

static void build(struct index_entry *entry, const struct sku *skus, size_t sku_count,
                  int64_t now_us, struct arena *arena)
{
    const struct item item = entry->document.item;
    struct sku *known = arena_array_of(arena, struct sku, item.sku_count);
    struct price_list *prices = arena_array_of(arena, struct price_list, item.sku_count);
    size_t count = 0;

    for (size_t i = 0; i < item.sku_count; i++) {
        const struct sku *sku = bsearch(&item.sku_ids[i], skus, sku_count, sizeof *skus, id_order);
        if (!sku)
            continue;
        known[count] = *sku;
        if (!price_list_unpack(sku->prices, sku->prices_size, arena, &prices[count]))
            entry->is_readable = false;
        else
            count++;
    }
    entry->document = document_make(&item, known, prices, count, now_us);
}

static struct status build_all(struct db *db, const struct due *due, size_t count,
                               struct arena *arena, struct index_batch *batch)
{
    struct sku *skus;
    size_t sku_count;

    unpack(due, count, arena, batch);
    TRY(find_skus(db, batch, arena, &skus, &sku_count));
    for (size_t i = 0; i < batch->count; i++)
        build(&batch->entries[i], skus, sku_count, batch->now_us, arena);
    return STATUS_OK;
}

struct status index_batch_read(struct db *db, struct arena *arena, struct index_batch *ret)
{
    struct index_batch batch = {0};
    struct due *due;
    size_t due_count;
    bool any_stale;

    TRY(find(db, arena, &batch, &due, &due_count));
    const bool is_full = due_count == DOCUMENTS_MAX;
    batch.delay_us = due_count ? batch.now_us - due[0].due_us : 0;
    TRY(set_aside_stale(db, arena, due, &due_count, &any_stale));
    TRY(build_all(db, due, due_count, arena, &batch));
    batch.has_more = is_full || any_stale || batch.count < due_count;
    *ret = batch;
    return STATUS_OK;
}

static struct status find_after(struct db *db, int64_t after_id, struct arena *arena,
                                struct index_batch *batch, struct due **ret_due, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_now(&tx, &batch->now_us));
    return document_repo_find_after(&tx, after_id, DOCUMENTS_MAX, arena, ret_due, ret_count);
}

struct status index_batch_read_after(struct db *db, int64_t after_id, struct arena *arena,
                                     struct index_batch *ret)
{
    struct index_batch batch = {0};
    struct due *due;
    size_t count;

    TRY(find_after(db, after_id, arena, &batch, &due, &count));
    TRY(build_all(db, due, count, arena, &batch));
    batch.has_more = count == DOCUMENTS_MAX || batch.count < count;
    *ret = batch;
    return STATUS_OK;
}
