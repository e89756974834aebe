#include "svc-search-feed/bulk.h"

#include "tests/unit/unit.h"

static struct document a_document(void)
{
    static const int64_t skus[] = {71, 72};

    return (struct document){
        .item = {.item_id = 7,
                 .category_id = 5,
                 .shop_id = 3,
                 .status = ITEM_ONLINE,
                 .title = "say \"hi\"\n\\ 手机",
                 .description = "",
                 .brand = "B",
                 .attributes = "red\n",
                 .media_url = "http://x/y",
                 .created_us = 1700000000123456,
                 .sku_ids = skus,
                 .sku_count = 2},
        .is_priced = true,
        .price_from = {"EUR", 1999},
        .in_stock = true,
    };
}

/* The lines of a body, parsed. The caller's. */
static json_t *parse(const struct str *body)
{
    json_t *lines = json_array();
    const char *at = body->text;

    for (const char *end; (end = strchr(at, '\n')); at = end + 1)
        assert_int_equal(json_array_append_new(lines, json_loadb(at, (size_t)(end - at), 0, NULL)),
                         0);
    assert_string_equal(at, ""); /* each line ends: the engine wants that */
    return lines;
}

static void a_document_is_two_lines(void **state)
{
    AUTO(str_release) struct str body = {0};
    const struct document document = a_document();

    assert_true(bulk_add(&body, &document, 12));
    json_auto_t *lines = parse(&body);
    json_auto_t *wanted = json_pack(
        "[{s:{s:s, s:i, s:s}}, {s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:[i, i], "
        "s:i, s:i, s:s}]",
        "index", "_id", "7", "version", 12, "version_type", "external_gte", "item_id", 7,
        "category_id", 5, "shop_id", 3, "status", "ONLINE", "title", "say \"hi\"\n\\ 手机",
        "description", "", "brand", "B", "attributes", "red\n", "media_url", "http://x/y",
        "created_us", (json_int_t)1700000000123456, "in_stock", true, "sku_ids", 71, 72,
        "price_from", 1999, "price_step", 1000, "currency", "EUR");
    assert_true(json_equal(lines, wanted));
}

static void without_a_price_there_is_no_price(void **state)
{
    AUTO(str_release) struct str body = {0};
    struct document document = a_document();

    document.is_priced = false;
    assert_true(bulk_add(&body, &document, 1));
    json_auto_t *lines = parse(&body);
    assert_null(json_object_get(json_array_get(lines, 1), "price_from"));
    assert_null(json_object_get(json_array_get(lines, 1), "currency"));
}

static void what_is_no_utf8_is_left_out(void **state)
{
    AUTO(str_release) struct str body = {0};
    struct document document = a_document();

    document.item.brand = "\xff";
    assert_false(bulk_add(&body, &document, 1));
    assert_int_equal(body.length, 0);
}

static void each_answer_has_its_outcome(void **state)
{
    static const char text[] =
        "{\"took\":1,\"errors\":true,\"items\":["
        "{\"index\":{\"_id\":\"1\",\"status\":201}},"
        "{\"index\":{\"_id\":\"2\",\"status\":200}},"
        "{\"index\":{\"_id\":\"3\",\"status\":409,\"error\":{\"type\":\"version_conflict\"}}},"
        "{\"index\":{\"_id\":\"4\",\"status\":429,\"error\":{\"type\":\"rejected\"}}},"
        "{\"index\":{\"_id\":\"5\",\"status\":503,\"error\":{\"type\":\"unavailable\"}}},"
        "{\"index\":{\"_id\":\"6\",\"status\":404,\"error\":{\"type\":\"index_not_found\"}}},"
        "{\"index\":{\"_id\":\"7\",\"status\":400,\"error\":{\"type\":\"mapper_parsing\","
        "\"reason\":\"failed\",\"caused_by\":{\"reason\":\"no long\"}}}},"
        "{\"index\":{}}]}";
    static const enum bulk_outcome wanted[] = {BULK_INDEXED, BULK_INDEXED, BULK_INDEXED,
                                               BULK_BUSY,    BULK_BUSY,    BULK_NO_INDEX,
                                               BULK_REFUSED, BULK_REFUSED};
    json_auto_t *answer = json_loads(text, 0, NULL);
    struct bulk_result results[8];

    assert_ok(bulk_read(answer, results, 8));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(results[i].outcome, wanted[i]);
    assert_string_equal(results[6].why, "mapper_parsing: failed no long");
}

static void an_answer_to_something_else_is_refused(void **state)
{
    json_auto_t *answer = json_loads("{\"items\":[{\"index\":{\"status\":200}}]}", 0, NULL);
    json_auto_t *nonsense = json_loads("[1]", 0, NULL);
    struct bulk_result results[2];

    assert_reason(bulk_read(answer, results, 2), "INTERNAL");
    assert_reason(bulk_read(nonsense, results, 2), "INTERNAL");
}

UNIT_TESTS(a_document_is_two_lines, without_a_price_there_is_no_price, what_is_no_utf8_is_left_out,
           each_answer_has_its_outcome, an_answer_to_something_else_is_refused)
