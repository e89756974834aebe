#include "io/cache.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/cache_link.h"
#include "io/cache_pipeline.h"

enum { KEYS_AT_ONCE = 500, NUMBER_TEXT = 24 };

struct cache {
    struct cache_pipeline *pipeline;
};

static struct cache_batch batch_of(struct cache *cache)
{
    return (struct cache_batch){.pipeline = cache->pipeline};
}

/* A command from its words. */

static struct cache_command command_new(size_t room)
{
    return (struct cache_command){
        .words = mem_calloc(room, sizeof(char *)),
        .sizes = mem_calloc(room, sizeof(size_t)),
    };
}

static void command_release(struct cache_command *command)
{
    mem_free(command->words);
    mem_free(command->sizes);
}

static void add_bytes(struct cache_command *command, const void *bytes, size_t size)
{
    command->words[command->count] = bytes;
    command->sizes[command->count++] = size;
}

static void add_word(struct cache_command *command, const char *word)
{
    add_bytes(command, word, strlen(word));
}

/* `text` is where it is written. */
static void add_number(struct cache_command *command, int64_t number, char *text)
{
    snprintf(text, NUMBER_TEXT, "%lld", (long long)number);
    add_word(command, text);
}

/* `name` and a number of keys. */
static struct status send_keys(struct cache_batch *batch, const struct cache_want *want,
                               const char *name, const char *const *keys, size_t count)
{
    AUTO(command_release) struct cache_command command = command_new(count + 1);

    add_word(&command, name);
    for (size_t i = 0; i < count; i++)
        add_word(&command, keys[i]);
    return cache_batch_send(batch, want, command);
}

static size_t chunk_of(size_t left)
{
    return left < KEYS_AT_ONCE ? left : KEYS_AT_ONCE;
}

struct status cache_ping(struct cache *cache)
{
    const struct cache_want want = {0};
    struct cache_batch batch = batch_of(cache);

    return cache_batch_end(&batch, send_keys(&batch, &want, "PING", NULL, 0));
}

/* Getting. */

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

static struct status take_values(const struct cache_want *want, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != want->count)
        return status_error(CODE_INTERNAL, "INTERNAL", "redis: not the values that were asked for");
    if (total_size(reply) > arena_left(want->arena))
        return status_error(CODE_RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE",
                            "values of %zu bytes, %zu are left", total_size(reply),
                            arena_left(want->arena));
    for (size_t i = 0; i < want->count; i++)
        want->values[i] = copy_value(want->arena, reply->element[i]);
    return STATUS_OK;
}

struct status cache_get_many(struct cache *cache, const char *const *keys, size_t count,
                             struct arena *arena, struct cache_value *ret_values)
{
    struct cache_batch batch = batch_of(cache);
    struct status st = STATUS_OK;

    for (size_t i = 0; i < count && status_ok(&st); i += KEYS_AT_ONCE) {
        const struct cache_want want = {
            .take = take_values,
            .arena = arena,
            .values = ret_values + i,
            .count = chunk_of(count - i),
        };
        st = send_keys(&batch, &want, "MGET", keys + i, want.count);
    }
    return cache_batch_end(&batch, st);
}

/* Setting and deleting. */

static struct status send_set(struct cache_batch *batch, const struct cache_entry *entry,
                              int64_t ttl_ms)
{
    const struct cache_want want = {0};
    const char *words[5];
    size_t sizes[5];
    char ttl[NUMBER_TEXT];
    struct cache_command command = {.words = words, .sizes = sizes};

    add_word(&command, "SET");
    add_word(&command, entry->key);
    add_bytes(&command, entry->bytes, entry->size);
    add_word(&command, "PX");
    add_number(&command, ttl_ms, ttl);
    return cache_batch_send(batch, &want, command);
}

