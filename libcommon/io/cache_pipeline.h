#pragma once

/*
 * cache_pipeline: commands on their way to Redis and the replies to them. Internal to cache.
 *
 * A batch is what one task sends in a row, and the replies it then waits for together:
 *
 *     struct cache_batch batch = {.pipeline = cache->pipeline};
 *     struct status st = cache_batch_send(&batch, &want, command);
 *     ...
 *     return cache_batch_end(&batch, st);
 *
 * A reply belongs to its command by its place in line, so a command that nobody waits for any more
 * keeps its place (and its share of the bounds) until the reply came, which is then dropped.
 */

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct cache_call;
struct cache_link;
struct cache_pipeline;
struct cache_value;
struct task;

/* What to do with a reply that is no error. Called only while the task still waits. */
struct cache_want {
    struct status (*take)(const struct cache_want *want, const redisReply *reply);
    struct arena *arena; /* the rest is for `take` */
    struct cache_value *values;
    int64_t *numbers;
    size_t count;
};

/* The words of a command; texts are given, not copied. */
struct cache_command {
    const char **words;
    size_t *sizes;
    size_t count;
};

struct cache_batch {
    struct cache_pipeline *pipeline;
    struct task *task;
    const char *name;         /* of the first command */
    struct cache_call *calls; /* sent, and not answered yet */
    struct status failure;    /* the first of the replies' */
};

/* Takes the link. */
MUST_USE struct cache_pipeline *cache_pipeline_new(struct cache_link *link);
void cache_pipeline_free(struct cache_pipeline *pipeline);

/* Sends, or says at once why not. Never suspends. */
MUST_USE struct status cache_batch_send(struct cache_batch *batch, const struct cache_want *want,
                                        struct cache_command command);
/*
 * After every batch, with what the last send said: waits for the replies to what was sent, however
 * that ended, unless there were failures; the outcome is the first failure.
 */
MUST_USE SUSPENDS struct status cache_batch_end(struct cache_batch *batch, struct status sent);
