#include "reindex_worker.h"

#include <string.h>

#include "index_batch.h"
#include "index_live.h"
#include "index_schema.h"
#include "io/db.h"
#include "observe/log.h"
#include "reindex_repo.h"
#include "run/task.h"
#include "search.h"
#include "shipment.h"

enum { ABANDONED_US = 60 * 1000 * 1000 }; /* an index is made within seconds of its row */

static struct status find_running(struct db *db, struct arena *arena, struct reindex *ret,
                                  int64_t *ret_now_us, bool *ret_found)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_now(&tx, ret_now_us));
    return reindex_repo_find_running(&tx, arena, ret, ret_found);
}

static struct status advance(struct db *db, const struct reindex *reindex, int64_t done_up_to,
                             size_t items)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(reindex_repo_advance(&tx, reindex, done_up_to, (int64_t)items));
    return db_tx_commit(&tx);
}

/* The engine lost it: what was sent to it, from here or by the index_worker, is gone. */
static struct status restart(struct db *db, const struct reindex *reindex)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    log_warn("new index is gone, it is filled from the beginning",
             LOG_STR("index", reindex->index));
    TRY(db_tx_begin(&tx, db));
    TRY(reindex_repo_restart(&tx, reindex));
    return db_tx_commit(&tx);
}

static struct status note_made(struct db *db, const struct reindex *reindex, const char *uuid)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(reindex_repo_note_made(&tx, reindex, uuid));
    return db_tx_commit(&tx);
}

static struct status give_up(struct db *db, const struct reindex *reindex, enum giving_up why)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(reindex_repo_give_up(&tx, reindex, why));
    return db_tx_commit(&tx);
}

static struct status end(struct db *db, const struct reindex *reindex)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(reindex_repo_end(&tx, reindex));
    TRY(db_tx_commit(&tx));
    log_info("index replaced", LOG_STR("index", reindex->index), LOG_I64("items", reindex->items));
    return STATUS_OK;
}

/* False where there is none. */
static struct status look_behind(const struct search *search, const char *alias,
                                 struct arena *arena, struct engine_answer *ret, bool *ret_any)
{
    TRY(engine_ask(&search->engine, "GET", arena_printf(arena, "/_alias/%s", alias), NULL, arena,
                   ret));
    *ret_any = ret->status == 200;
    return *ret_any || ret->status == 404 ? STATUS_OK : engine_refusal(ret);
}

static struct status find_live(const struct search *search, const char *index, struct arena *arena,
                               bool *ret_is_live)
{
    AUTO(engine_answer_end) struct engine_answer live = {0};
    bool any;

    TRY(look_behind(search, search->engine.alias, arena, &live, &any));
    *ret_is_live = any && json_object_get(live.body, index);
    return STATUS_OK;
}

/* Never what is searched, whatever somebody else made of it meanwhile. */
static struct status remove_index(const struct search *search, const char *index,
                                  struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    bool is_live = false;

    TRY(find_live(search, index, arena, &is_live));
    if (is_live)
        return STATUS_OK;
    TRY(engine_ask(&search->engine, "DELETE", arena_printf(arena, "/%s", index), NULL, arena,
                   &answer));
    return answer.status == 200 || answer.status == 404 ? STATUS_OK : engine_refusal(&answer);
}

/* From here on it cannot be put in its place any more, unless it was: then it is left alone. */
static struct status discard(const struct search *search, const char *index, struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer taken = {0};
    json_auto_t *actions = index_discard_actions(&search->engine, index);

    TRY(engine_ask(&search->engine, "POST", "/_aliases", actions, arena, &taken));
    if (taken.status == 404)
        return STATUS_OK;
    return taken.status == 200 ? remove_index(search, index, arena) : engine_refusal(&taken);
}

/*
 * What is left of one that was given up. A process that stood still may make it at any time yet, and
 * an alias of two indexes takes no document.
 */
static struct status clear_the_way(const struct search *search, const struct reindex *reindex,
                                   struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer there = {0};
    const char *index;
    json_t *value;
    bool any;

    TRY(look_behind(search, search->engine.next_alias, arena, &there, &any));
    if (!any)
        return STATUS_OK;
    json_object_foreach(there.body, index, value)
    {
        if (strcmp(index, reindex->index) != 0)
            TRY(discard(search, index, arena));
    }
    return STATUS_OK;
}

/*
 * It says that it is what the row says. Another one, from a copy or made by hand, would go live as
 * it is: it is removed, and the next try finds that it has to be made.
 */
