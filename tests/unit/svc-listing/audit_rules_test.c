#include "tests/unit/svc-listing/goods_kit.h"

#define NOW 1000000LL

static char *wrong(struct arena *arena, const struct audit_rule *rules, size_t count,
                   const struct goods *goods)
{
    const struct category category = {.code = "X", .rules = rules, .rule_count = count};
    struct violations *v = violations_new(arena);
    audit_rules_check(&category, goods, NOW, v);
    return kit_text(v);
}

static struct goods one_sku(const struct sku *sku, struct attribute_list attributes)
{
    return (struct goods){.attributes = attributes, .skus = sku, .sku_count = 1};
}

static void nothing_is_free_of_charge(void **state)
{
    WITH_ARENA;
    const struct sku skus[] = {kit_sku("A", 1), kit_sku("B", 0)};
    const struct goods goods = {.skus = skus, .sku_count = 2};
    assert_string_equal(wrong(arena, NULL, 0, &goods),
                        "draft.skus[1].base_price.minor must be more than 0");
}

static void a_session_is_in_the_future(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_FUTURE, .code = "session_time"};
    const struct sku sku = kit_sku("A", 1);
    const int64_t times[] = {NOW - 1, NOW, NOW + 1};
    const char *late = "draft.attributes[0] session_time must be in the future";
    const char *expected[] = {late, late, ""};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        const struct goods goods =
            one_sku(&sku, (struct attribute_list)LIST(TIME("session_time", times[i])));
        assert_string_equal(wrong(arena, &rule, 1, &goods), expected[i]);
    }
}

static void rules_look_at_each_sku(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_FUTURE, .code = "session_time"};
    const struct sku skus[] = {
        {.code = "A", .price.minor = 1, .attributes = LIST(TIME("session_time", NOW + 1))},
        {.code = "B",
         .price.minor = 1,
         .attributes = LIST(TEXT("hall", "1"), TIME("session_time", NOW - 1))},
    };
    const struct goods goods = {.skus = skus, .sku_count = 2};
    assert_string_equal(wrong(arena, &rule, 1, &goods),
                        "draft.skus[1].attributes[1] session_time must be in the future");
}

static void a_denomination_has_its_range(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_RANGE, .code = "d", .min = 100, .max = 500};
    const struct sku sku = kit_sku("A", 1);
    const int64_t numbers[] = {99, 100, 500, 501};
    const char *off = "draft.attributes[0] d must be between 100 and 500";
    const char *expected[] = {off, "", "", off};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const struct goods goods =
            one_sku(&sku, (struct attribute_list)LIST(NUMBER("d", numbers[i])));
        assert_string_equal(wrong(arena, &rule, 1, &goods), expected[i]);
    }
}

static void a_price_has_its_range(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_PRICE_RANGE, .code = "", .min = 100, .max = 500};
    const struct sku skus[] = {kit_sku("A", 100), kit_sku("B", 501)};
    const struct goods goods = {.skus = skus, .sku_count = 2};
    assert_string_equal(wrong(arena, &rule, 1, &goods),
                        "draft.skus[1].base_price.minor must be between 100 and 500");
}

static void a_voucher_costs_its_face_value_at_most(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_PRICE_AT_MOST, .code = "face_value"};
    const struct sku skus[] = {
        kit_sku("A", 5000),
        {.code = "B", .price.minor = 5000, .attributes = LIST(NUMBER("face_value", 4999))}};
    const struct goods goods = {
        .attributes = LIST(NUMBER("face_value", 5000)), .skus = skus, .sku_count = 2};
    assert_string_equal(wrong(arena, &rule, 1, &goods),
                        "draft.skus[1].base_price.minor must not be above face_value, 4999");
}

static void a_package_costs_its_parts_at_most(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_PRICE_OF_PARTS, .code = "sub_items"};
    const struct attribute_list parts =
        LIST(JSON("sub_items", "[{\"name\": \"x\", \"quantity\": 2, \"price\": 50}]"));
    const struct sku skus[] = {kit_sku("A", 100), kit_sku("B", 101)};
    const struct goods goods = {.attributes = parts, .skus = skus, .sku_count = 2};
    assert_string_equal(
        wrong(arena, &rule, 1, &goods),
        "draft.skus[1].base_price.minor must not be above what the parts cost singly, 100");
}

static void a_package_lists_its_parts(void **state)
{
    WITH_ARENA;
    const struct audit_rule rule = {.kind = RULE_PRICE_OF_PARTS, .code = "sub_items"};
    const struct sku sku = kit_sku("A", 100);
    const struct goods goods = one_sku(&sku, (struct attribute_list)LIST(JSON("sub_items", "[]")));
    assert_string_equal(wrong(arena, &rule, 1, &goods),
                        "draft.attributes[0] sub_items must be a list of {name, quantity, price}");
}

static void what_is_not_there_is_not_its_business(void **state)
{
    WITH_ARENA;
    const struct audit_rule rules[] = {
        {.kind = RULE_FUTURE, .code = "a"},
        {.kind = RULE_RANGE, .code = "a", .min = 1, .max = 2},
        {.kind = RULE_PRICE_AT_MOST, .code = "a"},
        {.kind = RULE_PRICE_OF_PARTS, .code = "a"},
    };
    const struct sku sku = kit_sku("A", 100);
    const struct goods without = one_sku(&sku, (struct attribute_list){0});
    const struct goods of_other_type = one_sku(&sku, (struct attribute_list)LIST(TEXT("a", "x")));
    assert_string_equal(wrong(arena, rules, ARRAY_LEN(rules), &without), "");
    assert_string_equal(wrong(arena, rules, ARRAY_LEN(rules), &of_other_type), "");
}

static void its_rules_are_told(void **state)
{
    WITH_ARENA;
    const struct audit_rule rules[] = {
        {.kind = RULE_FUTURE, .code = "session_time"},
        {.kind = RULE_PRICE_RANGE, .code = "", .min = 100, .max = 900},
        {.kind = RULE_RANGE, .code = "size", .min = 1, .max = 2},
    };
    const struct category category = {.rules = rules, .rule_count = ARRAY_LEN(rules)};
    const struct category without = {0};
    assert_string_equal(audit_rules_text(&category, arena),
                        "price, future(session_time), price_range(100..900), range(size 1..2)");
    assert_string_equal(audit_rules_text(&without, arena), "price");
}

static void as_many_rules_are_told_as_fit(void **state)
{
    WITH_ARENA;
    struct audit_rule rules[200];
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        rules[i] = (struct audit_rule){.kind = RULE_FUTURE, .code = "ten_bytes_"};
    const struct category category = {.rules = rules, .rule_count = ARRAY_LEN(rules)};
    const char *told = audit_rules_text(&category, arena);
    assert_in_range(strlen(told), AUDIT_RULES_TEXT_MAX - 20, AUDIT_RULES_TEXT_MAX);
    assert_string_equal(told + strlen(told) - 2, "_)");
}

UNIT_TESTS(nothing_is_free_of_charge, a_session_is_in_the_future, rules_look_at_each_sku,
           a_denomination_has_its_range, a_price_has_its_range,
           a_voucher_costs_its_face_value_at_most, a_package_costs_its_parts_at_most,
           a_package_lists_its_parts, what_is_not_there_is_not_its_business, its_rules_are_told,
           as_many_rules_are_told_as_fit)
