#include "tests/unit/svc-listing/goods_kit.h"

static const char *const ratings[] = {"三星", "四星", "五星"};

static const struct category_attribute of_hotel[] = {
    {.code = "star_rating",
     .type = CATEGORY_ENUM,
     .required = true,
     .enum_values = ratings,
     .enum_value_count = ARRAY_LEN(ratings)},
    {.code = "guest_capacity", .type = CATEGORY_NUMBER, .required = true, .min = 1, .max = 20},
    {.code = "name", .type = CATEGORY_TEXT, .max_length = 4},
    {.code = "opens", .type = CATEGORY_DATETIME},
    {.code = "extras", .type = CATEGORY_JSON},
};

static const struct category hotel = {
    .code = "HOTEL", .attributes = of_hotel, .attribute_count = ARRAY_LEN(of_hotel)};

static char *wrong(struct arena *arena, const struct goods *goods)
{
    struct violations *v = violations_new(arena);
    attributes_check(&hotel, goods, v);
    return kit_text(v);
}

static struct goods goods_of(struct attribute_list attributes, const struct sku *skus, size_t count)
{
    return (struct goods){.attributes = attributes, .skus = skus, .sku_count = count};
}

static char *wrong_item(struct arena *arena, struct attribute_list attributes)
{
    const struct sku sku = kit_sku("A", 1);
    const struct goods goods = goods_of(attributes, &sku, 1);
    return wrong(arena, &goods);
}

static void a_complete_draft_is_fine(void **state)
{
    WITH_ARENA;
    assert_string_equal(
        wrong_item(arena, (struct attribute_list)LIST(
                              TEXT("star_rating", "四星"), NUMBER("guest_capacity", 2),
                              TEXT("name", "海景大床"), TIME("opens", 1), JSON("extras", "[1]"))),
        "");
}

static void everything_wrong_is_named_at_once(void **state)
{
    WITH_ARENA;
    assert_string_equal(
        wrong_item(arena, (struct attribute_list)LIST(TEXT("star_rating", "七星"),
                                                      TEXT("guest_capacity", "2"),
                                                      TEXT("pool", "x"), TEXT("name", "海景大床房"),
                                                      JSON("extras", "{"), TEXT("opens", "today"))),
        "draft.attributes[0] star_rating must be one of: 三星, 四星, 五星; "
        "draft.attributes[1] guest_capacity must be given as number; "
        "draft.attributes[2] pool is no attribute of HOTEL; "
        "draft.attributes[3] name must have at most 4 characters; "
        "draft.attributes[4] extras must be a JSON object or array, at most 32 deep; "
        "draft.attributes[5] opens must be given as time");
}

static void numbers_have_their_range(void **state)
{
    WITH_ARENA;
    const char *range = "draft.attributes[1] guest_capacity must be between 1 and 20";
    const int64_t numbers[] = {0, 1, 20, 21};
    const char *expected[] = {range, "", "", range};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        assert_string_equal(
            wrong_item(arena, (struct attribute_list)LIST(TEXT("star_rating", "三星"),
                                                          NUMBER("guest_capacity", numbers[i]))),
            expected[i]);
}

static void an_attribute_without_a_value_is_of_no_type(void **state)
{
    WITH_ARENA;
    assert_string_equal(wrong_item(arena, (struct attribute_list)LIST({.code = "star_rating"},
                                                                      NUMBER("guest_capacity", 1))),
                        "draft.attributes[0] star_rating must be given as text");
}

static void an_attribute_is_there_once(void **state)
{
    WITH_ARENA;
    assert_string_equal(wrong_item(arena, (struct attribute_list)LIST(TEXT("star_rating", "三星"),
                                                                      NUMBER("guest_capacity", 1),
                                                                      NUMBER("guest_capacity", 1))),
                        "draft.attributes[2] guest_capacity is there twice");
}

static void an_empty_text_is_missing(void **state)
{
    WITH_ARENA;
    assert_string_equal(wrong_item(arena, (struct attribute_list)LIST(TEXT("star_rating", "三星"),
                                                                      NUMBER("guest_capacity", 1),
                                                                      TEXT("name", ""))),
                        "draft.attributes[2] name must not be empty");
}

static void what_nobody_has_is_missing_once(void **state)
{
    WITH_ARENA;
    assert_string_equal(wrong_item(arena, (struct attribute_list){0}),
                        "draft.attributes[star_rating] is required; "
                        "draft.attributes[guest_capacity] is required");
}

static void a_sku_may_have_its_own(void **state)
{
    WITH_ARENA;
    const struct sku skus[] = {
        {.code = "A", .attributes = LIST(NUMBER("guest_capacity", 1))},
        {.code = "B", .attributes = LIST(NUMBER("guest_capacity", 2))},
    };
    const struct goods goods =
        goods_of((struct attribute_list)LIST(TEXT("star_rating", "三星")), skus, 2);
    assert_string_equal(wrong(arena, &goods), "");
}

static void a_sku_that_alone_lacks_it_is_named(void **state)
{
    WITH_ARENA;
    const struct sku skus[] = {
        {.code = "A", .attributes = LIST(NUMBER("guest_capacity", 1))},
        {.code = "B", .attributes = LIST(TEXT("name", "a"), NUMBER("guests", 1))},
    };
    const struct goods goods =
        goods_of((struct attribute_list)LIST(TEXT("star_rating", "三星")), skus, 2);
    assert_string_equal(wrong(arena, &goods),
                        "draft.skus[1].attributes[1] guests is no attribute of HOTEL; "
                        "draft.skus[1].attributes[guest_capacity] is required");
}

UNIT_TESTS(a_complete_draft_is_fine, everything_wrong_is_named_at_once, numbers_have_their_range,
           an_attribute_without_a_value_is_of_no_type, an_attribute_is_there_once,
           an_empty_text_is_missing, what_nobody_has_is_missing_once, a_sku_may_have_its_own,
           a_sku_that_alone_lacks_it_is_named)