static struct status look_at_made(const struct search *search, const struct reindex *reindex,
                                  struct arena *arena, struct index_live *ret)
{
    TRY(index_live_look(&search->engine, reindex->index, arena, ret));
    if (!ret->is_there)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "the new index is gone");
    if (strcmp(ret->schema, reindex->schema) == 0)
        return STATUS_OK;
    TRY(remove_index(search, reindex->index, arena));
    return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                        "the new index had another schema");
}

/* What the engine does not want it will not want later, and the feed has to go on. */
static struct status give_up_refused(const struct search *search, const struct reindex *reindex,
                                     const struct engine_answer *answer)
{
    log_warn("engine refuses the new index, the reindexing is given up",
             LOG_STR("index", reindex->index), LOG_STR("schema", reindex->schema));
    TRY(give_up(search->db, reindex, GIVEN_UP_UNWANTED));
    return engine_refusal(answer);
}

/* It is fine when it is there: made by another process, or before a crash. */
static struct status make_index(const struct search *search, const struct reindex *reindex,
                                struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *schema = index_schema(&search->engine, search->engine.next_alias);
    const char *path = arena_printf(arena, "/%s", reindex->index);
    struct index_live made;

    TRY(engine_ask(&search->engine, "PUT", path, schema, arena, &answer));
    if (answer.status != 200 && !engine_answer_is(&answer, "resource_already_exists_exception"))
        return give_up_refused(search, reindex, &answer);
    TRY(look_at_made(search, reindex, arena, &made));
    return note_made(search->db, reindex, made.uuid);
}

/*
 * Is it the index that the row is about? Asked when something was done with it by its name, or its
 * alias: it was this one then as well.
 */
static struct status look_again(const struct search *search, const struct reindex *reindex,
                                struct arena *arena, struct index_live *ret, bool *ret_is_gone)
{
    TRY(index_live_look(&search->engine, reindex->index, arena, ret));
    *ret_is_gone = !ret->is_there || strcmp(ret->uuid, reindex->uuid) != 0 ||
                   strcmp(ret->schema, reindex->schema) != 0;
    return STATUS_OK;
}

/* How many of the shipment are there. */
static struct status count_there(const struct shipment *shipment, size_t *ret_items,
                                 bool *ret_is_gone)
{
    *ret_items = 0;
    *ret_is_gone = false;
    for (size_t i = 0; i < shipment->count; i++) {
        const struct bulk_result *result = &shipment->results[i];
        if (result->outcome == BULK_BUSY)
            return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "engine: %s",
                                result->why);
        *ret_is_gone |= result->outcome == BULK_NO_INDEX;
        *ret_items += result->outcome == BULK_INDEXED;
    }
    return STATUS_OK;
}

/* What neither index takes is the document's fault; what the searched one has must not be lost. */
static struct status check_refused(const struct search *search, const struct shipment *shipment,
                                   struct arena *arena)
{
    int64_t *ids = arena_array_of(arena, int64_t, shipment->count);
    const char **whys = arena_array_of(arena, const char *, shipment->count);
    size_t count = 0, at;
    bool found;

    for (size_t i = 0; i < shipment->count; i++) {
        if (shipment->results[i].outcome != BULK_REFUSED)
            continue;
        ids[count] = shipment->batch->entries[i].due.item_id;
        whys[count++] = shipment->results[i].why;
    }
    if (!count)
        return STATUS_OK;
    TRY(index_live_find_any(&search->engine, search->engine.alias, ids, count, arena, &at, &found));
    return found ? status_error(CODE_INTERNAL, "INTERNAL", "new index refuses item %lld: %s",
                                (long long)ids[at], whys[at])
                 : STATUS_OK;
}

static struct status fill(const struct search *search, const struct reindex *reindex,
                          const struct index_batch *batch, struct arena *arena)
{
    AUTO(shipment_end) struct shipment shipment = {0};
    struct index_live next;
    size_t items = 0;
    bool is_gone = false;

    shipment_load(batch, arena, &shipment);
    TRY(shipment_send(&search->engine, search->engine.next_alias, &shipment, arena));
    TRY(count_there(&shipment, &items, &is_gone));
    if (!is_gone)
        TRY(look_again(search, reindex, arena, &next, &is_gone));
    if (is_gone)
        return restart(search->db, reindex);
    TRY(check_refused(search, &shipment, arena));
    return advance(search->db, reindex, batch->entries[shipment.count - 1].due.item_id, items);
}

