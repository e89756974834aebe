#pragma once

/*
 * relay_publish: rows of the outbox become messages. What Kafka will never take (too large, no such
 * topic) is parked in outbox_parked and tried again after growing pauses; what comes behind it for
 * the same aggregate, or topic, is parked behind it. So one bad row stops neither the relay nor
 * puts its aggregate's events out of order. Private to relay.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "patterns/relay_queues.h"
#include "patterns/relay_read.h"

struct db;
struct lease;
struct metric;
struct mq_producer;

struct relay_publisher {
    struct db *db;
    struct mq_producer *producer;
    struct lease *lease;
    const char *source;
    struct relay_queues queues;
    struct metric *published;
    struct metric *parked;
};

/* What was parked under an earlier lease. */
MUST_USE SUSPENDS struct status relay_publisher_load(struct relay_publisher *publisher,
                                                     struct arena *arena);
/* OK: each is acknowledged or parked. */
MUST_USE SUSPENDS struct status relay_publish(struct relay_publisher *publisher,
                                              const struct relay_rows *rows, struct arena *arena);
/* Tries parked events whose time has come. */
MUST_USE SUSPENDS struct status relay_publish_parked(struct relay_publisher *publisher,
                                                     struct arena *arena);
