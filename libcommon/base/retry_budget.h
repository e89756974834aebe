#pragma once

/*
 * retry_budget: how many of the failed calls may be tried again, so that a peer in trouble is not
 * asked several times as often. Each failure takes a token, each success gives a tenth of one back;
 * retries stop while half of the tokens are gone. Pure.
 *
 * Source: gRPC proposal A6, retry throttling (max_tokens 40, token_ratio 0.1).
 */

#include <stdbool.h>

#include "base/attributes.h"

struct retry_budget {
    unsigned tenths; /* of tokens */
};

void retry_budget_init(struct retry_budget *budget);
void retry_budget_succeeded(struct retry_budget *budget);
/* For a failure, or a call that is sent twice. True when that may be done. */
MUST_USE bool retry_budget_take(struct retry_budget *budget);
