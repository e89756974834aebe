#pragma once

/*
 * consumer: reacts to events of Kafka, each once. The inbox row and what the handler writes are one
 * transaction, so an event that comes again (crash, rebalance, a relay that repeats) changes
 * nothing.
 *
 * Projections (with a batch_handler) keep what has the higher version; reactions use the inbox alone
 * and never drop by version.
 *
 * An event that cannot be handled is parked in the consumer's own schema and tried again
 * (parking.h), while the partition flows on; later events of a reaction's key wait behind it, in
 * their order. What never succeeds becomes a dead letter (dead_letter.h), and a reaction's key is
 * held until somebody redrives or discards it. Where parking is not possible either, the database
 * being away, the partition waits. Tables: inbox, parked_event (libcommon/patterns/migrations).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/contract.h"
#include "io/mq.h"

struct consumer;
struct db;
struct db_tx;
struct loop;

/* Valid while the handler runs. */
struct consumer_event {
    const struct event_type *type;
    const ProtobufCMessage *message; /* of type->message */
    const char *id;                  /* ce_id */
    const char *source;              /* ce_source */
    struct arena *arena;
};

/*
 * Writes through `tx` and returns OK, or changes nothing that outlives the transaction. No RPC,
 * publish or sleep in here: the transaction is open. Commit is the consumer's.
 */
typedef struct status (*event_handler)(void *arg, struct db_tx *tx,
                                       const struct consumer_event *event);

/*
 * The same for events that wait together in a partition, in their order; all are new. One
 * transaction for all: should it fail each gets its own, so that one that cannot be handled holds
 * up none before it. For projections that many events come to, which lock many rows: in the order
 * of their ids, not in that of the events.
 */
typedef struct status (*event_batch_handler)(void *arg, struct db_tx *tx,
                                             const struct consumer_event *events, size_t count);

struct event_route {
    const struct event_type *type;
    event_handler handler; /* NULL with a batch_handler */
};

enum { CONSUMER_ROUTES_MAX = 16 };

struct consumer_config {
    const char *name; /* "<context>.<consumer>": group and inbox key */
    struct db *db;
    const struct event_route *routes; /* other events on their topics are passed over */
    size_t route_count;
    void *arg;
    event_batch_handler batch_handler; /* NULL: each event goes to the handler of its route */
    /* Called after each commit, may be NULL: wakes what waits for the rows that were written. */
    void (*after_commit)(void *arg);
};

/* `config`, its routes and the strings of `mq` are kept. */
MUST_USE struct status consumer_start(struct loop *loop, const struct mq_config *mq,
                                      const struct consumer_config *config, struct consumer **ret);
SUSPENDS void consumer_stop(struct consumer *consumer); /* NULL is fine */
MUST_USE bool consumer_is_joined(const struct consumer *consumer);
