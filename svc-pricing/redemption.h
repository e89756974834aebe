#pragma once

/*
 * redemption: a quote taken for a pay order. It ends once, by being cancelled; a cancellation that
 * comes first leaves a redemption that was never live in the way of the late one.
 *
 * Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

/* In the database: never change the numbers. */
enum redemption_status { REDEMPTION_REDEEMED = 1, REDEMPTION_CANCELLED = 2 };

struct redemption {
    int64_t id;
    enum redemption_status status;
    int64_t quote_id; /* this and the next two are 0 for what was cancelled before it came */
    int64_t pay_order_id;
    int64_t user_id;
};

/*
 * `want` comes and `existing` has its id. OK: it is the same, and live. FAILED_PRECONDITION
 * REDEMPTION_CANCELLED; INVALID_ARGUMENT REQUEST_ID_REUSED.
 */
MUST_USE struct status redemption_repeat(const struct redemption *existing,
                                         const struct redemption *want);

/* False: it was cancelled before. */
MUST_USE bool redemption_cancel(struct redemption *redemption);
