#pragma once

/*
 * outbox: events are rows of the transaction that they tell of; the relay publishes them later. So
 * an event exists exactly when what it tells of was committed.
 *
 * Add the event after the aggregate's row is locked: that makes the order of one aggregate's events
 * the order of its changes. Table: outbox (libcommon/patterns/migrations).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/contract.h"

struct db_tx;
struct ids;
struct outbox;

enum {
    OUTBOX_EVENT_MAX = 512 * 1024, /* bytes; the largest order has 340 KB, a broker takes 1 MiB */
    OUTBOX_BATCH_MAX = 500,
    OUTBOX_BATCH_BYTES_MAX = 12 * 1024 * 1024, /* a statement must fit max_allowed_packet */
};

/* `source` is ce_source: "souk/inventory". All are kept. */
MUST_USE struct outbox *outbox_new(struct ids *ids, const char *source);
void outbox_free(struct outbox *outbox); /* NULL is fine */

struct outbox_event {
    const struct event_type *type;
    const ProtobufCMessage *message; /* of type->message */
};

/*
 * Adds the events in their order. The present trace goes along. FAILED_PRECONDITION EVENT_TOO_LARGE
 * beyond OUTBOX_EVENT_MAX bytes of one or OUTBOX_BATCH_BYTES_MAX of all: the aggregate, or
 * what is changed at once, has grown too large, and the same again would be no smaller. INTERNAL
 * beyond OUTBOX_BATCH_MAX events.
 */
MUST_USE SUSPENDS struct status outbox_add(struct outbox *outbox, struct db_tx *tx,
                                           const struct outbox_event *events, size_t count);
MUST_USE SUSPENDS struct status outbox_add_one(struct outbox *outbox, struct db_tx *tx,
                                               const struct event_type *type,
                                               const ProtobufCMessage *message);

const char *outbox_source(const struct outbox *outbox);

/* For the relay: `fn` is called when an event was added, before it is committed. */
void outbox_on_add(struct outbox *outbox, void (*fn)(void *arg), void *arg);
