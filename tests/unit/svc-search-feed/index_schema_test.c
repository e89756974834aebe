#include "svc-search-feed/index_schema.h"

#include "base/mem.h"
#include "svc-search-feed/bulk.h"
#include "tests/unit/unit.h"

static json_t *schema_with(int64_t shards, const char *digest)
{
    const struct engine engine = {.shards = shards, .replicas = shards, .schema = digest};

    return index_schema(&engine, "alias");
}

static const char *digest_in(const json_t *schema)
{
    const json_t *meta = json_object_get(json_object_get(schema, "mappings"), "_meta");

    return json_string_value(json_object_get(meta, "schema"));
}

static void an_index_carries_its_digest(void **state)
{
    AUTO(mem_freep) char *digest = index_schema_digest();
    AUTO(mem_freep) char *again = index_schema_digest();
    json_auto_t *one = schema_with(1, digest), *two = schema_with(2, digest);

    assert_int_equal(strlen(digest), 16);
    assert_string_equal(digest, again);
    assert_string_equal(digest_in(one), digest);
    assert_string_equal(digest_in(two), digest); /* shards and copies are no matter of texts */
    assert_false(json_equal(one, two));
}

/* Mappings are lenient towards fields of later releases; they must not be towards our own. */
static void every_field_of_a_document_is_known(void **state)
{
    const struct document document = {
        .item = {.title = "", .description = "", .brand = "", .attributes = "", .media_url = ""},
        .is_priced = true,
        .price_from = {"EUR", 1},
    };
    AUTO(str_release) struct str body = {0};
    json_auto_t *schema = schema_with(1, "");
    const json_t *known = json_object_get(json_object_get(schema, "mappings"), "properties");
    const char *name;
    json_t *value;

    assert_true(bulk_add(&body, &document, 1));
    json_auto_t *source = json_loads(strchr(body.text, '\n') + 1, 0, NULL);
    assert_int_equal(json_object_size(source), json_object_size(known));
    json_object_foreach(source, name, value) assert_non_null(json_object_get(known, name));
}

UNIT_TESTS(an_index_carries_its_digest, every_field_of_a_document_is_known)
