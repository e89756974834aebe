#include "svc-search-feed/item_pb.h"

#include "io/pb.h"
#include "souk/listing/v1/listing.types.h"
#include "svc-search-feed/document.h"
#include "tests/unit/unit.h"

static Attribute *attribute(struct arena *arena, const char *words, int64_t number)
{
    Attribute *attribute = arena_new_of(arena, Attribute);

    attribute_init(attribute);
    attribute->code = arena_strdup(arena, "code");
    if (words) {
        attribute->value_case = SOUK__LISTING__V1__ATTRIBUTE__VALUE_TEXT;
        attribute->text = arena_strdup(arena, words);
    } else {
        attribute->value_case = SOUK__LISTING__V1__ATTRIBUTE__VALUE_NUMBER;
        attribute->number = number;
    }
    return attribute;
}

static Item *with_skus(struct arena *arena, const int64_t *ids, size_t count)
{
    Item *item = arena_new_of(arena, Item);

    item_init(item);
    item->item_id = 7;
    item->skus = arena_array_of(arena, Sku *, count);
    item->n_skus = count;
    for (size_t i = 0; i < count; i++) {
        item->skus[i] = arena_new_of(arena, Sku);
        sku_init(item->skus[i]);
        item->skus[i]->sku_id = ids[i];
        item->skus[i]->title = arena_strdup(arena, "128 GB");
    }
    return item;
}

static void skus_rise_and_come_once(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024);
    const int64_t ids[] = {9, 3, 9, INT64_MAX, 1};
    const struct item item = item_from_pb(with_skus(arena, ids, 5), arena);

    assert_int_equal(item.sku_count, 4);
    assert_int_equal(item.sku_ids[0], 1);
    assert_int_equal(item.sku_ids[1], 3);
    assert_int_equal(item.sku_ids[2], 9);
    assert_true(item.sku_ids[3] == INT64_MAX);
}

static void skus_beyond_the_limit_do_not_count(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024);
    int64_t ids[DOCUMENT_SKUS_MAX + 20];

    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = (int64_t)i + 1;
    const struct item item = item_from_pb(with_skus(arena, ids, ARRAY_LEN(ids)), arena);
    assert_int_equal(item.sku_count, DOCUMENT_SKUS_MAX);
}

static void words_are_of_the_item_and_its_skus(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024);
    const int64_t ids[] = {1};
    Item *message = with_skus(arena, ids, 1);
    Attribute *of_item[] = {attribute(arena, "红色", 0), attribute(arena, NULL, 100)};
    Attribute *of_sku[] = {attribute(arena, "large", 0)};

    message->attributes = of_item;
    message->n_attributes = 2;
    message->skus[0]->attributes = of_sku;
    message->skus[0]->n_attributes = 1;
    assert_string_equal(item_from_pb(message, arena).attributes, "红色\n100\n128 GB\nlarge\n");
}

static void what_was_packed_is_read(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024);
    const int64_t ids[] = {1};
    Item *message = with_skus(arena, ids, 1);
    struct item item = {.item_id = 99};

    message->status = ITEM_STATUS_OFFLINE;
    const struct pb_bytes packed = pb_pack(&message->base, arena);
    assert_true(item_unpack(packed.at, packed.size, arena, &item));
    assert_int_equal(item.item_id, 7);
    assert_int_equal(item.status, ITEM_OFFLINE);
    assert_string_equal(item.media_url, "");
    assert_int_equal(item.created_us, 0);
}

static void bytes_that_are_no_item_are_none(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024);
    struct item item;

    assert_false(item_unpack("\x0a\xff", 2, arena, &item));
}

/* A status of a newer contract must not put an item on sale. */
static void a_status_that_is_not_known_is_not_online(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024);
    Item *message = with_skus(arena, NULL, 0);

    message->status = (ItemStatus)77;
    assert_int_equal(item_from_pb(message, arena).status, ITEM_UNKNOWN);
}

UNIT_TESTS(skus_rise_and_come_once, skus_beyond_the_limit_do_not_count,
           words_are_of_the_item_and_its_skus, what_was_packed_is_read,
           bytes_that_are_no_item_are_none, a_status_that_is_not_known_is_not_online)
