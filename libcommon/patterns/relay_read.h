#pragma once

/*
 * relay_read: the SQL of the relay. Private to relay.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "patterns/relay_gaps.h"

struct db;
struct db_tx;

enum { RELAY_FORWARD_MAX = 200 };

struct relay_row {
    uint64_t seq;
    int64_t event_id;
    const char *type;
    const char *topic;
    int64_t aggregate_id;
    const char *traceparent;
    const void *payload;
    size_t payload_size;
    int64_t created_us;
};

struct db_rows;

/* Of a row with the columns seq, event_id, type, topic, aggregate_id, traceparent, payload and
 * created_at. */
void relay_read_row(const struct db_rows *from, struct arena *arena, struct relay_row *ret);

struct relay_rows {
    struct relay_row *list; /* in the arena */
    size_t count;
    size_t room;
    int64_t read_us; /* by the database's clock, as created_us */
};

MUST_USE SUSPENDS struct status relay_read_cursor(struct db *db, uint64_t *ret);
MUST_USE SUSPENDS struct status relay_write_cursor(struct db *db, uint64_t cursor);

/* At most RELAY_FORWARD_MAX rows behind gaps->high; what they jump over becomes gaps. */
MUST_USE SUSPENDS struct status relay_read_forward(struct db_tx *tx, struct relay_gaps *gaps,
                                                   struct arena *arena, struct relay_rows *rows);
/* The rows of open gaps that have appeared. */
MUST_USE SUSPENDS struct status relay_read_gaps(struct db_tx *tx, struct relay_gaps *gaps,
                                                struct arena *arena, struct relay_rows *rows);
