#include "index_worker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "index_batch.h"
#include "index_live.h"
#include "index_prepare.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "patterns/retry.h"
#include "reindex_repo.h"
#include "run/task.h"
#include "search.h"
#include "shipment.h"

enum {
    SAVE_TRIES = 3,
    /* Events of one change come together, and what is indexed shows at the next refresh anyway. */
    GATHER_US = 50 * 1000,
};

static void count_and_log(const struct search *search, const struct shipment *shipment)
{
    static const char *const words[] = {
        [BULK_INDEXED] = "indexed",
        [BULK_BUSY] = "busy",
        [BULK_NO_INDEX] = "no_index",
        [BULK_REFUSED] = "refused",
    };

    for (size_t i = 0; i < shipment->count; i++) {
        const struct bulk_result *result = &shipment->results[i];
        metric_add(metric_series(search->indexing.documents, words[result->outcome]), 1);
        if (result->outcome == BULK_REFUSED)
            log_error("document refused, it is tried again later",
                      LOG_I64("item_id", shipment->batch->entries[i].due.item_id),
                      LOG_I64("failures", shipment->batch->entries[i].due.failures + 1),
                      LOG_STR("why", result->why));
    }
}

static struct status save_indexed(struct db_tx *tx, const struct shipment *shipment,
                                  struct arena *arena)
{
    struct indexed *list = arena_array_of(arena, struct indexed, shipment->count);
    size_t count = 0;

    for (size_t i = 0; i < shipment->count; i++) {
        const struct index_entry *entry = &shipment->batch->entries[i];
        if (shipment->results[i].outcome == BULK_INDEXED)
            list[count++] = (struct indexed){
                .item_id = entry->due.item_id,
                .version = entry->due.version,
                .stale_us = entry->document.stale_us,
            };
    }
    qsort(list, count, sizeof *list, id_order);
    return count ? document_repo_save_indexed(tx, list, count, arena) : STATUS_OK;
}

static struct status save_refused(struct db_tx *tx, const struct shipment *shipment)
{
    for (size_t i = 0; i < shipment->count; i++) {
        const struct due *due = &shipment->batch->entries[i].due;
        if (shipment->results[i].outcome == BULK_REFUSED)
            TRY(document_repo_save_refused(
                tx, due, shipment->batch->now_us + document_pause_us(due->failures)));
    }
    return STATUS_OK;
}

static struct status try_to_save(struct db *db, const struct shipment *shipment,
                                 struct arena *arena)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(save_indexed(&tx, shipment, arena));
    TRY(save_refused(&tx, shipment));
    return db_tx_commit(&tx);
}

/* Consumers lock many documents, too, in the order of their events: a deadlock is nothing odd. */
static struct status save(struct db *db, const struct shipment *shipment, struct arena *arena)
{
    struct retry retry = retry_times(SAVE_TRIES);
    struct status st;

    do
        st = try_to_save(db, shipment, arena);
    while (retry_again(&retry, &st));
    return st;
}

/* Something the engine could not do now: whoever called waits, longer each time. */
static struct status check_all_done(struct search *search, const struct shipment *shipment)
{
    for (size_t i = 0; i < shipment->count; i++) {
        const struct bulk_result *result = &shipment->results[i];
        if (result->outcome == BULK_NO_INDEX)
            search->indexing.is_ready = false;
        if (result->outcome == BULK_BUSY || result->outcome == BULK_NO_INDEX)
            return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "engine: %s",
                                result->why);
    }
    return STATUS_OK;
}

static struct status find_reindex(struct db *db, struct arena *arena, struct reindex *ret,
                                  bool *ret_running)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, db));
    return reindex_repo_find_running(&tx, arena, ret, ret_running);
}

/*
 * An index that is not there yet is filled from the table after it was made, and the table has these
 * versions. Who was to make it may never do so: the feed does not wait for it.
 */
static struct status check_made(const struct search *search, const struct reindex *reindex,
                                struct arena *arena, bool *ret_is_made)
{
    struct index_live next;

    *ret_is_made = true;
    if (*reindex->uuid)
        return STATUS_OK;
    TRY(index_live_look(&search->engine, reindex->index, arena, &next));
    *ret_is_made = next.is_there;
    return STATUS_OK;
}

/*
 * To the index that is made anew as well, if there is one. That is asked when the batch was read:
 * a reindexing that begins later finds these versions in the table.
 */
static struct status ship(const struct search *search, struct shipment *shipment,
                          struct arena *arena)
{
    struct reindex reindex;
    bool is_reindexed = false;

    TRY(find_reindex(search->db, arena, &reindex, &is_reindexed));
    if (is_reindexed)
        TRY(check_made(search, &reindex, arena, &is_reindexed));
    TRY(shipment_send(&search->engine, search->engine.alias, shipment, arena));
    if (!is_reindexed)
        return STATUS_OK;
    return shipment_send_also(&search->engine, search->engine.next_alias, shipment, arena);
}

static struct status index_some(struct search *search, bool *ret_more)
{
    AUTO(arena_freep) struct arena *arena = arena_new(INDEX_BATCH_ARENA_MAX);
    AUTO(shipment_end) struct shipment shipment = {0};
    struct index_batch batch;

    TRY(index_batch_read(search->db, arena, &batch));
    metric_set(search->indexing.delay, (double)batch.delay_us / CLOCK_US_PER_S);
    shipment_load(&batch, arena, &shipment);
    if (shipment.count) {
        TRY(ship(search, &shipment, arena));
        count_and_log(search, &shipment);
        TRY(save(search->db, &shipment, arena));
        TRY(check_all_done(search, &shipment));
    }
    *ret_more = batch.has_more || shipment.count < batch.count;
    return STATUS_OK;
}

struct status index_worker_run(void *arg, bool *ret_more)
{
    struct search *search = arg;

    if (!search->indexing.is_ready || clock_mono_us() >= search->indexing.look_at_us)
        return index_prepare(search, ret_more);
    if (!search->indexing.has_more)
        TRY(task_sleep_us(GATHER_US));
    search->indexing.has_more = false;
    TRY(index_some(search, ret_more));
    search->indexing.has_more = *ret_more;
    return STATUS_OK;
}
