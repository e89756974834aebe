#pragma once

/*
 * What the files of http share.
 */

#include <curl/curl.h>

#include "io/http.h"
#include "run/sync.h"

struct metric;

struct http {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct semaphore connections;
    unsigned budget; /* HTTP_BUDGET_RETRY_COST is worth a retry */
    struct metric *retries;
};

/* http.c: once, over a connection that is free. `*ret_retry_after_us` is 0 where none is named. */
MUST_USE SUSPENDS struct status http_try(struct http *http, const struct http_request *request,
                                         struct arena *arena, struct http_response *ret,
                                         int64_t *ret_retry_after_us);

/* http_retry.c */
void http_retry_init(struct http *http);
