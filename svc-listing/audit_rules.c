#include "audit_rules.h"

#include <string.h>

#include "parts.h"

static const char *price_field(struct violations *violations, size_t index)
{
    return arena_printf(violations->arena, "draft.skus[%zu].base_price.minor", index);
}

static void check_attribute(const struct audit_rule *rule, const struct attribute *attribute,
                            int64_t now_us, const char *field, struct violations *violations)
{
    int64_t sum;

    if (rule->kind == RULE_FUTURE && attribute->kind == ATTRIBUTE_TIME &&
        attribute->number <= now_us)
        violations_add(violations, field, "%s must be in the future", rule->code);
    if (rule->kind == RULE_RANGE && attribute->kind == ATTRIBUTE_NUMBER &&
        (attribute->number < rule->min || attribute->number > rule->max))
        violations_add(violations, field, "%s must be between %lld and %lld", rule->code,
                       (long long)rule->min, (long long)rule->max);
    if (rule->kind == RULE_PRICE_OF_PARTS && attribute->kind == ATTRIBUTE_JSON &&
        !parts_sum(attribute->text, &sum))
        violations_add(violations, field, "%s must be a list of {name, quantity, price}",
                       rule->code);
}

/* `path` is "draft.attributes" or "draft.skus[0].attributes". */
static void check_attributes(const struct audit_rule *rule, const struct attribute_list *attributes,
                             int64_t now_us, const char *path, struct violations *violations)
{
    const struct attribute *attribute = attribute_find(attributes, rule->code);

    if (attribute)
        check_attribute(rule, attribute, now_us,
                        arena_printf(violations->arena, "%s[%zu]", path,
                                     (size_t)(attribute - attributes->list)),
                        violations);
}

static void check_price(const struct audit_rule *rule, const struct goods *goods, size_t index,
                        struct violations *violations)
{
    const struct sku *sku = &goods->skus[index];
    const struct attribute *attribute = goods_attribute(goods, sku, rule->code);
    int64_t sum;

    if (rule->kind == RULE_PRICE_RANGE &&
        (sku->price.minor < rule->min || sku->price.minor > rule->max))
        violations_add(violations, price_field(violations, index), "must be between %lld and %lld",
                       (long long)rule->min, (long long)rule->max);
    if (rule->kind == RULE_PRICE_AT_MOST && attribute && attribute->kind == ATTRIBUTE_NUMBER &&
        sku->price.minor > attribute->number)
        violations_add(violations, price_field(violations, index), "must not be above %s, %lld",
                       rule->code, (long long)attribute->number);
    if (rule->kind == RULE_PRICE_OF_PARTS && attribute && attribute->kind == ATTRIBUTE_JSON &&
        parts_sum(attribute->text, &sum) && sku->price.minor > sum)
        violations_add(violations, price_field(violations, index),
                       "must not be above what the parts cost singly, %lld", (long long)sum);
}

static void check_rule(const struct audit_rule *rule, const struct goods *goods, int64_t now_us,
                       struct violations *violations)
{
    check_attributes(rule, &goods->attributes, now_us, "draft.attributes", violations);
    for (size_t i = 0; i < goods->sku_count; i++) {
        check_attributes(rule, &goods->skus[i].attributes, now_us,
                         arena_printf(violations->arena, "draft.skus[%zu].attributes", i),
                         violations);
        check_price(rule, goods, i, violations);
    }
}

static const char *rule_name(enum audit_rule_kind kind)
{
    static const char *const names[] = {
        [RULE_FUTURE] = "future",
        [RULE_RANGE] = "range",
        [RULE_PRICE_RANGE] = "price_range",
        [RULE_PRICE_AT_MOST] = "price_at_most",
        [RULE_PRICE_OF_PARTS] = "price_of_parts",
    };
    return names[kind];
}

static char *rule_text(const struct audit_rule *rule, struct arena *arena)
{
    if (rule->kind == RULE_RANGE || rule->kind == RULE_PRICE_RANGE)
        return arena_printf(arena, "%s(%s%s%lld..%lld)", rule_name(rule->kind), rule->code,
                            *rule->code ? " " : "", (long long)rule->min, (long long)rule->max);
    return arena_printf(arena, "%s(%s)", rule_name(rule->kind), rule->code);
}

char *audit_rules_text(const struct category *category, struct arena *arena)
{
    char *text = arena_strdup(arena, "price");

    for (size_t i = 0; i < category->rule_count; i++) {
        char *more = arena_printf(arena, "%s, %s", text, rule_text(&category->rules[i], arena));
        if (strlen(more) > AUDIT_RULES_TEXT_MAX)
            break;
        text = more;
    }
    return text;
}

void audit_rules_check(const struct category *category, const struct goods *goods, int64_t now_us,
                       struct violations *violations)
{
    for (size_t i = 0; i < goods->sku_count; i++)
        if (goods->skus[i].price.minor <= 0)
            violations_add(violations, price_field(violations, i), "must be more than 0");
    for (size_t i = 0; i < category->rule_count; i++)
        check_rule(&category->rules[i], goods, now_us, violations);
}
