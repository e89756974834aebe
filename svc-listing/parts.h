#pragma once

/*
 * parts: what a package is made of, as its JSON attribute says:
 *
 *     [{"name": "双人锅底", "quantity": 1, "price": 5800}, ...]
 *
 * with the price of one in minor units of the SKU's currency. Pure. Source: 002 chapter 1.2.1
 * (组合校验规则).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum { PARTS_MAX = 50 };

/* What the parts cost singly. False unless `json` is such a list of 1 to PARTS_MAX parts. */
MUST_USE bool parts_sum(const char *json, int64_t *ret_minor);
