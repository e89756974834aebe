#include "svc-search-feed/found.h"

#include "tests/unit/unit.h"

static const char answer_text[] =
    "{\"hits\":{\"total\":{\"value\":10000,\"relation\":\"gte\"},\"hits\":["
    "{\"_source\":{\"item_id\":9,\"category_id\":5,\"shop_id\":3,\"title\":\"手机\",\"brand\":"
    "\"B\","
    "\"media_url\":\"http://x\",\"in_stock\":true,\"sku_ids\":[91,92],\"price_from\":1999,"
    "\"currency\":\"EUR\"},\"sort\":[2.5,9]},"
    "{\"_source\":{\"item_id\":8,\"category_id\":5,\"shop_id\":3,\"title\":\"t\",\"brand\":\"\","
    "\"media_url\":\"\",\"in_stock\":false,\"sku_ids\":[]},\"sort\":[2,8]},"
    "{\"_source\":{\"item_id\":7},\"sort\":[1.0,7]}]},"
    "\"aggregations\":{\"category\":{\"buckets\":[{\"key\":\"5\",\"doc_count\":3}]},"
    "\"price\":{\"buckets\":[{\"key\":0,\"doc_count\":2},"
    "{\"key\":1000,\"doc_count\":1}]}}}";

static const struct query two_a_page = {.sort = QUERY_RELEVANCE, .page_size = 2};

static void hits_are_read(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    json_auto_t *answer = json_loads(answer_text, 0, NULL);
    struct found found;

    assert_ok(found_read(answer, &two_a_page, arena, &found));
    assert_int_equal(found.count, 2);
    assert_true(found.has_more);
    assert_int_equal(found.total, 10000);
    const struct hit *hit = &found.hits[0];
    assert_int_equal(hit->item_id, 9);
    assert_string_equal(hit->title, "手机");
    assert_true(hit->is_priced && hit->price_from.minor == 1999);
    assert_string_equal(hit->price_from.currency, "EUR");
    assert_true(hit->in_stock && hit->score == 2.5);
    assert_int_equal(hit->sku_count, 2);
    assert_int_equal(hit->sku_ids[1], 92);
    assert_false(found.hits[1].is_priced);
    assert_true(found.hits[1].key.score == 2.0 && found.hits[1].key.item_id == 8);
}

static void facets_are_read(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    json_auto_t *answer = json_loads(answer_text, 0, NULL);
    struct found found;

    assert_ok(found_read(answer, &two_a_page, arena, &found));
    assert_string_equal(found.facets[0].name, "category");
    assert_int_equal(found.facets[0].count, 1);
    assert_int_equal(found.facets[0].buckets[0].value, 5);
    assert_int_equal(found.facets[0].buckets[0].count, 3);
    assert_string_equal(found.facets[1].name, "price");
    assert_int_equal(found.facets[1].count, 2);
    assert_int_equal(found.facets[1].buckets[0].value, 0);
    assert_int_equal(found.facets[1].buckets[0].count, 2);
    assert_int_equal(found.facets[1].buckets[1].value, 1000);
}

static void the_last_page_is_the_last(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    json_auto_t *answer = json_loads(answer_text, 0, NULL);
    const struct query query = {.sort = QUERY_RELEVANCE, .page_size = 3};
    struct found found;

    assert_ok(found_read(answer, &query, arena, &found));
    assert_int_equal(found.count, 3);
    assert_false(found.has_more);
}

/* What is missing in a sort key has the largest or smallest number of all. */
static void keys_keep_every_digit(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    const struct query query = {.sort = QUERY_PRICE_ASC, .page_size = 2};
    json_auto_t *answer =
        json_loads("{\"hits\":{\"hits\":[{\"_source\":{},\"sort\":[9223372036854775807,1]},"
                   "{\"_source\":{},\"sort\":[-9223372036854775808,9007199254740993]}]}}",
                   0, NULL);
    struct found found;

    assert_ok(found_read(answer, &query, arena, &found));
    assert_true(found.hits[0].key.value == INT64_MAX);
    assert_true(found.hits[1].key.value == INT64_MIN);
    assert_true(found.hits[1].key.item_id == 9007199254740993);
}

static void a_hit_without_a_key_is_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(64 * 1024);
    static const char *const wrong[] = {
        "{\"hits\":{\"hits\":[{\"_source\":{}}]}}",
        "{\"hits\":{\"hits\":[{\"_source\":{},\"sort\":[null,1]}]}}",
        "{\"hits\":{\"hits\":[{\"sort\":[1,1]}]}}",
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        json_auto_t *answer = json_loads(wrong[i], 0, NULL);
        struct found found;
        assert_reason(found_read(answer, &two_a_page, arena, &found), "INTERNAL");
    }
}

UNIT_TESTS(hits_are_read, facets_are_read, the_last_page_is_the_last, keys_keep_every_digit,
           a_hit_without_a_key_is_refused)
