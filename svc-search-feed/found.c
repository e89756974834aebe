#include "found.h"

#include <string.h>

#include "base/str.h"
#include "document.h"

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key, struct arena *arena)
{
    const char *value = json_string_value(json_object_get(object, key));

    return arena_strdup(arena, value ? value : "");
}

static void read_price(const json_t *source, struct hit *hit)
{
    const json_t *price = json_object_get(source, "price_from");
    const char *currency = json_string_value(json_object_get(source, "currency"));

    if (!json_is_integer(price) || !currency ||
        strlen(currency) != sizeof hit->price_from.currency - 1)
        return;
    hit->is_priced = true;
    hit->price_from.minor = json_integer_value(price);
    memcpy(hit->price_from.currency, currency, sizeof hit->price_from.currency);
}

static void read_skus(const json_t *source, struct arena *arena, struct hit *hit)
{
    const json_t *list = json_object_get(source, "sku_ids");
    const size_t size = json_array_size(list);
    const size_t count = size < DOCUMENT_SKUS_MAX ? size : DOCUMENT_SKUS_MAX;
    int64_t *ids = arena_array_of(arena, int64_t, count);

    for (size_t i = 0; i < count; i++)
        ids[i] = json_integer_value(json_array_get(list, i));
    hit->sku_ids = ids;
    hit->sku_count = count;
}

static bool read_key(const json_t *json, enum query_sort sort, struct query_key *ret)
{
    const json_t *keys = json_object_get(json, "sort");
    const json_t *first = json_array_get(keys, 0);

    if (json_array_size(keys) != QUERY_KEY_SIZE || !json_is_number(first))
        return false;
    *ret = (struct query_key){.item_id = json_integer_value(json_array_get(keys, 1))};
    if (sort == QUERY_RELEVANCE)
        ret->score = json_number_value(first);
    else
        ret->value = json_integer_value(first);
    return true;
}

static const char *marked(const json_t *highlights, const char *field)
{
    return json_string_value(json_array_get(json_object_get(highlights, field), 0));
}

static void read_parts(const json_t *json, struct arena *arena, struct hit *hit)
{
    const json_t *highlights = json_object_get(json, "highlight");
    const char *const title[] = {marked(highlights, "title"), marked(highlights, "title.en")};
    const char *const brand[] = {marked(highlights, "brand"), marked(highlights, "brand.en")};

    hit->title_parts = highlight_parts(hit->title, title, ARRAY_LEN(title), arena);
    hit->brand_parts = highlight_parts(hit->brand, brand, ARRAY_LEN(brand), arena);
}

static bool is_withheld(const json_t *source)
{
    const char *status = json_string_value(json_object_get(source, "status"));

    return status && strcmp(status, item_status_name(ITEM_OUT_OF_STOCK)) == 0;
}

static bool read_hit(const json_t *json, const struct query *query, struct arena *arena,
                     struct hit *ret)
{
    const json_t *source = json_object_get(json, "_source");

    if (!source || !read_key(json, query->sort, &ret->key))
        return false;
    ret->item_id = number(source, "item_id");
    ret->category_id = number(source, "category_id");
    ret->shop_id = number(source, "shop_id");
    ret->title = text(source, "title", arena);
    ret->brand = text(source, "brand", arena);
    ret->media_url = text(source, "media_url", arena);
    ret->is_withheld = is_withheld(source);
    ret->in_stock = json_is_true(json_object_get(source, "in_stock"));
    ret->score = ret->key.score;
    read_price(source, ret);
    read_skus(source, arena, ret);
    if (query->highlight)
        read_parts(json, arena, ret);
    return true;
}

/* Keywords are texts, even where they are numbers. */
static int64_t bucket_value(const json_t *bucket)
{
    const json_t *key = json_object_get(bucket, "key");
    int64_t value = 0;

    if (json_is_integer(key))
        return json_integer_value(key);
    return json_is_string(key) && str_to_i64(json_string_value(key), &value) ? value : 0;
}

static struct facet read_facet(const json_t *answer, const char *name, struct arena *arena)
{
    const json_t *facets = json_object_get(answer, "aggregations");
    const json_t *buckets = json_object_get(json_object_get(facets, name), "buckets");
    const size_t size = json_array_size(buckets);
    struct facet facet = {.name = name, .buckets = arena_array_of(arena, struct bucket, size)};

    for (; facet.count < size; facet.count++) {
        const json_t *bucket = json_array_get(buckets, facet.count);
        facet.buckets[facet.count] = (struct bucket){
            .value = bucket_value(bucket),
            .count = number(bucket, "doc_count"),
        };
    }
    return facet;
}

struct status found_read(const json_t *answer, const struct query *query, struct arena *arena,
                         struct found *ret)
{
    const json_t *hits = json_object_get(answer, "hits");
    const json_t *list = json_object_get(hits, "hits");
    const size_t size = json_array_size(list);
    struct found found = {.total = number(json_object_get(hits, "total"), "value")};

    found.has_more = size > query->page_size;
    found.count = found.has_more ? query->page_size : size;
    found.hits = arena_array_of(arena, struct hit, found.count);
    for (size_t i = 0; i < found.count; i++)
        if (!read_hit(json_array_get(list, i), query, arena, &found.hits[i]))
            return status_error(CODE_INTERNAL, "INTERNAL", "hit %zu of the engine is none", i);
    found.facets[0] = read_facet(answer, "category", arena);
    found.facets[1] = read_facet(answer, "price", arena);
    *ret = found;
    return STATUS_OK;
}
