#pragma once

/*
 * cache: Redis for tasks, through hiredis. Never the truth: every answer may be missing or old, and
 * every caller works without it. Keys are "<context>:v1:..." and spelled by the caller.
 *
 * One connection, commands pipelined in the order of the calls. While Redis is away calls fail at
 * once with UNAVAILABLE DEPENDENCY_UNAVAILABLE and it is tried again in the background (100 ms to 1
 * s). A call waits CACHE_TIMEOUT_MS at the most, then it fails in the same way; the reply that
 * comes later is dropped. A Redis that was silent for CACHE_SILENCE_MS is connected to anew.
 *
 * RESOURCE_EXHAUSTED OVERLOADED: too much is on its way to Redis (CACHE_PENDING_MAX calls, those
 * that gave up included, or CACHE_PENDING_BYTES_MAX), or Redis itself is full. After a failure
 * nobody knows whether a command was run.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct cache;

enum {
    CACHE_TIMEOUT_MS = 100,
    CACHE_SILENCE_MS = 2000,
    CACHE_PENDING_MAX = 10000,
    CACHE_PENDING_BYTES_MAX = 32 * 1024 * 1024,
};

/*
 * `address` is "127.0.0.1:6379", not a name. Starts connecting. INVALID_ARGUMENT INVALID_CONFIG:
 * not an address and a port.
 */
MUST_USE struct status cache_new(struct loop *loop, const char *address, struct cache **ret);
void cache_free(struct cache *cache); /* no call may be under way; NULL is fine */

struct cache_value {
    const void *bytes; /* in the arena; NULL when there is none */
    size_t size;
};

MUST_USE SUSPENDS struct status cache_ping(struct cache *cache);
/*
 * As many values as keys, in their order. RESOURCE_EXHAUSTED RESPONSE_TOO_LARGE: more than the
 * arena has left.
 */
MUST_USE SUSPENDS struct status cache_get_many(struct cache *cache, const char *const *keys,
                                               size_t count, struct arena *arena,
                                               struct cache_value *ret_values);
/* `ttl_ms` is at least 1. */
MUST_USE SUSPENDS struct status cache_set(struct cache *cache, const char *key, const void *bytes,
                                          size_t size, int64_t ttl_ms);
MUST_USE SUSPENDS struct status cache_delete(struct cache *cache, const char *const *keys,
                                             size_t count);
