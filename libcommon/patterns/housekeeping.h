#pragma once

/*
 * housekeeping: forgets what nobody asks for any more. One process of a context does it, by lease;
 * two at once would do no harm.
 *
 *     request   answered ones after HOUSEKEEPING_REQUEST_H; those of a saga under way stay
 *     inbox     after HOUSEKEEPING_INBOX_H: longer than Kafka keeps what it could bring again
 *     saga      ended ones after HOUSEKEEPING_SAGA_H, for whoever asks how an order went
 *     outbox    published ones after HOUSEKEEPING_OUTBOX_H, for whoever looks into what was told
 */

#include "base/attributes.h"

struct db;
struct housekeeping;

enum {
    HOUSEKEEPING_REQUEST_H = 48,
    HOUSEKEEPING_INBOX_H = 8 * 24, /* topics keep seven days */
    HOUSEKEEPING_SAGA_H = 30 * 24,
    HOUSEKEEPING_OUTBOX_H = 3 * 24,
};

/* `owner` tells this process from all others; kept. */
MUST_USE struct housekeeping *housekeeping_start(struct db *db, const char *owner);
SUSPENDS void housekeeping_stop(struct housekeeping *housekeeping); /* NULL is fine */
