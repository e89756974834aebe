#include "index_live.h"

#include <string.h>

#define WHAT "*.mappings._meta,*.settings.index.uuid,error"

static const char *word(const json_t *object, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, key));

    return arena_strdup(arena, text ? text : "");
}

static struct index_live read_live(const json_t *answer, struct arena *arena)
{
    void *first = json_object_iter((json_t *)(uintptr_t)answer);
    const json_t *index = first ? json_object_iter_value(first) : NULL;
    const json_t *meta = json_object_get(json_object_get(index, "mappings"), "_meta");
    const json_t *settings = json_object_get(json_object_get(index, "settings"), "index");
    struct index_live live = {
        .is_there = first,
        .index = arena_strdup(arena, first ? json_object_iter_key(first) : ""),
        .uuid = word(settings, "uuid", arena),
        .schema = word(meta, "schema", arena),
    };

    const char *filled = word(meta, "filled", arena);
    live.is_filled = *live.uuid && strcmp(live.uuid, filled) == 0;
    live.filling = arena_printf(arena, "%s %s", live.uuid, filled);
    return live;
}

struct status index_live_look(const struct engine *engine, const char *name, struct arena *arena,
                              struct index_live *ret)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    const char *path = arena_printf(arena, "/%s?filter_path=" WHAT, name);

    TRY(engine_ask(engine, "GET", path, NULL, arena, &answer));
    if (answer.status != 200 && answer.status != 404)
        return engine_refusal(&answer);
    *ret = answer.status == 200 ? read_live(answer.body, arena) : (struct index_live){0};
    return STATUS_OK;
}

static struct status read_found(const json_t *docs, size_t *ret_at, bool *ret_found)
{
    *ret_found = false;
    for (size_t i = 0; i < json_array_size(docs) && !*ret_found; i++) {
        const json_t *doc = json_array_get(docs, i);
        if (json_object_get(doc, "error"))
            return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "there is no index");
        *ret_found = json_is_true(json_object_get(doc, "found"));
        *ret_at = i;
    }
    return STATUS_OK;
}

struct status index_live_find_any(const struct engine *engine, const char *name,
                                  const int64_t *item_ids, size_t count, struct arena *arena,
                                  size_t *ret_at, bool *ret_found)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_t *ids = json_array();
    json_auto_t *body = json_pack("{s:o}", "ids", ids);
    const char *path = arena_printf(arena, "/%s/_mget?_source=false", name);

    for (size_t i = 0; i < count; i++)
        json_array_append_new(ids, json_sprintf("%lld", (long long)item_ids[i]));
    TRY(engine_ask(engine, "POST", path, body, arena, &answer));
    if (answer.status != 200)
        return engine_refusal(&answer);
    return read_found(json_object_get(answer.body, "docs"), ret_at, ret_found);
}

static struct status set_meta(const struct engine *engine, const struct index_live *live,
                              const char *filled, struct arena *arena)
{
    AUTO(engine_answer_end) struct engine_answer answer = {0};
    json_auto_t *body =
        json_pack("{s:{s:s, s:s}}", "_meta", "schema", live->schema, "filled", filled);
    const char *path = arena_printf(arena, "/%s/_mapping", live->index);

    TRY(engine_ask(engine, "PUT", path, body, arena, &answer));
    return answer.status == 200 ? STATUS_OK : engine_refusal(&answer);
}

struct status index_live_set_filled(const struct engine *engine, const struct index_live *live,
                                    struct arena *arena)
{
    return set_meta(engine, live, live->uuid, arena);
}

struct status index_live_set_unfilled(const struct engine *engine, const struct index_live *live,
                                      int64_t now_us, struct arena *arena)
{
    return set_meta(engine, live, arena_printf(arena, "not since %lld", (long long)now_us), arena);
}
