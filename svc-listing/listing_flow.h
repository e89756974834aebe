#pragma once

/*
 * listing_flow: a listing moves, in the caller's transaction: the row by compare-and-set, a row of
 * history, and what others are told. Used by the handlers, the audit and the publish.
 *
 * The listing was read and locked in that transaction.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "catalog.h"
#include "listing.h"

struct db_tx;

/* Who does it, when and why. */
struct flow_cause {
    const char *by; /* "operator/7" */
    int64_t now_us;
    const char *comment;
    const char *rules; /* of an audit: what the machine looked at; NULL: at nothing */
};

/* A new draft. */
MUST_USE SUSPENDS struct status flow_create(const struct catalog *catalog, struct db_tx *tx,
                                            const struct listing *listing,
                                            const struct flow_cause *cause);

/* Moves it and saves it as it is otherwise; the listing's own comment stays. */
MUST_USE SUSPENDS struct status flow_apply(struct db_tx *tx, struct listing *listing,
                                           enum listing_event event,
                                           const struct flow_cause *cause);

/* An audit's outcome: also a row of the audit log. The cause's comment becomes the listing's. */
MUST_USE SUSPENDS struct status flow_approve(const struct catalog *catalog, struct db_tx *tx,
                                             struct listing *listing,
                                             const struct flow_cause *cause);
MUST_USE SUSPENDS struct status flow_reject(const struct catalog *catalog, struct db_tx *tx,
                                            struct listing *listing, const struct flow_cause *cause,
                                            struct arena *arena);

/* Its publish was undone: back to its seller, with the reason. */
MUST_USE SUSPENDS struct status flow_fail(const struct catalog *catalog, struct db_tx *tx,
                                          struct listing *listing, const struct flow_cause *cause,
                                          struct arena *arena);
