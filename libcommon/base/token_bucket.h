#pragma once

/*
 * token_bucket: how often something may happen, on average and in a burst. Pure: the time is an
 * argument, whole numbers all the way.
 *
 * The whole state of a bucket is the moment at which it is full again: a token taken moves that
 * moment later by the time in which one comes back. A bucket of zeros is full.
 *
 * A clock that goes back empties the bucket at worst, which then fills as ever.
 *
 * Source: ITU-T I.371, generic cell rate algorithm (virtual scheduling).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum { TOKEN_RATE_MAX = 1000 * 1000, TOKEN_BURST_MAX = 1000 * 1000 };

struct token_rate {
    uint32_t per_s; /* tokens that come back each second, 1 to TOKEN_RATE_MAX */
    uint32_t burst; /* most tokens that are saved up, 1 to TOKEN_BURST_MAX */
};

struct token_bucket {
    uint64_t full_at_ns;
};

/*
 * Takes one token. False, and nothing taken, when there is none; then `*ret_wait_us` says after how
 * long there will be. `now_us` is monotonic, from 0 to 2^53.
 */
MUST_USE bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate,
                                int64_t now_us, int64_t *ret_wait_us);
