#include "attributes.h"

#include <string.h>

#include "base/str.h"
#include "json_text.h"

static const char *type_name(enum category_attribute_type type)
{
    static const char *const names[] = {
        [CATEGORY_TEXT] = "text",     [CATEGORY_NUMBER] = "number", [CATEGORY_ENUM] = "text",
        [CATEGORY_DATETIME] = "time", [CATEGORY_JSON] = "json",
    };
    return names[type];
}

static bool is_of_type(const struct attribute *attribute, enum category_attribute_type type)
{
    static const enum attribute_kind kinds[] = {
        [CATEGORY_TEXT] = ATTRIBUTE_TEXT, [CATEGORY_NUMBER] = ATTRIBUTE_NUMBER,
        [CATEGORY_ENUM] = ATTRIBUTE_TEXT, [CATEGORY_DATETIME] = ATTRIBUTE_TIME,
        [CATEGORY_JSON] = ATTRIBUTE_JSON,
    };
    return attribute->kind == kinds[type];
}

static int64_t characters(const char *text)
{
    int64_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void check_text(const struct category_attribute *want, const char *text, const char *field,
                       struct violations *violations)
{
    if (!*text)
        violations_add(violations, field, "%s must not be empty", want->code);
    else if (want->max_length && characters(text) > want->max_length)
        violations_add(violations, field, "%s must have at most %lld characters", want->code,
                       (long long)want->max_length);
}

static void check_number(const struct category_attribute *want, int64_t number, const char *field,
                         struct violations *violations)
{
    const bool limited = want->min || want->max;

    if (limited && (number < want->min || number > want->max))
        violations_add(violations, field, "%s must be between %lld and %lld", want->code,
                       (long long)want->min, (long long)want->max);
}

static void check_enum(const struct category_attribute *want, const char *text, const char *field,
                       struct violations *violations)
{
    AUTO(str_release) struct str all = {0};

    for (size_t i = 0; i < want->enum_value_count; i++) {
        if (strcmp(want->enum_values[i], text) == 0)
            return;
        str_printf(&all, "%s%s", i ? ", " : "", want->enum_values[i]);
    }
    violations_add(violations, field, "%s must be one of: %s", want->code, str_text(&all));
}

static void check_json(const struct category_attribute *want, const char *text, const char *field,
                       struct violations *violations)
{
    AUTO(json_text_end) json_t *json = json_text_parse(text);

    if (!json)
        violations_add(violations, field, "%s must be a JSON object or array, at most %d deep",
                       want->code, JSON_TEXT_DEPTH_MAX);
}

static void check_value(const struct category_attribute *want, const struct attribute *attribute,
                        const char *field, struct violations *violations)
{
    if (!is_of_type(attribute, want->type)) {
        violations_add(violations, field, "%s must be given as %s", want->code,
                       type_name(want->type));
        return;
    }
    switch (want->type) {
    case CATEGORY_TEXT: check_text(want, attribute->text, field, violations); break;
    case CATEGORY_NUMBER: check_number(want, attribute->number, field, violations); break;
    case CATEGORY_ENUM: check_enum(want, attribute->text, field, violations); break;
    case CATEGORY_DATETIME: break; /* the contract has its range */
    case CATEGORY_JSON: check_json(want, attribute->text, field, violations); break;
    }
}

/* `path` is "draft.attributes" or "draft.skus[0].attributes". */
static void check_list(const struct category *category, const struct attribute_list *attributes,
                       const char *path, struct violations *violations)
{
    for (size_t i = 0; i < attributes->count; i++) {
        const struct attribute *attribute = &attributes->list[i];
        const char *field = arena_printf(violations->arena, "%s[%zu]", path, i);
        const struct category_attribute *want = category_find_attribute(category, attribute->code);
        if (!want)
            violations_add(violations, field, "%s is no attribute of %s", attribute->code,
                           category->code);
        else if (attribute_find(attributes, attribute->code) != attribute)
            violations_add(violations, field, "%s is there twice", attribute->code);
        else
            check_value(want, attribute, field, violations);
    }
}

static size_t count_with(const struct goods *goods, const char *code)
{
    size_t count = 0;

    for (size_t i = 0; i < goods->sku_count; i++)
        count += goods_attribute(goods, &goods->skus[i], code) != NULL;
    return count;
}

/* Each SKU has it, by itself or by the item. */
static void check_present(const struct goods *goods, const char *code,
                          struct violations *violations)
{
    const size_t count = count_with(goods, code);

    if (!count)
        violations_add(violations, arena_printf(violations->arena, "draft.attributes[%s]", code),
                       "is required");
    for (size_t i = 0; count && i < goods->sku_count; i++)
        if (!goods_attribute(goods, &goods->skus[i], code))
            violations_add(
                violations,
                arena_printf(violations->arena, "draft.skus[%zu].attributes[%s]", i, code),
                "is required");
}

void attributes_check(const struct category *category, const struct goods *goods,
                      struct violations *violations)
{
    check_list(category, &goods->attributes, "draft.attributes", violations);
    for (size_t i = 0; i < goods->sku_count; i++)
        check_list(category, &goods->skus[i].attributes,
                   arena_printf(violations->arena, "draft.skus[%zu].attributes", i), violations);
    for (size_t i = 0; i < category->attribute_count; i++)
        if (category->attributes[i].required)
            check_present(goods, category->attributes[i].code, violations);
}
