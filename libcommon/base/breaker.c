#include "base/breaker.h"

enum {
    HALF_US = 5 * 1000 * 1000, /* twice that is looked back at */
    CALLS_MIN = 20,
    FAILED_PERCENT = 50,
    OPEN_FIRST_US = 500 * 1000,
    OPEN_MOST_US = 8 * 1000 * 1000,
    GOOD_TO_CLOSE = 3,
};

static void close_it(struct breaker *breaker, int64_t now_us)
{
    const unsigned turn = breaker->turn + 1;

    *breaker = (struct breaker){.turn = turn, .half_began_us = now_us, .open_us = OPEN_FIRST_US};
}

static void open_it(struct breaker *breaker, int64_t now_us)
{
    const int64_t next_us = 2 * breaker->open_us;

    breaker->state = BREAKER_OPEN;
    breaker->turn++;
    breaker->open_until_us = now_us + breaker->open_us;
    breaker->open_us = next_us < OPEN_MOST_US ? next_us : OPEN_MOST_US;
}

static void half_open_it(struct breaker *breaker)
{
    breaker->state = BREAKER_HALF_OPEN;
    breaker->turn++;
    breaker->good = 0;
    breaker->probing = false;
}

void breaker_init(struct breaker *breaker, int64_t now_us)
{
    *breaker = (struct breaker){0};
    close_it(breaker, now_us);
}

bool breaker_enter(struct breaker *breaker, int64_t now_us, unsigned *ret_turn)
{
    if (breaker->state == BREAKER_OPEN && now_us >= breaker->open_until_us)
        half_open_it(breaker);
    if (breaker->state == BREAKER_OPEN || (breaker->state == BREAKER_HALF_OPEN && breaker->probing))
        return false;
    breaker->probing = breaker->state == BREAKER_HALF_OPEN;
    *ret_turn = breaker->turn;
    return true;
}

static void forget_old(struct breaker *breaker, int64_t now_us)
{
    const int64_t halves = (now_us - breaker->half_began_us) / HALF_US;

    if (!halves)
        return;
    breaker->calls[1] = halves == 1 ? breaker->calls[0] : 0;
    breaker->failed[1] = halves == 1 ? breaker->failed[0] : 0;
    breaker->calls[0] = breaker->failed[0] = 0;
    breaker->half_began_us += halves * HALF_US;
}

static void count(struct breaker *breaker, bool failed, int64_t now_us)
{
    forget_old(breaker, now_us);
    breaker->calls[0]++;
    breaker->failed[0] += failed;
    const unsigned calls = breaker->calls[0] + breaker->calls[1];
    const unsigned failures = breaker->failed[0] + breaker->failed[1];
    if (failed && calls >= CALLS_MIN && failures * 100 >= calls * FAILED_PERCENT)
        open_it(breaker, now_us);
}

static void judge_probe(struct breaker *breaker, enum breaker_outcome outcome, int64_t now_us)
{
    breaker->probing = false;
    if (outcome == BREAKER_FAILED)
        open_it(breaker, now_us);
    else if (outcome == BREAKER_GOOD && ++breaker->good == GOOD_TO_CLOSE)
        close_it(breaker, now_us);
}

void breaker_leave(struct breaker *breaker, unsigned turn, enum breaker_outcome outcome,
                   int64_t now_us)
{
    if (turn != breaker->turn)
        return;
    if (breaker->state == BREAKER_HALF_OPEN)
        judge_probe(breaker, outcome, now_us);
    else if (outcome != BREAKER_UNKNOWN)
        count(breaker, outcome == BREAKER_FAILED, now_us);
}
