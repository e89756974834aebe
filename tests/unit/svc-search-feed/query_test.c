#include "svc-search-feed/query.h"

#include <math.h>

#include "tests/unit/unit.h"

static const struct query everything = {
    .text = "", .currency = "", .sort = QUERY_NEWEST, .page_size = 20};

/* What is at a path like "query.bool.filter". */
static const json_t *at(const json_t *json, const char *path)
{
    char copy[128], *rest = copy, *key;

    snprintf(copy, sizeof copy, "%s", path);
    while ((key = strsep(&rest, ".")))
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
                                   : json_object_get(json, key);
    return json;
}

static void assert_json(const json_t *json, const char *wanted)
{
    json_auto_t *parsed = json_loads(wanted, JSON_DECODE_ANY, NULL);

    assert_non_null(parsed);
    if (!json_equal(json, parsed)) {
        char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : strdup("nothing");
        fail_msg("%s, not %s", text, wanted);
        free(text);
    }
}

static void browsing_filters_and_scores_nothing(void **state)
{
    json_auto_t *body = query_body(&everything);

    assert_json(at(body, "query"),
                "{\"bool\":{\"filter\":[{\"terms\":{\"status\":[\"ONLINE\",\"OUT_OF_STOCK\"]}}],"
                "\"should\":[]}}");
    assert_json(at(body, "sort"), "[{\"created_us\":\"desc\"},{\"item_id\":\"desc\"}]");
    assert_json(at(body, "size"), "21");
    assert_json(at(body, "track_total_hits"), "10000");
    assert_null(at(body, "search_after"));
}

static void a_text_stays_a_text(void **state)
{
    static const char text[] = "\"},{\"match_all\":{}} 手机 \\";
    struct query query = everything;

    query.text = text;
    query.sort = QUERY_RELEVANCE;
    json_auto_t *body = query_body(&query);
    const json_t *must = at(body, "query.bool.must.multi_match");
    assert_string_equal(json_string_value(at(must, "query")), text);
    assert_json(at(must, "operator"), "\"and\"");
    assert_json(at(must, "type"), "\"cross_fields\"");
    assert_json(at(body, "sort"), "[{\"_score\":\"desc\"},{\"item_id\":\"desc\"}]");
}

static void blanks_are_nothing(void **state)
{
    static const char *const blanks[] = {"", " ", " \t\r\n", "\u3000", " \u00a0\u3000 "};
    static const char *const texts[] = {"a", " a", "\u3000手", "\xe3\x80", "\xc2", "、", "!"};

    for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
        assert_true(query_is_blank(blanks[i]));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(query_is_blank(texts[i]));
}

static void a_long_text_is_cut_behind_a_character(void **state)
{
    char text[3 * 101 + 1] = "";
    struct query query = everything;

    for (size_t i = 0; i < 101; i++)
        strcat(text, "\xe6\x89\x8b");
    query.text = text;
    json_auto_t *body = query_body(&query);
    const json_t *words = at(body, "query.bool.must.multi_match.query");
    const json_t *phrase = at(body, "query.bool.should.0.multi_match.query");
    assert_int_equal(json_string_length(words), 300);
    assert_int_equal(json_string_length(phrase), 300);
}

static void every_filter_is_there(void **state)
{
    static const int64_t categories[] = {4, 5101};
    struct query query = everything;

    query.category_ids = categories;
    query.category_count = 2;
    query.price_min = 100;
    query.price_max = 500;
    query.currency = "EUR";
    query.in_stock_only = true;
    json_auto_t *body = query_body(&query);
    assert_json(at(body, "query.bool.filter"),
                "[{\"terms\":{\"status\":[\"ONLINE\",\"OUT_OF_STOCK\"]}},{\"terms\":{\"category_"
                "id\":[4,5101]}},"
                "{\"term\":{\"currency\":\"EUR\"}},"
                "{\"range\":{\"price_from\":{\"gte\":100,\"lte\":500}}},"
                "{\"term\":{\"in_stock\":true}}]");
}

