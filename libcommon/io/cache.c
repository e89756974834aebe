#include "io/cache.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/cache_link.h"
#include "run/task.h"

enum { KEYS_AT_ONCE = 500 };

struct cache {
    struct cache_link *link;
    size_t pending;
    size_t pending_bytes;
    int64_t heard_us; /* the last reply, or the first command that has none yet */
};

/* A command on its way. The reply frees it when nobody waits any more. */
struct call {
    struct cache *cache;
    struct task *task; /* NULL: gave up */
    size_t size;
    bool is_done;
    struct status st;
    struct arena *arena; /* for the values, if any are wanted */
    struct cache_value *values;
    size_t count;
};

static struct status away(const char *why)
{
    return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "redis: %s", why);
}

/* Replies. */

static struct status error_of(const redisReply *reply)
{
    static const char *const ours[] = {"ERR ", "WRONGTYPE ", "NOAUTH ", "NOPERM "};

    if (str_starts_with(reply->str, "OOM "))
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "redis: %s", reply->str);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (str_starts_with(reply->str, ours[i]))
            return status_error(CODE_INTERNAL, "INTERNAL", "redis: %s", reply->str);
    return away(reply->str); /* LOADING, READONLY, MASTERDOWN ... */
}

static size_t total_size(const redisReply *values)
{
    size_t size = 0;

    for (size_t i = 0; i < values->elements; i++)
        if (values->element[i]->type == REDIS_REPLY_STRING)
            size += values->element[i]->len;
    return size;
}

static struct cache_value copy_value(struct arena *arena, const redisReply *value)
{
    if (value->type != REDIS_REPLY_STRING)
        return (struct cache_value){0};
    return (struct cache_value){
        .bytes = arena_dup(arena, value->str, value->len),
        .size = value->len,
    };
}

static struct status copy_values(const struct call *call, const redisReply *reply)
{
    if (!call->values)
        return STATUS_OK;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != call->count)
        return status_error(CODE_INTERNAL, "INTERNAL", "redis: not the values that were asked for");
    if (total_size(reply) > arena_left(call->arena))
        return status_error(CODE_RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE",
                            "values of %zu bytes, %zu are left", total_size(reply),
                            arena_left(call->arena));
    for (size_t i = 0; i < call->count; i++)
        call->values[i] = copy_value(call->arena, reply->element[i]);
    return STATUS_OK;
}

static struct status take_reply(struct call *call, const redisReply *reply)
{
    if (!reply)
        return away("the connection broke");
    call->cache->heard_us = clock_mono_us();
    if (reply->type == REDIS_REPLY_ERROR)
        return error_of(reply);
    return call->task ? copy_values(call, reply) : STATUS_OK;
}

static void on_reply(redisAsyncContext *redis, void *reply, void *arg)
{
    struct call *call = arg;
    (void)redis;

    call->cache->pending--;
    call->cache->pending_bytes -= call->size;
    call->st = take_reply(call, reply);
    call->is_done = true;
    if (call->task)
        task_wake(call->task);
    else
        mem_free(call);
}

/* Commands. */

static struct status check_room(const struct cache *cache, size_t size)
{
    if (!cache_link_is_up(cache->link))
        return away("not connected");
    if (cache->pending >= CACHE_PENDING_MAX ||
        cache->pending_bytes + size > CACHE_PENDING_BYTES_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "%zu commands wait for redis, %zu bytes", cache->pending,
                            cache->pending_bytes);
    return STATUS_OK;
}

static void send_command(struct cache *cache, struct call *call, const char *command, size_t size)
{
    if (cache->pending++ == 0)
        cache->heard_us = clock_mono_us();
    cache->pending_bytes += size;
    call->cache = cache;
    call->size = size;
    call->task = task_self();
    cache_link_send(cache->link, command, size, on_reply, call);
}

/* A Redis that stands still would never end the connection by itself. */
static void check_silence(struct cache *cache)
{
    const int64_t silent_us = clock_mono_us() - cache->heard_us;

    if (cache->pending && silent_us > CACHE_SILENCE_MS * CLOCK_US_PER_MS &&
        cache_link_is_up(cache->link))
        cache_link_drop(cache->link, "silent");
}

