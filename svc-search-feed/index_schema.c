#include "index_schema.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

static json_t *text(void)
{
    return json_pack("{s:s, s:s, s:{s:{s:s, s:s}}}", "type", "text", "analyzer", "cjk", "fields",
                     "en", "type", "text", "analyzer", "english");
}

/* Looked for as it is. */
static json_t *word(void)
{
    return json_pack("{s:s}", "type", "keyword");
}

static json_t *number(void)
{
    return json_pack("{s:s}", "type", "long");
}

static json_t *boolean(void)
{
    return json_pack("{s:s}", "type", "boolean");
}

/* Handed back with a hit, never looked for. */
static json_t *kept_word(void)
{
    return json_pack("{s:s, s:b, s:b}", "type", "keyword", "index", false, "doc_values", false);
}

static json_t *kept_number(void)
{
    return json_pack("{s:s, s:b, s:b}", "type", "long", "index", false, "doc_values", false);
}

static json_t *properties(void)
{
    static const struct {
        const char *name;
        json_t *(*make)(void);
    } fields[] = {
        {"item_id", number},    {"category_id", word},  {"shop_id", word},
        {"status", word},       {"title", text},        {"description", text},
        {"brand", text},        {"attributes", text},   {"media_url", kept_word},
        {"created_us", number}, {"price_from", number}, {"price_step", number},
        {"currency", word},     {"in_stock", boolean},  {"sku_ids", kept_number},
    };
    json_t *properties = json_object();

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        json_object_set_new(properties, fields[i].name, fields[i].make());
    return properties;
}

static json_t *kept(void)
{
    return json_pack("{s:[s, s]}", "excludes", "description", "attributes");
}

static json_t *settings(const struct engine *engine)
{
    return json_pack("{s:{s:I, s:I, s:s}}", "index", "number_of_shards", (json_int_t)engine->shards,
                     "number_of_replicas", (json_int_t)engine->replicas, "refresh_interval", "1s");
}

static json_t *mappings(void)
{
    return json_pack("{s:b, s:o, s:o}", "dynamic", false, "_source", kept(), "properties",
                     properties());
}

char *index_schema_digest(void)
{
    json_auto_t *schema = mappings();
    char *text = json_dumps(schema, JSON_COMPACT | JSON_SORT_KEYS);

    BUG_ON(!text);
    const unsigned long long digest = XXH3_64bits(text, strlen(text));
    free(text); /* jansson's */
    return mem_printf("%016llx", digest);
}

json_t *index_schema(const struct engine *engine, const char *alias)
{
    json_t *body = json_pack("{s:o, s:o, s:{s:{}}}", "settings", settings(engine), "mappings",
                             mappings(), "aliases", alias);
    json_t *meta = json_pack("{s:s}", "schema", engine->schema);

    json_object_set_new(json_object_get(body, "mappings"), "_meta", meta);
    return body;
}

static void add_action(json_t *actions, const char *what, const char *index, const char *alias)
{
    json_array_append_new(actions,
                          json_pack("{s:{s:s, s:s}}", what, "index", index, "alias", alias));
}

json_t *index_alias_actions(const struct engine *engine)
{
    json_t *actions = json_array();

    add_action(actions, "add", engine->index, engine->alias);
    return json_pack("{s:o}", "actions", actions);
}

json_t *index_switch_actions(const struct engine *engine, const char *index, const json_t *there)
{
    const char *old;
    json_t *value;

    if (json_object_get(there, index))
        return NULL;
    json_t *actions = json_array();
    json_object_foreach((json_t *)(uintptr_t)there, old, value)
    {
        add_action(actions, "remove", old, engine->alias);
        add_action(actions, "add", old, engine->old_alias);
    }
    add_action(actions, "add", index, engine->alias);
    add_action(actions, "remove", index, engine->next_alias);
    return json_pack("{s:o}", "actions", actions);
}
