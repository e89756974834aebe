#include "base/concurrency_limit.h"

enum {
    WHOLE = 1000,
    AIM = WHOLE / 4,
    CALLS_LEAST = 16,
    WHILE_US = 200 * 1000,
};

void concurrency_limit_init(struct concurrency_limit *limit, unsigned floor, unsigned ceiling)
{
    *limit = (struct concurrency_limit){
        .limit = ceiling,
        .floor = floor < ceiling ? floor : ceiling,
        .ceiling = ceiling,
    };
}

void concurrency_limit_used(struct concurrency_limit *limit, unsigned used, bool full)
{
    if (used > limit->used_most)
        limit->used_most = used;
    limit->was_full |= full;
}

static unsigned lowered(const struct concurrency_limit *limit, uint64_t share)
{
    const unsigned from = limit->used_most < limit->limit ? limit->used_most : limit->limit;
    const unsigned to = (unsigned)(from * (uint64_t)AIM / share);
    const unsigned half = limit->limit / 2;

    return to > half ? to : half;
}

static unsigned raised(const struct concurrency_limit *limit, uint64_t share)
{
    const uint64_t to = limit->limit * (uint64_t)AIM / (share + 1);
    const unsigned tenth = limit->limit / 10;
    const unsigned most = limit->limit + (tenth ? tenth : 1);

    return to > most ? most : to > limit->limit ? (unsigned)to : limit->limit + 1;
}

static unsigned within(const struct concurrency_limit *limit, unsigned wanted)
{
    return wanted < limit->floor ? limit->floor : wanted > limit->ceiling ? limit->ceiling : wanted;
}

static void correct(struct concurrency_limit *limit)
{
    const uint64_t share = limit->shares / limit->calls;

    if (share > AIM && limit->used_most > limit->floor)
        limit->limit = within(limit, lowered(limit, share));
    else if (share < AIM && limit->was_full)
        limit->limit = within(limit, raised(limit, share));
}

void concurrency_limit_ended(struct concurrency_limit *limit, unsigned used, int64_t took_us,
                             int64_t allowed_us, int64_t now_us)
{
    concurrency_limit_used(limit, used, false);
    limit->shares += (uint64_t)(took_us < allowed_us ? took_us * WHOLE / allowed_us : WHOLE);
    limit->calls++;
    if (limit->calls < CALLS_LEAST || now_us - limit->since_us < WHILE_US)
        return;
    correct(limit);
    limit->since_us = now_us;
    limit->calls = 0;
    limit->shares = 0;
    limit->used_most = 0;
    limit->was_full = false;
}
