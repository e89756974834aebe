#pragma once

/*
 * relay: publishes the outbox to Kafka. One process of a context does it, by lease; a second one
 * that still thinks it leads only repeats, so the first occurrences of each key stay in order.
 *
 * Each round reads forward, then looks whether rows of open gaps appeared (relay_gaps.h), sorts by
 * number, publishes, waits for the acknowledgements, stores the cursor. Nothing is missed and
 * nothing of one aggregate overtakes; a crash repeats what came after the cursor.
 *
 * An event that Kafka will never take (too large, no such topic) is parked, and what follows for its
 * aggregate behind it (relay_publish.h); the relay goes on.
 *
 * Events go out in CloudEvents' binary mode: ce_id, ce_type, ce_source, ce_time, ce_subject (the
 * key), ce_specversion, content-type, traceparent. Tables: outbox, outbox_cursor,
 * outbox_parked (libcommon/patterns/migrations).
 */

#include "base/attributes.h"
#include "base/status.h"

struct db;
struct loop;
struct mq_producer;
struct outbox;
struct relay;

struct relay_config {
    struct db *db;
    struct mq_producer *producer; /* the relay's alone */
    struct outbox *outbox;        /* of this process; its source names the events of all */
    const char *owner;            /* tells this process from all others; kept */
};

MUST_USE struct relay *relay_start(const struct relay_config *config);
/*
 * Interrupts the round under way, which the next holder repeats; gives the lease back. NULL is
 * fine.
 */
SUSPENDS void relay_stop(struct relay *relay);