struct status cache_set_many(struct cache *cache, const struct cache_entry *entries, size_t count,
                             int64_t ttl_ms)
{
    struct cache_batch batch = batch_of(cache);
    struct status st = STATUS_OK;

    BUG_ON(ttl_ms < 1);
    for (size_t i = 0; i < count && status_ok(&st); i++)
        st = send_set(&batch, &entries[i], ttl_ms);
    return cache_batch_end(&batch, st);
}

struct status cache_set(struct cache *cache, const char *key, const void *bytes, size_t size,
                        int64_t ttl_ms)
{
    const struct cache_entry entry = {.key = key, .bytes = bytes, .size = size};

    return cache_set_many(cache, &entry, 1, ttl_ms);
}

struct status cache_delete(struct cache *cache, const char *const *keys, size_t count)
{
    const struct cache_want want = {0};
    struct cache_batch batch = batch_of(cache);
    struct status st = STATUS_OK;

    for (size_t i = 0; i < count && status_ok(&st); i += KEYS_AT_ONCE)
        st = send_keys(&batch, &want, "UNLINK", keys + i, chunk_of(count - i));
    return cache_batch_end(&batch, st);
}

/* Scripts. */

struct cache_script cache_script_of(const char *lua)
{
    struct cache_script script = {.lua = lua};
    unsigned char digest[SHA_DIGEST_LENGTH];

    SHA1((const unsigned char *)lua, strlen(lua), digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(script.sha1 + 2 * i, 3, "%02x", digest[i]);
    return script;
}

static struct status take_numbers(const struct cache_want *want, const redisReply *reply)
{
    bool is_fit = reply->type == REDIS_REPLY_ARRAY && reply->elements == want->count;

    for (size_t i = 0; is_fit && i < want->count; i++)
        is_fit = reply->element[i]->type == REDIS_REPLY_INTEGER;
    if (!is_fit)
        return status_error(CODE_INTERNAL, "INTERNAL", "redis: a script did not answer %zu numbers",
                            want->count);
    for (size_t i = 0; i < want->count; i++)
        want->numbers[i] = reply->element[i]->integer;
    return STATUS_OK;
}

/* EVAL with the text, or EVALSHA with the digest. */
static struct status run_as(struct cache *cache, const char *name, const char *what,
                            struct cache_script_input input, const struct cache_want *want)
{
    AUTO(command_release)
    struct cache_command command = command_new(3 + input.key_count + input.number_count);
    AUTO(mem_freep) char *texts = mem_alloc((1 + input.number_count) * NUMBER_TEXT);
    struct cache_batch batch = batch_of(cache);

    add_word(&command, name);
    add_word(&command, what);
    add_number(&command, (int64_t)input.key_count, texts);
    for (size_t i = 0; i < input.key_count; i++)
        add_word(&command, input.keys[i]);
    for (size_t i = 0; i < input.number_count; i++)
        add_number(&command, input.numbers[i], texts + (i + 1) * NUMBER_TEXT);
    return cache_batch_end(&batch, cache_batch_send(&batch, want, command));
}

struct status cache_run(struct cache *cache, const struct cache_script *script,
                        struct cache_script_input input, int64_t *ret_numbers, size_t ret_count)
{
    const struct cache_want want = {
        .take = take_numbers,
        .numbers = ret_numbers,
        .count = ret_count,
    };
    const struct status st = run_as(cache, "EVALSHA", script->sha1, input, &want);

    if (st.code != CODE_NOT_FOUND)
        return st;
    return run_as(cache, "EVAL", script->lua, input, &want); /* which makes it known, too */
}

/* Life. */

struct status cache_new(struct loop *loop, const char *address, struct cache **ret)
{
    struct cache_link *link;

    TRY(cache_link_new(loop, address, &link));
    struct cache *cache = mem_new(struct cache);
    cache->pipeline = cache_pipeline_new(link);
    *ret = cache;
    return STATUS_OK;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    cache_pipeline_free(cache->pipeline);
    mem_free(cache);
}
