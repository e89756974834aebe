#include "index_prepare.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "document_repo.h"
#include "index_live.h"
#include "index_schema.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "reindexing.h"

enum { PART = DB_SET_MAX, ARENA_MAX = 32 * 1024 * 1024, LOOK_US = 5 * 1000 * 1000 };

/* A running one of our schema is what we want; another may have been begun in the same moment. */
static struct status begin_reindexing(const struct search *search, const struct index_live *live,
                                      struct arena *arena, bool *ret_is_ours)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reindex reindex;
    bool begun;

    TRY(db_tx_begin(&tx, search->db));
    TRY(reindexing_begin(&tx, &search->engine, arena, &reindex, &begun));
    TRY(db_tx_commit(&tx));
    *ret_is_ours = strcmp(reindex.schema, search->engine.schema) == 0;
    if (begun)
        log_warn("index has another schema, it is made anew", LOG_STR("index", live->index),
                 LOG_STR("schema", live->schema), LOG_STR("wanted", search->engine.schema),
                 LOG_STR("new_index", reindex.index));
    return STATUS_OK;
}

/* A process that stood still for long finds that its index was not waited for. */
static struct status begin_again(const struct search *search, struct arena *arena)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    bool begun;

    TRY(db_tx_begin(&tx, search->db));
    TRY(reindexing_begin_again(&tx, &search->engine, arena, &begun));
    TRY(db_tx_commit(&tx));
    if (begun)
        log_warn("index was not made in time, the reindexing begins again",
                 LOG_STR("wanted", search->engine.schema));
    return STATUS_OK;
}

/*
 * Each process says once what it wants, when it first sees an index: while two releases run side by
 * side, the one that started last has it its way, and they do not fight. An index that is not one
 * of ours at all is nobody's wish.
 */
static struct status check_schema(struct search *search, const struct index_live *live,
                                  struct arena *arena, bool *ret_differs)
{
    struct indexing *indexing = &search->indexing;
    bool is_said = true;

    *ret_differs = live->is_there && strcmp(live->schema, search->engine.schema) != 0;
    metric_set(indexing->schema_differs, *ret_differs);
    if (*ret_differs && indexing->is_schema_checked && live->is_filled)
        TRY(begin_again(search, arena));
    else if (*ret_differs)
        TRY(begin_reindexing(search, live, arena, &is_said));
    indexing->is_schema_checked = live->is_there && is_said;
    return STATUS_OK;
}

static void forget_due(struct indexing *indexing)
{
    mem_free(indexing->due_for);
    indexing->due_for = NULL;
    indexing->due_up_to = 0;
}

/*
 * What was made due for one index may have been sent to it and be lost with it: for each the
 * documents are made due from the first one on.
 */
static void note_due_for(struct indexing *indexing, const struct index_live *live)
{
    if (indexing->due_for && strcmp(indexing->due_for, live->filling) == 0)
        return;
    forget_due(indexing);
    indexing->due_for = mem_strdup(live->filling);
}

/* Before the index is said to be filled: a crash in between costs time and no document. */
static struct status make_part_due(struct search *search, const struct index_live *live,
                                   struct arena *arena, bool *ret_more)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    size_t count;

    note_due_for(&search->indexing, live);
    int64_t up_to = search->indexing.due_up_to;
    TRY(db_tx_begin(&tx, search->db));
    TRY(document_repo_make_due(&tx, PART, arena, &up_to, &count));
    TRY(db_tx_commit(&tx));
    if (count && !search->indexing.due_up_to)
        log_warn("index is not there, or not the one that was filled: everything is sent again",
                 LOG_STR("alias", search->engine.alias), LOG_STR("uuid", live->uuid));
    *ret_more = count == PART;
    search->indexing.due_up_to = up_to;
    return STATUS_OK;
}

/* True when it is there already: another worker was faster, or it lost its alias. */
static struct status make_index(const struct search *search, struct arena *arena, bool *ret_existed)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *schema = index_schema(&search->engine, search->engine.alias);
    const char *path = arena_printf(arena, "/%s", search->engine.index);

    TRY(engine_ask(&search->engine, "PUT", path, schema, arena, &answer));
    *ret_existed = answer.status == 400 &&
                   engine_answer_is(&answer, "resource_already_exists_exception");
    return answer.status == 200 || *ret_existed ? STATUS_OK : engine_refusal(&answer);
}

static struct status make_alias(const struct search *search, struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *actions = index_alias_actions(&search->engine);

    TRY(engine_ask(&search->engine, "POST", "/_aliases", actions, arena, &answer));
    return answer.status == 200 ? STATUS_OK : engine_refusal(&answer);
}

/*
 * It may be one that was searched and filled once, and lacks what was sent since: whoever puts it
 * in its place says first that it is to be filled.
 */
static struct status adopt(const struct search *search, struct arena *arena)
{
    struct index_live found;

    TRY(index_live_look(&search->engine, search->engine.index, arena, &found));
    if (found.is_there)
        TRY(index_live_set_unfilled(&search->engine, &found, clock_unix_us(), arena));
    return make_alias(search, arena);
}

static struct status make(const struct search *search, struct arena *arena, struct index_live *ret)
{
    bool existed = false;

    TRY(make_index(search, arena, &existed));
    if (existed)
        TRY(adopt(search, arena));
    log_info("index made", LOG_STR("index", search->engine.index),
             LOG_STR("alias", search->engine.alias));
    TRY(index_live_look(&search->engine, search->engine.alias, arena, ret));
    return ret->is_there ? STATUS_OK
                         : status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                                        "the index that was made is gone again");
}

/*
 * Nobody filled the index, or there is none: part by part everything is due again. The index comes
 * first, so that there is something to be due for; that it is filled is said of this one alone.
 */
static struct status fill(struct search *search, struct index_live *live, struct arena *arena,
                          bool *ret_more)
{
    if (!live->is_there)
        TRY(make(search, arena, live));
    TRY(make_part_due(search, live, arena, ret_more));
    if (*ret_more)
        return STATUS_OK;
    TRY(index_live_set_filled(&search->engine, live, arena));
    forget_due(&search->indexing);
    return STATUS_OK;
}

struct status index_prepare(struct search *search, bool *ret_more)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    struct index_live live;
    bool differs;

    search->indexing.is_ready = false;
    TRY(index_live_look(&search->engine, search->engine.alias, arena, &live));
    TRY(check_schema(search, &live, arena, &differs));
    if (!live.is_filled && !differs)
        TRY(fill(search, &live, arena, ret_more));
    else
        forget_due(&search->indexing); /* another process did the rest */
    if (*ret_more)
        return STATUS_OK;
    search->indexing.is_ready = true;
    search->indexing.look_at_us = clock_mono_us() + LOOK_US;
    *ret_more = true;
    return STATUS_OK;
}
