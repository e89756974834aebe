#include "query.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "document.h"

/*
 * Engines take 1024 clauses. A Chinese character is one in each of eight fields, and in two phrases
 * of the title.
 */
enum { BUCKETS_MAX = 50, SOUGHT_CHARACTERS_MAX = 100 };

bool query_is_blank(const char *text)
{
    static const char *const wide[] = {"\u00a0", "\u3000"};

    while (*text) {
        size_t size = strspn(text, " \t\r\n");
        for (size_t i = 0; i < ARRAY_LEN(wide) && !size; i++)
            size = str_starts_with(text, wide[i]) ? strlen(wide[i]) : 0;
        if (!size)
            return false;
        text += size;
    }
    return true;
}

struct status query_check(const struct query *query)
{
    if ((query->price_min || query->price_max) && !*query->currency)
        return status_error(CODE_INVALID_ARGUMENT, "PRICE_RANGE_INVALID",
                            "a range of prices needs a currency");
    if (query->price_max && query->price_max < query->price_min)
        return status_error(CODE_INVALID_ARGUMENT, "PRICE_RANGE_INVALID",
                            "price_max is below price_min");
    return STATUS_OK;
}

void query_key_to_numbers(const struct query_key *key, enum query_sort sort,
                          int64_t ret[QUERY_KEY_SIZE])
{
    if (sort == QUERY_RELEVANCE)
        memcpy(&ret[0], &key->score, sizeof ret[0]);
    else
        ret[0] = key->value;
    ret[1] = key->item_id;
}

bool query_key_from_numbers(const int64_t numbers[QUERY_KEY_SIZE], enum query_sort sort,
                            struct query_key *ret)
{
    struct query_key key = {.item_id = numbers[1]};

    if (sort == QUERY_RELEVANCE)
        memcpy(&key.score, &numbers[0], sizeof key.score);
    else
        key.value = numbers[0];
    if (!isfinite(key.score))
        return false;
    *ret = key;
    return true;
}

static json_t *words(const char *const *list, size_t count)
{
    json_t *words = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(words, json_string(list[i]));
    return words;
}

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t query_sought_size(const char *text)
{
    size_t characters = 0, size = 0;

    for (; text[size]; size++)
        if (begins_character(text[size]) && characters++ == SOUGHT_CHARACTERS_MAX)
            break;
    return size;
}

static json_t *all_words(const char *text)
{
    static const char *const fields[] = {
        "title^4",    "title.en^4",    "brand^2",     "brand.en^2",
        "attributes", "attributes.en", "description", "description.en",
    };
    return json_pack("{s:{s:s%, s:s, s:s, s:o}}", "multi_match", "query", text,
                     query_sought_size(text), "type", "cross_fields", "operator", "and", "fields",
                     words(fields, ARRAY_LEN(fields)));
}

static json_t *title_phrase(const char *text)
{
    static const char *const fields[] = {"title^4", "title.en^4"};

    return json_pack("{s:{s:s%, s:s, s:o}}", "multi_match", "query", text, query_sought_size(text),
                     "type", "phrase", "fields", words(fields, ARRAY_LEN(fields)));
}

static void add_term(json_t *filters, const char *field, json_t *value)
{
    json_array_append_new(filters, json_pack("{s:{s:o}}", "term", field, value));
}

static void add_categories(json_t *filters, const struct query *query)
{
    json_t *ids = json_array();

    for (size_t i = 0; i < query->category_count; i++)
        json_array_append_new(ids, json_integer(query->category_ids[i]));
    json_array_append_new(filters, json_pack("{s:{s:o}}", "terms", "category_id", ids));
}

static void add_price_range(json_t *filters, const struct query *query)
{
    json_t *range = json_pack("{s:I}", "gte", (json_int_t)query->price_min);

    if (query->price_max)
        json_object_set_new(range, "lte", json_integer(query->price_max));
    json_array_append_new(filters, json_pack("{s:{s:o}}", "range", "price_from", range));
}

/* What is sold out is still found, and says so. */
static void add_shown(json_t *filters)
{
    json_array_append_new(filters, json_pack("{s:{s:[s, s]}}", "terms", "status",
                                             item_status_name(ITEM_ONLINE),
                                             item_status_name(ITEM_OUT_OF_STOCK)));
}

