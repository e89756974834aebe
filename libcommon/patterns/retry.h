#pragma once

/*
 * retry: runs something again while its failure may pass, with growing pauses, as often and as long
 * as allowed. What is retried must be idempotent.
 *
 *     struct retry retry = retry_times(5);
 *     do
 *         st = pricing_client_set_price(...); // the same request_id each time
 *     while (retry_again(&retry, &st));
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/backoff.h"
#include "base/status.h"

struct retry {
    struct backoff pause;
    int tries_left;
};

/* So many tries in all, pauses from 10 ms to 1 s. */
struct retry retry_times(int tries);

/*
 * True after a pause when `st` may pass (status_may_retry) and a try is left. False leaves `st` as
 * the outcome; so does a deadline or cancellation that falls into the pause.
 */
MUST_USE SUSPENDS bool retry_again(struct retry *retry, const struct status *st);
