#include "base/id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum {
    WORKER_SHIFT = 12,
    TIME_SHIFT = 22,
    NODE_BITS = 6,
    SEQUENCE_MAX = 4095,
    USER_COUNTER_SHIFT = 6,
    USER_COUNTER_MAX = 63,
    ORDER_SEQUENCE_MAX = 999,
};

struct id_maker id_maker_start(unsigned service, unsigned node, int64_t after_ms, int64_t fence_ms)
{
    BUG_ON(service > ID_SERVICE_MAX || node > ID_NODE_MAX);
    return (struct id_maker){
        .worker = service << NODE_BITS | node,
        .sequence = SEQUENCE_MAX, /* the mark's own millisecond is spent */
        .last_ms = after_ms > ID_EPOCH_UNIX_MS ? after_ms : ID_EPOCH_UNIX_MS,
        .fence_ms = fence_ms,
    };
}

static struct status fenced(void)
{
    return status_error(CODE_UNAVAILABLE, "ID_FENCE_REACHED",
                        "no ids until the node lease is renewed");
}

/* Moves to the next free (millisecond, sequence); nothing changes on failure. */
static struct status advance(struct id_maker *maker, int64_t now_ms, uint32_t sequence_max)
{
    int64_t ms = maker->last_ms;
    uint32_t sequence = maker->sequence + 1;

    if (now_ms > ms) {
        ms = now_ms;
        sequence = 0;
    } else if (sequence > sequence_max) {
        ms++;
        sequence = 0;
    }
    if (ms >= maker->fence_ms)
        return fenced();
    maker->last_ms = ms;
    maker->sequence = sequence;
    return STATUS_OK;
}

static int64_t compose(const struct id_maker *maker, uint32_t sequence)
{
    return (maker->last_ms - ID_EPOCH_UNIX_MS) << TIME_SHIFT |
           (int64_t)maker->worker << WORKER_SHIFT | sequence;
}

struct status id_next(struct id_maker *maker, int64_t now_ms, int64_t *ret)
{
    TRY(advance(maker, now_ms, SEQUENCE_MAX));
    *ret = compose(maker, maker->sequence);
    return STATUS_OK;
}

struct status id_next_for_user(struct id_maker *maker, int64_t now_ms, int64_t user_id,
                               int64_t *ret)
{
    TRY(advance(maker, now_ms, USER_COUNTER_MAX));
    *ret = compose(maker, maker->sequence << USER_COUNTER_SHIFT | id_shard_of_user(user_id));
    return STATUS_OK;
}

unsigned id_shard(int64_t id)
{
    return (unsigned)id % ID_SHARDS;
}

unsigned id_shard_of_user(int64_t user_id)
{
    return (unsigned)(XXH64(&user_id, sizeof user_id, 0) % ID_SHARDS);
}

int id_order(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

int64_t id_unix_ms(int64_t id)
{
    return (id >> TIME_SHIFT) + ID_EPOCH_UNIX_MS;
}

int64_t id_first_at_ms(int64_t unix_ms)
{
    if (unix_ms <= ID_EPOCH_UNIX_MS)
        return 1;
    if (unix_ms - ID_EPOCH_UNIX_MS > INT64_MAX >> TIME_SHIFT)
        return INT64_MAX;
    return (unix_ms - ID_EPOCH_UNIX_MS) << TIME_SHIFT;
}

void order_no_maker_start(struct order_no_maker *maker, unsigned machine, int64_t after_s,
                          int64_t fence_s)
{
    BUG_ON(machine > 999);
    maker->machine = machine;
    maker->fence_s = fence_s;
    for (size_t i = 0; i < ARRAY_LEN(maker->slots); i++)
        maker->slots[i] = (struct order_no_slot){.last_s = after_s, .sequence = ORDER_SEQUENCE_MAX};
}

struct status order_no_next(struct order_no_maker *maker, int64_t now_s, int64_t user_id, char *ret)
{
    const unsigned suffix = (unsigned)((uint64_t)user_id % 1000);
    const struct order_no_slot *slot = &maker->slots[suffix];
    struct order_no_slot next = {.last_s = slot->last_s, .sequence = slot->sequence + 1};

    if (now_s > slot->last_s)
        next = (struct order_no_slot){.last_s = now_s};
    else if (next.sequence > ORDER_SEQUENCE_MAX)
        next = (struct order_no_slot){.last_s = slot->last_s + 1};
    if (next.last_s >= maker->fence_s)
        return fenced();

    maker->slots[suffix] = next;
    char text[64];
    const int digits = snprintf(text, sizeof text, "%010" PRId64 "%03u%03u%03u", next.last_s,
                                maker->machine, suffix, next.sequence);
    BUG_ON(digits != ORDER_NO_DIGITS);
    memcpy(ret, text, ORDER_NO_DIGITS + 1);
    return STATUS_OK;
}