/* Searches see what was sent before a refresh. */
static struct status refresh(const struct search *search, const struct reindex *reindex,
                             struct arena *arena, bool *ret_is_gone)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    const char *path = arena_printf(arena, "/%s/_refresh", reindex->index);

    TRY(engine_ask(&search->engine, "POST", path, NULL, arena, &answer));
    *ret_is_gone = answer.status == 404;
    return *ret_is_gone || answer.status == 200 ? STATUS_OK : engine_refusal(&answer);
}

/* No index behind the alias is index_prepare's to mend, first. */
static struct status replace(const struct search *search, const struct reindex *reindex,
                             struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer there = {0}, done = {0};
    bool any;

    TRY(look_behind(search, search->engine.alias, arena, &there, &any));
    if (!any)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "there is no index yet");
    json_auto_t *actions = index_switch_actions(&search->engine, reindex->index, there.body);
    if (!actions)
        return STATUS_OK;
    TRY(engine_ask(&search->engine, "POST", "/_aliases", actions, arena, &done));
    if (done.status == 404)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "somebody else took the new index, or put it in its place");
    return done.status == 200 ? STATUS_OK : engine_refusal(&done);
}

/* Not under the feet of searches that began before it was replaced: the engine would fail them. */
static struct status remove_old(const struct search *search, struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer old = {0};
    const char *index;
    json_t *value;
    bool any;

    TRY(look_behind(search, search->engine.old_alias, arena, &old, &any));
    if (!any)
        return STATUS_OK;
    TRY(task_sleep_us(search->search_timeout_us));
    json_object_foreach(old.body, index, value)
    {
        TRY(remove_index(search, index, arena));
    }
    return STATUS_OK;
}

/* What is left to do when it is in its place, even if a crash or another process came between. */
static struct status tidy_up(const struct search *search, const struct reindex *reindex,
                             struct arena *arena)
{
    TRY(remove_old(search, arena));
    return end(search->db, reindex);
}

static struct status finish(const struct search *search, const struct reindex *reindex,
                            struct arena *arena)
{
    struct index_live next;
    bool is_gone = false;

    TRY(refresh(search, reindex, arena, &is_gone));
    if (!is_gone)
        TRY(look_again(search, reindex, arena, &next, &is_gone));
    if (is_gone)
        return restart(search->db, reindex);
    TRY(index_live_set_filled(&search->engine, &next, arena));
    TRY(replace(search, reindex, arena));
    return tidy_up(search, reindex, arena);
}

/*
 * Of another release, which is left alone while it may yet do its work. Whoever made the index and
 * lost it would hold up the feed for ever, and one that was never made may be nobody's wish any
 * more; whoever wants it still begins again (reindexing).
 */
static struct status check_foreign(const struct search *search, const struct reindex *reindex,
                                   int64_t now_us, struct arena *arena)
{
    struct index_live next, live;

    if (now_us - reindex->started_us < ABANDONED_US)
        return STATUS_OK;
    TRY(index_live_look(&search->engine, reindex->index, arena, &next));
    TRY(index_live_look(&search->engine, search->engine.alias, arena, &live));
    if (next.is_there || !live.is_there || strcmp(live.schema, search->engine.schema) != 0)
        return STATUS_OK;
    log_warn("reindexing of another release has no index, it is given up",
             LOG_STR("index", reindex->index), LOG_STR("schema", reindex->schema));
    return give_up(search->db, reindex, GIVEN_UP_NOT_MADE);
}

struct status reindex_worker_run(void *arg, bool *ret_more)
{
    const struct search *search = arg;
    AUTO(arena_freep) struct arena *arena = arena_new(INDEX_BATCH_ARENA_MAX);
    struct reindex reindex;
    struct index_batch batch;
    int64_t now_us;
    bool is_running = false, is_live = false;

    TRY(find_running(search->db, arena, &reindex, &now_us, &is_running));
    if (!is_running)
        return STATUS_OK;
    if (strcmp(reindex.schema, search->engine.schema) != 0)
        return check_foreign(search, &reindex, now_us, arena);
    *ret_more = true;
    TRY(find_live(search, reindex.index, arena, &is_live));
    if (is_live) /* and was filled before; if it came back since, it is index_prepare's to fill */
        return tidy_up(search, &reindex, arena);
    TRY(clear_the_way(search, &reindex, arena));
    if (!*reindex.uuid)
        return make_index(search, &reindex, arena);
    TRY(index_batch_read_after(search->db, reindex.done_up_to, arena, &batch));
    return batch.count ? fill(search, &reindex, &batch, arena) : finish(search, &reindex, arena);
}