static void a_range_without_a_top_has_none(void **state)
{
    struct query query = everything;

    query.price_min = 100;
    query.currency = "EUR";
    json_auto_t *body = query_body(&query);
    assert_json(at(body, "query.bool.filter.2"), "{\"range\":{\"price_from\":{\"gte\":100}}}");
}

static void prices_sort_with_the_unpriced_last(void **state)
{
    struct query query = everything;

    query.sort = QUERY_PRICE_DESC;
    json_auto_t *body = query_body(&query);
    assert_json(
        at(body, "sort"),
        "[{\"price_from\":{\"order\":\"desc\",\"missing\":\"_last\"}},{\"item_id\":\"desc\"}]");
}

static void a_page_goes_on_behind_its_key(void **state)
{
    struct query query = everything;

    query.is_continued = true;
    query.after = (struct query_key){.value = INT64_MAX, .item_id = 9};
    json_auto_t *body = query_body(&query);
    assert_json(at(body, "search_after"), "[9223372036854775807,9]");

    query.sort = QUERY_RELEVANCE;
    query.after = (struct query_key){.score = 1.5, .item_id = 9};
    json_auto_t *by_score = query_body(&query);
    assert_json(at(by_score, "search_after"), "[1.5,9]");
}

static void facets_count_categories_and_prices(void **state)
{
    json_auto_t *body = query_body(&everything);

    assert_json(at(body, "aggs"),
                "{\"category\":{\"terms\":{\"field\":\"category_id\",\"size\":50}},"
                "\"price\":{\"terms\":{\"field\":\"price_step\",\"size\":50,"
                "\"order\":{\"_key\":\"asc\"}}}}");
}

static void a_range_needs_a_currency_and_an_order(void **state)
{
    struct query query = everything;

    assert_ok(query_check(&query));
    query.price_max = 500;
    assert_reason(query_check(&query), "PRICE_RANGE_INVALID");
    query.currency = "EUR";
    assert_ok(query_check(&query));
    query.price_min = 501;
    assert_reason(query_check(&query), "PRICE_RANGE_INVALID");
    query.price_max = 0;
    assert_ok(query_check(&query));
}

static void keys_survive_a_page_token(void **state)
{
    const struct query_key by_score = {.score = 3.4028234663852886e38, .item_id = 5};
    const struct query_key by_price = {.value = INT64_MIN, .item_id = 5};
    int64_t numbers[QUERY_KEY_SIZE];
    struct query_key read;

    query_key_to_numbers(&by_score, QUERY_RELEVANCE, numbers);
    assert_true(query_key_from_numbers(numbers, QUERY_RELEVANCE, &read));
    assert_true(read.score == by_score.score && read.item_id == 5);
    query_key_to_numbers(&by_price, QUERY_PRICE_DESC, numbers);
    assert_true(query_key_from_numbers(numbers, QUERY_PRICE_DESC, &read));
    assert_true(read.value == INT64_MIN && read.item_id == 5);
}

/* A client may write what it likes into a token; JSON has no word for these. */
static void a_score_that_is_no_number_is_no_key(void **state)
{
    const double wrong[] = {NAN, INFINITY, -INFINITY};
    struct query_key read;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        int64_t numbers[QUERY_KEY_SIZE] = {0, 5};
        memcpy(numbers, &wrong[i], sizeof wrong[i]);
        assert_false(query_key_from_numbers(numbers, QUERY_RELEVANCE, &read));
    }
}

UNIT_TESTS(browsing_filters_and_scores_nothing, a_text_stays_a_text, blanks_are_nothing,
           a_long_text_is_cut_behind_a_character, every_filter_is_there,
           a_range_without_a_top_has_none, prices_sort_with_the_unpriced_last,
           a_page_goes_on_behind_its_key, facets_count_categories_and_prices,
           a_range_needs_a_currency_and_an_order, keys_survive_a_page_token,
           a_score_that_is_no_number_is_no_key)
