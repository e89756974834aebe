#pragma once

/*
 * http_admin: the small HTTP server of every process: /metrics, /livez, /readyz, /version, /config,
 * /cron. For probes and people with access to the port, not for the public. GET and HEAD only; one
 * thread, the loop's; handlers never suspend.
 *
 * A connection serves one request, which has to come within HTTP_ADMIN_REQUEST_MAX bytes, and
 * closes; after HTTP_ADMIN_TIMEOUT_MS it is closed in any case. Further ones than
 * HTTP_ADMIN_CONNECTIONS_MAX wait in the kernel's line.
 */

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

struct loop;
struct http_admin;

enum {
    HTTP_ADMIN_REQUEST_MAX = 8 * 1024,
    HTTP_ADMIN_TIMEOUT_MS = 5 * 1000,
    HTTP_ADMIN_CONNECTIONS_MAX = 32,
};

/*
 * Writes the body and returns the status code (200, 503 ...). `*ret_type` is "text/plain" unless
 * changed.
 */
typedef int (*http_admin_handler)(void *arg, struct str *body, const char **ret_type);

/*
 * `address` is "127.0.0.1:9100" or "[::1]:9100"; port 0 takes a free one. INVALID_ARGUMENT
 * INVALID_CONFIG: not an address and a port. UNAVAILABLE ADDRESS_IN_USE, or another reason why it
 * cannot listen there.
 */
MUST_USE struct status http_admin_new(struct loop *loop, const char *address,
                                      struct http_admin **ret);
void http_admin_free(struct http_admin *admin); /* NULL is fine */

/* `path` is kept. */
void http_admin_on(struct http_admin *admin, const char *path, http_admin_handler handler,
                   void *arg);
int http_admin_port(const struct http_admin *admin);
