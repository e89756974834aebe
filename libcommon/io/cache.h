#pragma once

/*
 * cache: Redis for tasks, through hiredis. Never the truth: every answer may be missing or old, and
 * every caller works without it. Keys are "<context>:v1:..." and spelled by the caller.
 *
 * One connection, commands pipelined in the order of the calls; what one call has to send goes out
 * at once and its replies are waited for together. While Redis is away calls fail at once with
 * UNAVAILABLE DEPENDENCY_UNAVAILABLE and it is tried again in the background (100 ms to 1 s). A
 * call waits CACHE_TIMEOUT_MS at the most, then it fails in the same way; a reply that comes later
 * is dropped. A Redis that was silent for CACHE_SILENCE_MS is connected to anew.
 *
 * RESOURCE_EXHAUSTED OVERLOADED: too much is on its way to Redis (CACHE_PENDING_MAX commands, those
 * that were given up included, or CACHE_PENDING_BYTES_MAX), or Redis itself is full. After a
 * failure nobody knows which of the commands were run.
 *
 * Redis is spoken to in the clear. Where the way to it is not to be trusted, stunnel beside each
 * end carries it: docs/redis.md.
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
struct cache_entry {
    const char *key;
    const void *bytes;
    size_t size;
};

/* `ttl_ms` is at least 1. */
MUST_USE SUSPENDS struct status cache_set(struct cache *cache, const char *key, const void *bytes,
                                          size_t size, int64_t ttl_ms);
/* Not all at once: some may be there before others, or alone. */
MUST_USE SUSPENDS struct status cache_set_many(struct cache *cache,
                                               const struct cache_entry *entries, size_t count,
                                               int64_t ttl_ms);
MUST_USE SUSPENDS struct status cache_delete(struct cache *cache, const char *const *keys,
                                             size_t count);

/* A script in Lua, which Redis runs as a whole: nothing happens in between. */
struct cache_script {
    const char *lua; /* a literal */
    char sha1[41];
};

struct cache_script cache_script_of(const char *lua);

struct cache_script_input {
    const char *const *keys; /* KEYS: all that the script touches */
    size_t key_count;
    const int64_t *numbers; /* ARGV */
    size_t number_count;
};

/*
 * The script answers with a table of `ret_count` whole numbers. It goes by its digest; a Redis that
 * does not know it (any more) is sent the text, which takes a second round trip and may take
 * CACHE_TIMEOUT_MS again. INTERNAL: the script is wrong, or answers something else; what it did
 * before is done.
 */
MUST_USE SUSPENDS struct status cache_run(struct cache *cache, const struct cache_script *script,
                                          struct cache_script_input input, int64_t *ret_numbers,
                                          size_t ret_count);
