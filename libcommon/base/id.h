#pragma once

/*
 * id: numbers that are unique without asking anybody.
 *
 * A snowflake is a positive int64: 41 bits of milliseconds since 2024-01-01 UTC, 10 bits of worker
 * (4 service, 6 node: unique across services), 12 bits of sequence. Ids of one maker rise. Order
 * and pay-order ids split the sequence into 6 bits of counter and 6 bits of xxh64(user id), so an
 * id alone finds its shard; they come from a maker of their own.
 *
 * Time is an argument. When it stands still or steps back, or more ids are wanted than a
 * millisecond has, the maker borrows from the future, up to `fence_ms`: the moment until which its
 * node number is surely its own.
 *
 * Source: DESIGN 6; order numbers: 003 (seconds, machine, user suffix, sequence; 19 digits).
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

#define ID_EPOCH_UNIX_MS 1704067200000LL

enum {
    ID_SERVICE_MAX = 15,
    ID_NODE_MAX = 63,
    ID_SHARDS = 64,
    ORDER_NO_DIGITS = 19,
};

struct id_maker {
    uint32_t worker;
    uint32_t sequence;
    int64_t last_ms;  /* unix time of the last id */
    int64_t fence_ms; /* unix time that ids must stay below */
};

/*
 * Ids start after `after_ms`, the high-water mark of whoever had the node number before, and never
 * before ID_EPOCH_UNIX_MS.
 */
struct id_maker id_maker_start(unsigned service, unsigned node, int64_t after_ms, int64_t fence_ms);

/* UNAVAILABLE ID_FENCE_REACHED: the node lease was not renewed in time. */
MUST_USE struct status id_next(struct id_maker *maker, int64_t now_ms, int64_t *ret);
MUST_USE struct status id_next_for_user(struct id_maker *maker, int64_t now_ms, int64_t user_id,
                                        int64_t *ret);

/* 0..63; equal for all ids made for one user. */
unsigned id_shard(int64_t id);
unsigned id_shard_of_user(int64_t user_id);

/* For qsort and bsearch: ids rise. Also for structs that begin with their id. */
int id_order(const void *a, const void *b);

int64_t id_unix_ms(int64_t id);
/* No id of this millisecond or a later one is below it: 1 to INT64_MAX whatever `unix_ms`. */
int64_t id_first_at_ms(int64_t unix_ms);

/* Order numbers, the display value of an order: unique as long as the clock is not set back past
 * `last_s`. */
struct order_no_maker {
    uint32_t machine; /* 0..999 */
    int64_t fence_s;
    struct order_no_slot {
        int64_t last_s;
        uint32_t sequence;
    } slots[1000]; /* by user id modulo 1000 */
};

void order_no_maker_start(struct order_no_maker *maker, unsigned machine, int64_t after_s,
                          int64_t fence_s);

/* UNAVAILABLE ID_FENCE_REACHED. `ret` has ORDER_NO_DIGITS + 1 characters. */
MUST_USE struct status order_no_next(struct order_no_maker *maker, int64_t now_s, int64_t user_id,
                                     char *ret);
