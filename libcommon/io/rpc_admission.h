#pragma once

/*
 * rpc_admission: which calls of a service are worked on, which wait, which are refused. Pure: the
 * time is an argument, starting and refusing are the server's.
 *
 * Calls of a certain weight are worked on at a time; so many more wait in line. First come, first
 * served: every call brings its deadline and its cancellation, so the line holds nobody who has
 * given up, and how long a place in it lasts can be told from the calls before. (Last come, first
 * served would suit a server that does not know who still waits; it lets those who have waited
 * longest wait in vain.) A call whose deadline would be over before its turn and what it needs then
 * is refused at once; so is one whose turn comes too late after all: what nobody waits for any more
 * would only hold up the others.
 *
 * What a call needs is told from the calls before, of all methods, by the share of their allowance
 * that they took: short calls are not measured by long ones. Only calls that did their work count.
 *
 * The limit may be changed at any time; what is above it is not cut, but nothing more begins.
 *
 * Invariant: a line only while the first in it does not fit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

enum { RPC_RETRY_AFTER_LEAST_MS = 100 };

/* A call at the gate; in the owner's storage until it left. */
struct rpc_ticket {
    struct rpc_ticket *next;
    unsigned weight;
    int64_t allowed_us; /* by its contract, above 0 */
    int64_t deadline_us;
    int64_t entered_us;
    int64_t begun_us;
    bool waiting;
    bool worked; /* it came to its handler */
};

struct rpc_admission {
    unsigned limit; /* weight at a time */
    unsigned used;
    size_t waiting_max;
    size_t waiting;
    unsigned weight_waiting;
    int64_t average_us;    /* that a call takes; 0: none has ended yet */
    int64_t average_share; /* of its allowance, in millionths */
    struct rpc_ticket *first;
    struct rpc_ticket *last;
};

enum rpc_verdict { RPC_BEGINS, RPC_WAITS, RPC_REFUSED };

void rpc_admission_init(struct rpc_admission *admission, unsigned limit, size_t waiting_max);

/* `ticket` has its weight (more than the limit counts as the limit), allowance and deadline. */
MUST_USE enum rpc_verdict rpc_admission_enter(struct rpc_admission *admission,
                                              struct rpc_ticket *ticket, int64_t now_us);

/* One that was begun has ended. */
void rpc_admission_leave(struct rpc_admission *admission, const struct rpc_ticket *ticket,
                         int64_t now_us);

/* The first in line, where it fits: it is begun. NULL where nobody's turn has come. */
MUST_USE struct rpc_ticket *rpc_admission_next(struct rpc_admission *admission, int64_t now_us);

/*
 * The first in line, out of it, where its turn has come and too little is left of its time for what
 * it needs. NULL otherwise.
 */
MUST_USE struct rpc_ticket *rpc_admission_doomed(struct rpc_admission *admission, int64_t now_us);

/* It does not wait any longer. */
void rpc_admission_abandon(struct rpc_admission *admission, struct rpc_ticket *ticket);

/* One whose deadline is over, out of the line; NULL when there is none. */
MUST_USE struct rpc_ticket *rpc_admission_late(struct rpc_admission *admission, int64_t now_us);

/* The soonest deadline in line, INT64_MAX where nobody waits. */
MUST_USE int64_t rpc_admission_soonest_us(const struct rpc_admission *admission);

/* When somebody who is refused may come back. */
MUST_USE int64_t rpc_admission_retry_after_ms(const struct rpc_admission *admission);