/* Frees the call, or leaves that to its reply. */
static struct status await_reply(struct cache *cache, struct call *call)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(CACHE_TIMEOUT_MS * CLOCK_US_PER_MS);
    struct status st = STATUS_OK;

    while (!call->is_done && status_ok(&st))
        st = task_park("redis");
    if (call->is_done) {
        st = call->st;
        mem_free(call);
        return st;
    }
    call->task = NULL;
    check_silence(cache);
    if (st.code == CODE_DEADLINE_EXCEEDED && limit.outer_us > clock_mono_us())
        return away("no answer in time");
    return st;
}

/* `call` says what is wanted of the reply. */
static struct status run(struct cache *cache, const struct call *want, size_t count,
                         const char **words, const size_t *sizes)
{
    char *command = NULL;

    TRY(task_check());
    const int size = redisFormatCommandArgv(&command, (int)count, words, sizes);
    BUG_ON(size < 0); /* out of memory */
    const struct status st = check_room(cache, (size_t)size);
    if (!status_ok(&st)) {
        redisFreeCommand(command);
        return st;
    }
    struct call *call = mem_dup(want, sizeof *want);
    send_command(cache, call, command, (size_t)size);
    redisFreeCommand(command);
    return await_reply(cache, call);
}

/* `name` and a number of keys. */
static struct status run_keys(struct cache *cache, const struct call *want, const char *name,
                              const char *const *keys, size_t count)
{
    const char **words = mem_calloc(count + 1, sizeof *words);
    size_t *sizes = mem_calloc(count + 1, sizeof *sizes);

    for (size_t i = 0; i <= count; i++) {
        words[i] = i == 0 ? name : keys[i - 1];
        sizes[i] = strlen(words[i]);
    }
    const struct status st = run(cache, want, count + 1, words, sizes);
    mem_free(words);
    mem_free(sizes);
    return st;
}

struct status cache_ping(struct cache *cache)
{
    const struct call want = {0};
    return run_keys(cache, &want, "PING", NULL, 0);
}

struct status cache_get_many(struct cache *cache, const char *const *keys, size_t count,
                             struct arena *arena, struct cache_value *ret_values)
{
    for (size_t i = 0; i < count; i += KEYS_AT_ONCE) {
        const size_t some = count - i < KEYS_AT_ONCE ? count - i : KEYS_AT_ONCE;
        const struct call want = {.arena = arena, .values = ret_values + i, .count = some};
        TRY(run_keys(cache, &want, "MGET", keys + i, some));
    }
    return STATUS_OK;
}

struct status cache_delete(struct cache *cache, const char *const *keys, size_t count)
{
    const struct call want = {0};

    for (size_t i = 0; i < count; i += KEYS_AT_ONCE)
        TRY(run_keys(cache, &want, "UNLINK", keys + i,
                     count - i < KEYS_AT_ONCE ? count - i : KEYS_AT_ONCE));
    return STATUS_OK;
}

struct status cache_set(struct cache *cache, const char *key, const void *bytes, size_t size,
                        int64_t ttl_ms)
{
    const struct call want = {0};
    char ttl[24];

    BUG_ON(ttl_ms < 1);
    snprintf(ttl, sizeof ttl, "%lld", (long long)ttl_ms);
    const char *words[] = {"SET", key, bytes, "PX", ttl};
    const size_t sizes[] = {3, strlen(key), size, 2, strlen(ttl)};
    return run(cache, &want, ARRAY_LEN(words), words, sizes);
}

/* Life. */

struct status cache_new(struct loop *loop, const char *address, struct cache **ret)
{
    struct cache_link *link;

    TRY(cache_link_new(loop, address, &link));
    struct cache *cache = mem_new(struct cache);
    cache->link = link;
    *ret = cache;
    return STATUS_OK;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    cache_link_free(cache->link);
    BUG_ON(cache->pending);
    mem_free(cache);
}
