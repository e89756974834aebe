#pragma once

/*
 * goods_kit: categories and drafts for the tests, and what is said to be wrong with them.
 */

#include "svc-listing/attributes.h"
#include "svc-listing/audit_rules.h"
#include "svc-listing/category.h"
#include "svc-listing/goods.h"
#include "svc-listing/violations.h"
#include "tests/unit/unit.h"

#define TEXT(code_, text_)                                       \
    {                                                            \
        .code = (code_), .kind = ATTRIBUTE_TEXT, .text = (text_) \
    }
#define NUMBER(code_, number_)                                         \
    {                                                                  \
        .code = (code_), .kind = ATTRIBUTE_NUMBER, .number = (number_) \
    }
#define TIME(code_, us_)                                         \
    {                                                            \
        .code = (code_), .kind = ATTRIBUTE_TIME, .number = (us_) \
    }
#define JSON(code_, text_)                                       \
    {                                                            \
        .code = (code_), .kind = ATTRIBUTE_JSON, .text = (text_) \
    }
#define LIST(...)                                                                           \
    {                                                                                       \
        .list = (const struct attribute[]){__VA_ARGS__},                                    \
        .count = sizeof((const struct attribute[]){__VA_ARGS__}) / sizeof(struct attribute) \
    }

UNUSED static struct sku kit_sku(const char *code, int64_t price_minor)
{
    return (struct sku){
        .code = code, .title = code, .price = {.currency = "CNY", .minor = price_minor}};
}

/* What somebody says is wrong, as "field description; ..."; "" for nothing. */
UNUSED static char *kit_text(struct violations *violations)
{
    return violations_text(violations, 10000);
}

/* Shows what is wrong with one arena for each test: `arena` is freed at the end of the scope. */
#define WITH_ARENA AUTO(arena_freep) struct arena *arena = arena_new(1024 * 1024)
