#pragma once

/*
 * cache_link: the connection to Redis: made, lost, made again. Internal to cache.
 */

#include <hiredis/async.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct cache_link;

MUST_USE struct status cache_link_new(struct loop *loop, const char *address,
                                      struct cache_link **ret);
/* Replies that are still awaited come as NULL, here and in cache_link_drop. */
void cache_link_free(struct cache_link *link);

MUST_USE bool cache_link_is_up(const struct cache_link *link);
/* `fn` is called once with the reply, or with NULL when the link goes down. */
void cache_link_send(struct cache_link *link, const char *command, size_t size, redisCallbackFn *fn,
                     void *arg);
/* Not by a callback. */
void cache_link_drop(struct cache_link *link, const char *why);