static json_t *filters_of(const struct query *query)
{
    json_t *filters = json_array();

    add_shown(filters);
    if (query->category_count)
        add_categories(filters, query);
    if (*query->currency)
        add_term(filters, "currency", json_string(query->currency));
    if (query->price_min || query->price_max)
        add_price_range(filters, query);
    if (query->in_stock_only)
        add_term(filters, "in_stock", json_true());
    return filters;
}

/* Too little to go before what fits better. */
static json_t *can_be_had(void)
{
    return json_pack("{s:{s:{s:{s:b}}, s:f}}", "constant_score", "filter", "term", "in_stock", true,
                     "boost", 0.001);
}

static json_t *conditions(const struct query *query)
{
    json_t *wishes = json_array(), *condition = json_object();

    if (*query->text)
        json_array_append_new(wishes, title_phrase(query->text));
    if (query->sort == QUERY_RELEVANCE)
        json_array_append_new(wishes, can_be_had());
    json_object_set_new(condition, "filter", filters_of(query));
    json_object_set_new(condition, "should", wishes);
    if (*query->text && json_object_set_new(condition, "must", all_words(query->text)) != 0)
        BUG("a query that is no UTF-8 came through the server's checks");
    return json_pack("{s:o}", "bool", condition);
}

/* Equal ones newest first: ids rise with time. */
static json_t *order_of(enum query_sort sort)
{
    switch (sort) {
    case QUERY_NEWEST: return json_pack("[{s:s}, {s:s}]", "created_us", "desc", "item_id", "desc");
    case QUERY_PRICE_ASC:
    case QUERY_PRICE_DESC:
        return json_pack("[{s:{s:s, s:s}}, {s:s}]", "price_from", "order",
                         sort == QUERY_PRICE_ASC ? "asc" : "desc", "missing", "_last", "item_id",
                         "desc");
    default: return json_pack("[{s:s}, {s:s}]", "_score", "desc", "item_id", "desc");
    }
}

static json_t *after_of(const struct query *query)
{
    return json_pack("[o, I]",
                     query->sort == QUERY_RELEVANCE ? json_real(query->after.score)
                                                    : json_integer(query->after.value),
                     (json_int_t)query->after.item_id);
}

static json_t *facets(void)
{
    return json_pack("{s:{s:{s:s, s:i}}, s:{s:{s:s, s:i, s:{s:s}}}}", "category", "terms", "field",
                     "category_id", "size", BUCKETS_MAX, "price", "terms", "field", "price_step",
                     "size", BUCKETS_MAX, "order", "_key", "asc");
}

/*
 * Both ways in which a text is understood (index_schema.h); whole texts, no fragments. The words
 * alone: for a phrase that a title lacks the engine would mark nothing.
 */
static json_t *highlights(const char *text)
{
    return json_pack("{s:[s], s:[s], s:i, s:o, s:{s:{}, s:{}, s:{}, s:{}}}", "pre_tags",
                     QUERY_MARK_OPEN, "post_tags", QUERY_MARK_CLOSE, "number_of_fragments", 0,
                     "highlight_query", all_words(text), "fields", "title", "title.en", "brand",
                     "brand.en");
}

json_t *query_body(const struct query *query)
{
    json_t *body = json_object();

    json_object_set_new(body, "query", conditions(query));
    json_object_set_new(body, "sort", order_of(query->sort));
    if (query->is_continued)
        json_object_set_new(body, "search_after", after_of(query));
    json_object_set_new(body, "size", json_integer((json_int_t)query->page_size + 1));
    json_object_set_new(body, "track_total_hits", json_integer(QUERY_TOTAL_MAX));
    json_object_set_new(body, "aggs", facets());
    if (query->highlight && *query->text)
        json_object_set_new(body, "highlight", highlights(query->text));
    return body;
}

json_t *query_count_body(const struct query *query)
{
    json_t *body = json_object();

    json_object_set_new(body, "query", conditions(query));
    json_object_set_new(body, "size", json_integer(0));
    json_object_set_new(body, "track_total_hits", json_integer(1));
    return body;
}
