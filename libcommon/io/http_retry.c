/*
 * A call over its tries: when one is worth another, and how long to wait for it.
 */
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "io/http_internal.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "run/task.h"

enum { PAUSE_FIRST_US = 50 * 1000, PAUSE_MOST_US = 1000 * 1000 };

void http_retry_init(struct http *http)
{
    http->budget = HTTP_BUDGET_RETRIES * HTTP_BUDGET_RETRY_COST;
    http->retries = metric_series(
        metric_family(METRIC_COUNTER, "souk_http_retries_total", "", "HTTP calls tried again"));
}

static void earn(struct http *http)
{
    if (http->budget < HTTP_BUDGET_RETRIES * HTTP_BUDGET_RETRY_COST)
        http->budget++;
}

static bool spend(struct http *http)
{
    if (http->budget < HTTP_BUDGET_RETRY_COST)
        return false;
    http->budget -= HTTP_BUDGET_RETRY_COST;
    metric_add(http->retries, 1);
    return true;
}

/* RFC 9110, 9.2.2 */
static bool is_repeatable(const struct http_request *request)
{
    static const char *const idempotent[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};

    for (size_t i = 0; i < ARRAY_LEN(idempotent); i++)
        if (strcmp(request->method, idempotent[i]) == 0)
            return true;
    return request->is_repeatable;
}

static bool may_pass(const struct status *st, const struct http_response *response)
{
    if (!status_ok(st))
        return st->code == CODE_UNAVAILABLE;
    return response->status == 429 || response->status == 503;
}

static struct status try_connected(struct http *http, const struct http_request *request,
                                   struct arena *arena, struct http_response *ret,
                                   int64_t *ret_retry_after_us)
{
    TRY(semaphore_acquire(&http->connections, "http connection"));
    const struct status st = http_try(http, request, arena, ret, ret_retry_after_us);
    semaphore_release(&http->connections);
    return st;
}

static struct status try_until(struct http *http, const struct http_request *request,
                               struct arena *arena, struct http_response *ret)
{
    struct backoff backoff = backoff_between(PAUSE_FIRST_US, PAUSE_MOST_US);
    const struct arena_mark mark = arena_mark(arena);

    earn(http);
    for (int tries = 1;; tries++) {
        int64_t retry_after_us = 0;
        const struct status st = try_connected(http, request, arena, ret, &retry_after_us);
        if (!may_pass(&st, ret) || !is_repeatable(request) || tries == HTTP_TRIES_MAX)
            return st;
        const int64_t pause_us = retry_after_us ? retry_after_us
                                                : backoff_next_us(&backoff, random_u64());
        if (pause_us >= task_time_left_us() || !spend(http))
            return st;
        arena_rewind(arena, mark);
        TRY(task_sleep_us(pause_us));
    }
}

/* Without what may be secret: user, query, headers, bodies. */
static const char *path_of(const char *url, struct arena *arena)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;

    return path ? arena_strndup(arena, path, strcspn(path, "?#")) : "/";
}

struct status http_call(struct http *http, const struct http_request *request, struct arena *arena,
                        struct http_response *ret)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(HTTP_TIMEOUT_MS * CLOCK_US_PER_MS);
    struct http_response response;

    TRY(task_check());
    AUTO(span_end) struct span span;
    span_begin(&span, SPAN_CLIENT, request->method);
    if (span_is_recorded(&span))
        span_text(&span, "url.path", path_of(request->url, arena));
    const struct status st = try_until(http, request, arena, &response);
    span_status(&span, &st);
    TRY(st);
    span_number(&span, "http.response.status_code", response.status);
    *ret = response;
    return STATUS_OK;
}
