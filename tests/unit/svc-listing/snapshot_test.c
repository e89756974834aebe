#include "svc-listing/snapshot.h"
#include "tests/unit/svc-listing/goods_kit.h"

/* A whole item that a test may change in one place. */
struct content {
    struct item item;
    const char *media[2];
    struct attribute attributes[2];
    struct sku skus[2];
    struct goods goods;
    int64_t sku_ids[2];
};

static void make(struct content *c)
{
    *c = (struct content){
        .item = {.id = 1, .category_id = 2, .shop_id = 3, .supplier_id = 4, .title = "t"},
        .media = {"m1", "m2"},
        .attributes = {TEXT("a", "x"), NUMBER("b", 7)},
        .skus = {kit_sku("A", 100), kit_sku("B", 200)},
        .sku_ids = {11, 12},
    };
    c->goods = (struct goods){
        .title = "t",
        .description = "d",
        .media_urls = c->media,
        .media_url_count = 2,
        .brand = "b",
        .attributes = {c->attributes, 2},
        .skus = c->skus,
        .sku_count = 2,
    };
}

static bool same(const struct content *a, const struct content *b)
{
    unsigned char left[ITEM_DIGEST_SIZE], right[ITEM_DIGEST_SIZE];
    snapshot_digest(&a->item, &a->goods, a->sku_ids, left);
    snapshot_digest(&b->item, &b->goods, b->sku_ids, right);
    return memcmp(left, right, sizeof left) == 0;
}

static void equal_contents_have_one_digest(void **state)
{
    struct content a, b;
    make(&a);
    make(&b);
    assert_true(same(&a, &b));
}

static void what_is_no_content_does_not_count(void **state)
{
    struct content a, b;
    make(&a);
    make(&b);
    b.item.status = ITEM_OFFLINE;
    b.item.version = 9;
    b.item.updated_us = 1;
    b.skus[0].stock = 5;
    assert_true(same(&a, &b));
}

#define DIFFERS(change)             \
    do {                            \
        struct content a, b;        \
        make(&a);                   \
        make(&b);                   \
        b.change;                   \
        assert_false(same(&a, &b)); \
    } while (0)

static void every_part_of_the_content_counts(void **state)
{
    DIFFERS(item.category_id = 9);
    DIFFERS(item.shop_id = 9);
    DIFFERS(item.supplier_id = 9);
    DIFFERS(item.physical = true);
    DIFFERS(goods.title = "other");
    DIFFERS(goods.description = "");
    DIFFERS(goods.brand = "");
    DIFFERS(media[1] = "m3");
    DIFFERS(goods.media_url_count = 1);
    DIFFERS(attributes[0].text = "y");
    DIFFERS(attributes[0].kind = ATTRIBUTE_JSON);
    DIFFERS(attributes[1].number = 8);
    DIFFERS(attributes[1].code = "c");
    DIFFERS(goods.attributes.count = 1);
    DIFFERS(skus[0].code = "C");
    DIFFERS(skus[0].title = "C");
    DIFFERS(skus[0].price.minor = 1);
    DIFFERS(skus[1].price.currency[0] = 'X');
    DIFFERS(skus[1].unlimited = true);
    DIFFERS(sku_ids[0] = 9);
    DIFFERS(goods.sku_count = 1);
}

static void texts_do_not_run_together(void **state)
{
    struct content a, b;
    make(&a);
    make(&b);
    a.goods.title = "ab";
    a.goods.description = "c";
    b.goods.title = "a";
    b.goods.description = "bc";
    assert_false(same(&a, &b));
}

static void the_packing_is_fixed(void **state)
{
    static const unsigned char golden[ITEM_DIGEST_SIZE] = {0x42, 0x33, 0xf6, 0x55, 0x5d, 0xd9,
                                                           0x05, 0xc2, 0x99, 0x0e, 0xef, 0x27,
                                                           0x6b, 0xb2, 0x6b, 0x7e};
    struct content c;
    unsigned char digest[ITEM_DIGEST_SIZE];
    make(&c);
    snapshot_digest(&c.item, &c.goods, c.sku_ids, digest);
    assert_memory_equal(digest, golden, sizeof golden);
}

UNIT_TESTS(equal_contents_have_one_digest, what_is_no_content_does_not_count,
           every_part_of_the_content_counts, texts_do_not_run_together, the_packing_is_fixed)
