#include "index_schema.h"

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

json_t *index_schema(const struct engine *engine)
{
    return json_pack("{s:o, s:{s:s, s:o, s:o}, s:{s:{}}}", "settings", settings(engine), "mappings",
                     "dynamic", "strict", "_source", kept(), "properties", properties(), "aliases",
                     engine->alias);
}

json_t *index_alias_actions(const struct engine *engine)
{
    return json_pack("{s:[{s:{s:s, s:s}}]}", "actions", "add", "index", engine->index, "alias",
                     engine->alias);
}
