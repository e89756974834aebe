#pragma once

/*
 * category: a place in the tree that goods belong to, and what goods there have: typed attributes,
 * and rules that the audit applies. A new category is rows, not code.
 *
 * Pure values, read from the database. Source: 002 chapters 1.2, 4.5, 5.4.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* In the database: never change the numbers. */
enum category_attribute_type {
    CATEGORY_TEXT = 1,
    CATEGORY_NUMBER = 2,
    CATEGORY_ENUM = 3,
    CATEGORY_DATETIME = 4,
    CATEGORY_JSON = 5,
};

enum { ENUM_VALUES_MAX = 50 };

struct category_attribute {
    const char *code;
    const char *name;
    enum category_attribute_type type;
    bool required;
    const char *const *enum_values;
    size_t enum_value_count;
    int64_t min; /* of a number; both 0: no limit */
    int64_t max;
    int64_t max_length; /* characters of a text; 0: no limit but the contract's */
};

/* In the database: never change the numbers. */
enum audit_rule_kind {
    RULE_FUTURE = 1,         /* the attribute is a moment to come */
    RULE_RANGE = 2,          /* the attribute is a number from min to max */
    RULE_PRICE_RANGE = 3,    /* the price is from min to max minor units */
    RULE_PRICE_AT_MOST = 4,  /* the price is not above the attribute, a face value */
    RULE_PRICE_OF_PARTS = 5, /* the price is not above that of the parts the attribute lists */
};

struct audit_rule {
    enum audit_rule_kind kind;
    const char *code; /* of the attribute; "" for RULE_PRICE_RANGE */
    int64_t min;
    int64_t max;
};

struct category {
    int64_t id;
    const char *code; /* "HOTEL" */
    const char *name;
    int64_t parent_id; /* 0 at the top */
    int level;         /* 1 to 3 */
    bool active;
    bool physical; /* its goods are shipped */
    const struct category_attribute *attributes;
    size_t attribute_count;
    const struct audit_rule *rules;
    size_t rule_count;
};

/* NULL when the category has no such attribute. */
MUST_USE const struct category_attribute *category_find_attribute(const struct category *category,
                                                                  const char *code);
