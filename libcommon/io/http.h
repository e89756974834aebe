#pragma once

/*
 * http: calls to servers that speak HTTP (the search engine), through libcurl on our loop.
 * Connections are kept and reused.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct http;

enum { HTTP_HEADERS_MAX = 8, HTTP_RESPONSE_MAX = 16 * 1024 * 1024 };

struct http_request {
    const char *method; /* "GET" */
    const char *url;
    const char *headers[HTTP_HEADERS_MAX]; /* "content-type: application/json"; NULL ends them */
    const void *body;                      /* NULL: none */
    size_t body_size;
};

struct http_response {
    int status;
    const char *body; /* terminated, in the arena */
    size_t body_size;
};

MUST_USE struct status http_new(struct loop *loop, size_t connections_max, struct http **ret);
void http_free(struct http *http); /* no call may be under way; NULL is fine */

/*
 * OK for every answer, whatever its status code. UNAVAILABLE DEPENDENCY_UNAVAILABLE: no connection,
 * or it broke; RESOURCE_EXHAUSTED RESPONSE_TOO_LARGE. Ends at the task's deadline at the latest,
 * after 30 s without one.
 */
MUST_USE SUSPENDS struct status http_call(struct http *http, const struct http_request *request,
                                          struct arena *arena, struct http_response *ret);
