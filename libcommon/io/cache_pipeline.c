#include "io/cache_pipeline.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/cache.h"
#include "io/cache_link.h"
#include "observe/span.h"
#include "run/task.h"

struct cache_pipeline {
    struct cache_link *link;
    size_t pending;
    size_t pending_bytes;
    int64_t heard_us; /* the last reply, or the first command that has none yet */
};

/* A command on its way; its reply frees it. */
struct cache_call {
    struct cache_pipeline *pipeline;
    struct cache_batch *batch; /* NULL: gave up */
    struct cache_call *next, **link;
    size_t size;
    struct cache_want want;
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
    if (str_starts_with(reply->str, "NOSCRIPT "))
        return status_error(CODE_NOT_FOUND, NULL, "redis: %s", reply->str);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (str_starts_with(reply->str, ours[i]))
            return status_error(CODE_INTERNAL, "INTERNAL", "redis: %s", reply->str);
    return away(reply->str); /* LOADING, READONLY, MASTERDOWN, BUSY ... */
}

static struct status take_reply(const struct cache_want *want, const redisReply *reply)
{
    if (!reply)
        return away("the connection broke");
    if (reply->type == REDIS_REPLY_ERROR)
        return error_of(reply);
    return want->take ? want->take(want, reply) : STATUS_OK;
}

static void leave_batch(struct cache_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->batch = NULL;
}

static void on_reply(redisAsyncContext *redis, void *reply, void *arg)
{
    struct cache_call *call = arg;
    struct cache_pipeline *pipeline = call->pipeline;
    struct cache_batch *batch = call->batch;
    (void)redis;

    pipeline->pending--;
    pipeline->pending_bytes -= call->size;
    if (reply)
        pipeline->heard_us = clock_mono_us();
    if (batch) {
        const struct status st = take_reply(&call->want, reply);
        if (status_ok(&batch->failure))
            batch->failure = st;
        leave_batch(call);
        task_wake(batch->task);
    }
    mem_free(call);
}

/* Sending. */

static struct status check_room(const struct cache_pipeline *pipeline, size_t size)
{
    if (!cache_link_is_up(pipeline->link))
        return away("not connected");
    if (pipeline->pending >= CACHE_PENDING_MAX ||
        pipeline->pending_bytes + size > CACHE_PENDING_BYTES_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "%zu commands wait for redis, %zu bytes", pipeline->pending,
                            pipeline->pending_bytes);
    return STATUS_OK;
}

static void send_text(struct cache_batch *batch, const struct cache_want *want, const char *text,
                      size_t size)
{
    struct cache_pipeline *pipeline = batch->pipeline;
    struct cache_call *call = mem_new(struct cache_call);

    *call = (struct cache_call){
        .pipeline = pipeline,
        .batch = batch,
        .next = batch->calls,
        .link = &batch->calls,
        .size = size,
        .want = *want,
    };
    if (call->next)
        call->next->link = &call->next;
    batch->calls = call;
    if (pipeline->pending++ == 0)
        pipeline->heard_us = clock_mono_us();
    pipeline->pending_bytes += size;
    cache_link_send(pipeline->link, text, size, on_reply, call);
}

struct status cache_batch_send(struct cache_batch *batch, const struct cache_want *want,
                               struct cache_command command)
{
    char *text = NULL;

    TRY(task_check());
    batch->task = task_self();
    if (!batch->name)
        batch->name = command.words[0];
    const int size =
        redisFormatCommandArgv(&text, (int)command.count, command.words, command.sizes);
    BUG_ON(size < 0); /* out of memory */
    const struct status st = check_room(batch->pipeline, (size_t)size);
    if (status_ok(&st))
        send_text(batch, want, text, (size_t)size);
    redisFreeCommand(text);
    return st;
}

/* Waiting. */

/* A Redis that stands still would never end the connection by itself. */
static void check_silence(struct cache_pipeline *pipeline)
{
    const int64_t silent_us = clock_mono_us() - pipeline->heard_us;

    if (pipeline->pending && silent_us > CACHE_SILENCE_MS * CLOCK_US_PER_MS &&
        cache_link_is_up(pipeline->link))
        cache_link_drop(pipeline->link, "silent");
}

static struct status await_replies(struct cache_batch *batch)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(CACHE_TIMEOUT_MS * CLOCK_US_PER_MS);
    struct status st = STATUS_OK;

    while (batch->calls && status_ok(&batch->failure) && status_ok(&st))
        st = task_park("redis");
    if (!batch->calls || !status_ok(&batch->failure))
        return batch->failure;
    if (st.code == CODE_DEADLINE_EXCEEDED && limit.outer_us > clock_mono_us())
        return away("no answer in time");
    return st;
}

struct status cache_batch_end(struct cache_batch *batch, struct status sent)
{
    AUTO(span_end) struct span span; /* names of commands are told, keys and values are not */

    span_begin(&span, SPAN_CLIENT, batch->name ? batch->name : "redis");
    span_text(&span, "db.system", "redis");
    const struct status st = status_ok(&sent) ? await_replies(batch) : sent;
    span_status(&span, &st);
    if (!batch->calls)
        return st;
    while (batch->calls)
        leave_batch(batch->calls);
    check_silence(batch->pipeline);
    return st;
}

/* Life. */

struct cache_pipeline *cache_pipeline_new(struct cache_link *link)
{
    struct cache_pipeline *pipeline = mem_new(struct cache_pipeline);

    pipeline->link = link;
    return pipeline;
}

void cache_pipeline_free(struct cache_pipeline *pipeline)
{
    cache_link_free(pipeline->link);
    BUG_ON(pipeline->pending);
    mem_free(pipeline);
}
