#include "index_prepare.h"

#include "base/clock.h"
#include "document_repo.h"
#include "index_schema.h"
#include "io/db.h"
#include "observe/log.h"

enum { PART = DB_SET_MAX, ARENA_MAX = 32 * 1024 * 1024, TIMEOUT_US = 20 * 1000 * 1000 };

static struct status look(const struct search *search, struct arena *arena, bool *ret_is_there)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    const struct engine_request request = {
        .method = "GET",
        .path = arena_printf(arena, "/_alias/%s", search->engine.alias),
        .timeout_us = TIMEOUT_US,
    };

    TRY(engine_call(&search->engine, &request, arena, &answer));
    if (answer.status != 200 && answer.status != 404)
        return engine_refusal(&answer);
    *ret_is_there = answer.status == 200;
    return STATUS_OK;
}

/*
 * Before the index is made: were it the other way round, a crash in between would leave an index
 * that stays empty.
 */
static struct status make_part_due(struct search *search, struct arena *arena, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    int64_t up_to = search->indexing.due_up_to;

    TRY(db_tx_begin(&tx, search->db));
    TRY(document_repo_make_due(&tx, PART, arena, &up_to, ret_count));
    TRY(db_tx_commit(&tx));
    search->indexing.due_up_to = up_to;
    return STATUS_OK;
}

static struct status send(const struct search *search, const char *method, const char *path,
                          const json_t *body, struct arena *arena, struct engine_answer *ret)
{
    size_t size;
    const char *text = engine_json(body, arena, &size);
    const struct engine_request request = {
        .method = method,
        .path = path,
        .body = text,
        .body_size = size,
        .timeout_us = TIMEOUT_US,
    };
    return engine_call(&search->engine, &request, arena, ret);
}

/* True when it is there already: another worker was faster, or lost its life before the alias. */
static struct status make_index(const struct search *search, struct arena *arena, bool *ret_existed)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *schema = index_schema(&search->engine, search->engine.alias);
    const char *path = arena_printf(arena, "/%s", search->engine.index);

    TRY(send(search, "PUT", path, schema, arena, &answer));
    *ret_existed = answer.status == 400 &&
                   engine_answer_is(&answer, "resource_already_exists_exception");
    return answer.status == 200 || *ret_existed ? STATUS_OK : engine_refusal(&answer);
}

static struct status make_alias(const struct search *search, struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *actions = index_alias_actions(&search->engine);

    TRY(send(search, "POST", "/_aliases", actions, arena, &answer));
    return answer.status == 200 ? STATUS_OK : engine_refusal(&answer);
}

static struct status make(struct search *search, struct arena *arena)
{
    bool existed = false;

    TRY(make_index(search, arena, &existed));
    if (existed)
        TRY(make_alias(search, arena));
    log_info("index made", LOG_STR("index", search->engine.index),
             LOG_STR("alias", search->engine.alias));
    return STATUS_OK;
}

struct status index_prepare(struct search *search, bool *ret_more)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    bool is_there = false;
    size_t count = 0;

    TRY(look(search, arena, &is_there));
    if (!is_there) {
        TRY(make_part_due(search, arena, &count));
        *ret_more = count == PART;
        if (*ret_more)
            return STATUS_OK;
        TRY(make(search, arena));
    }
    search->indexing.is_ready = true;
    search->indexing.due_up_to = 0;
    *ret_more = true;
    return STATUS_OK;
}
