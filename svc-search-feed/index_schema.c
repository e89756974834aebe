#include "index_schema.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "simplified.h"

/*
 * Characters that nobody sees and nobody types: zero width, soft hyphens, directions. They come with
 * what is copied from elsewhere, and would make a word of their own of the one they stand in.
 */
static json_t *unseen(void)
{
    static const char *const characters[] = {
        "\\u00AD", "\\u200B", "\\u200E", "\\u200F", "\\u202A", "\\u202B", "\\u202C", "\\u202D",
        "\\u202E", "\\u2060", "\\u2066", "\\u2067", "\\u2068", "\\u2069", "\\uFEFF",
    };
    json_t *mappings = json_array();

    for (size_t i = 0; i < ARRAY_LEN(characters); i++)
        json_array_append_new(mappings, json_sprintf("%s=>", characters[i]));
    return json_pack("{s:s, s:o}", "type", "mapping", "mappings", mappings);
}

/* Traditional characters are their simplified ones. */
static json_t *simplified(void)
{
    json_t *mappings = json_array();

    for (size_t i = 0; i < simplified_rule_count; i++)
        json_array_append_new(mappings, json_string(simplified_rules[i]));
    return json_pack("{s:s, s:o}", "type", "mapping", "mappings", mappings);
}

static json_t *char_filters(void)
{
    return json_pack("{s:o, s:o}", "unseen", unseen(), "simplified", simplified());
}

static json_t *analyzer(const char *const *filters, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(filters[i]));
    return json_pack("{s:s, s:s, s:[s, s], s:o}", "type", "custom", "tokenizer", "standard",
                     "char_filter", "unseen", "simplified", "filter", list);
}

/* The engine's `cjk` and `english`, with accents and full widths folded in both. */
static json_t *analyzers(void)
{
    static const char *const pairs[] = {"cjk_width", "lowercase", "asciifolding", "cjk_bigram",
                                        "stop"};
    static const char *const stems[] = {
        "cjk_width", "english_possessive", "lowercase", "asciifolding", "stop", "english_stem"};
    return json_pack("{s:o, s:o}", "pairs", analyzer(pairs, ARRAY_LEN(pairs)), "stems",
                     analyzer(stems, ARRAY_LEN(stems)));
}

static json_t *analysis(void)
{
    return json_pack("{s:o, s:{s:{s:s, s:s}, s:{s:s, s:s}}, s:o}", "char_filter", char_filters(),
                     "filter", "english_possessive", "type", "stemmer", "language",
                     "possessive_english", "english_stem", "type", "stemmer", "language", "english",
                     "analyzer", analyzers());
}

/*
 * How well a word fits depends on the document alone: how often it is there, and in how long a
 * text. What the engine does by itself counts how common the word is in the index, which every
 * change of any other document changes: pages would go on behind a score that is no longer the
 * item's.
 */
static json_t *similarity(void)
{
    return json_pack("{s:{s:s, s:{s:s}}}", "default", "type", "scripted", "script", "source",
                     "return query.boost * doc.freq / (doc.freq + 0.5 + 0.02 * doc.length);");
}

static json_t *text(void)
{
    return json_pack("{s:s, s:s, s:{s:{s:s, s:s}}}", "type", "text", "analyzer", "pairs", "fields",
                     "en", "type", "text", "analyzer", "stems");
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
    return json_pack("{s:{s:I, s:I, s:s, s:o, s:o}}", "index", "number_of_shards",
                     (json_int_t)engine->shards, "number_of_replicas", (json_int_t)engine->replicas,
                     "refresh_interval", "1s", "analysis", analysis(), "similarity", similarity());
}

static json_t *mappings(void)
{
    return json_pack("{s:b, s:o, s:o}", "dynamic", false, "_source", kept(), "properties",
                     properties());
}

char *index_schema_digest(void)
{
    json_auto_t *schema = json_pack("{s:o, s:o, s:o}", "mappings", mappings(), "analysis",
                                    analysis(), "similarity", similarity());
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

/* Of two who take the same index, to put it in its place or to remove it, one succeeds. */
static void add_taking(json_t *actions, const struct engine *engine, const char *index)
{
    json_array_append_new(actions, json_pack("{s:{s:s, s:s, s:b}}", "remove", "index", index,
                                             "alias", engine->next_alias, "must_exist", true));
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
    add_taking(actions, engine, index);
    return json_pack("{s:o}", "actions", actions);
}

json_t *index_discard_actions(const struct engine *engine, const char *index)
{
    json_t *actions = json_array();

    add_taking(actions, engine, index);
    add_action(actions, "add", index, engine->old_alias);
    return json_pack("{s:o}", "actions", actions);
}
