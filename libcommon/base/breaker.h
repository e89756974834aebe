#pragma once

/*
 * breaker: spares a peer that mostly fails, and those who would wait for it. Pure: the time is an
 * argument.
 *
 * Closed: all may pass; when enough calls of the last seconds failed it opens. Open: nobody passes.
 * After a while one may try (half open): when it fails the breaker opens for twice as long, after
 * some successes it closes. Results of calls that were let through before the last change count
 * for nothing.
 *
 * Source: M. Nygard, Release It!, "Circuit Breaker".
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

/* What became of a call. What says nothing about the peer (it was cancelled) is UNKNOWN. */
enum breaker_outcome { BREAKER_GOOD, BREAKER_FAILED, BREAKER_UNKNOWN };

struct breaker {
    enum breaker_state state;
    unsigned turn; /* of states */
    /* Closed: two halves of the time that is looked back at. */
    int64_t half_began_us;
    unsigned calls[2];
    unsigned failed[2];
    /* Open and half open. */
    int64_t open_until_us;
    int64_t open_us; /* for how long the next time */
    unsigned good;
    bool probing;
};

void breaker_init(struct breaker *breaker, int64_t now_us);

/* May a call be made? Then tell its outcome, with `*ret_turn`, by breaker_leave. */
MUST_USE bool breaker_enter(struct breaker *breaker, int64_t now_us, unsigned *ret_turn);
void breaker_leave(struct breaker *breaker, unsigned turn, enum breaker_outcome outcome,
                   int64_t now_us);
