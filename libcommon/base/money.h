#pragma once

/*
 * money: amounts in minor units of one currency. Integers only; sums that do not fit are refused,
 * never wrapped.
 *
 * Source: DESIGN 6 (int64 minor units + ISO 4217, one currency an order).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct money {
    char currency[4]; /* ISO 4217, upper case, terminated */
    int64_t minor;
};

/* INVALID_ARGUMENT CURRENCY_UNKNOWN unless `currency` is an active code of ISO 4217. */
MUST_USE struct status money_make(const char *currency, int64_t minor, struct money *ret);

/* INVALID_ARGUMENT CURRENCY_MISMATCH, MONEY_OVERFLOW. */
MUST_USE struct status money_add(struct money a, struct money b, struct money *ret);
MUST_USE struct status money_subtract(struct money a, struct money b, struct money *ret);
/* INVALID_ARGUMENT MONEY_OVERFLOW. */
MUST_USE struct status money_times(struct money a, int64_t factor, struct money *ret);

MUST_USE bool money_same_currency(struct money a, struct money b);
MUST_USE bool money_equal(struct money a, struct money b);

MUST_USE bool currency_is_known(const char *code);
