#pragma once

/*
 * http: calls to servers that speak HTTP/1.1 (the search engine, a collector of traces), through
 * libcurl on our loop. Connections are kept and reused. Redirects are not followed, proxies of the
 * environment not used.
 *
 * What may be repeated (GET, HEAD, PUT, DELETE, and what is marked so) is tried again when the
 * connection fails, or the answer is 429 or 503: HTTP_TRIES_MAX times in all, with growing pauses,
 * or the one that Retry-After asks for. Calls earn retries, so a server in trouble is not asked
 * three times as often; and a pause that would outlast the deadline is not begun: the answer there
 * is, is the answer.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct http;

enum {
    HTTP_HEADERS_MAX = 8,
    HTTP_RESPONSE_MAX = 16 * 1024 * 1024,
    HTTP_TIMEOUT_MS = 30 * 1000,
    HTTP_CONNECT_TIMEOUT_MS = 3 * 1000,
    HTTP_TRIES_MAX = 3,
    HTTP_BUDGET_RETRIES = 20,    /* so many may come in one burst */
    HTTP_BUDGET_RETRY_COST = 10, /* calls that pay for one retry */
};

struct http_request {
    const char *method; /* "GET" */
    const char *url;
    const char *headers[HTTP_HEADERS_MAX]; /* "content-type: application/json"; NULL ends them */
    const void *body;                      /* NULL: none */
    size_t body_size;
    bool is_repeatable; /* a POST or PATCH that does no harm twice */
};

struct http_response {
    int status;
    const char *body; /* terminated, in the arena; "" when there is none */
    size_t body_size;
};

/* `connections_max` calls are served at once, further ones wait in line. */
MUST_USE struct status http_new(struct loop *loop, size_t connections_max, struct http **ret);
void http_free(struct http *http); /* no call may be under way; NULL is fine */

/*
 * OK for every answer, whatever its status code. UNAVAILABLE DEPENDENCY_UNAVAILABLE: no connection,
 * or it broke; RESOURCE_EXHAUSTED RESPONSE_TOO_LARGE: more than HTTP_RESPONSE_MAX, or than the
 * arena has left; INTERNAL for a request that cannot be sent. Ends at the task's deadline at the
 * latest, after HTTP_TIMEOUT_MS without one. The task's trace goes along (traceparent).
 */
MUST_USE SUSPENDS struct status http_call(struct http *http, const struct http_request *request,
                                          struct arena *arena, struct http_response *ret);
