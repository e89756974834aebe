#pragma once

/*
 * relay_parked_repo: the SQL of events that Kafka does not take. Private to relay. Table:
 * outbox_parked; the rows of a queue leave it in the order of their numbers.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "patterns/relay_read.h"

struct db;

/* At most `most` names, in the arena. */
MUST_USE SUSPENDS struct status relay_parked_names(struct db *db, size_t most, struct arena *arena,
                                                   const char **ret_names, size_t *ret_count);
/* `queues` has a name for each row. One that is parked already stays as it is. */
MUST_USE SUSPENDS struct status relay_parked_add(struct db *db, const struct relay_row *rows,
                                                 const char *const *queues, size_t count,
                                                 struct arena *arena);
/* The first row of the queue; `ret->seq` is 0 when there is none. */
MUST_USE SUSPENDS struct status relay_parked_first(struct db *db, const char *queue,
                                                   struct arena *arena, struct relay_row *ret);
/* The rows of an aggregate that stand in a queue, into another one. */
MUST_USE SUSPENDS struct status relay_parked_move(struct db *db, const char *queue,
                                                  int64_t aggregate_id, const char *to);
MUST_USE SUSPENDS struct status relay_parked_remove(struct db *db, uint64_t seq);
MUST_USE SUSPENDS struct status relay_parked_count(struct db *db, uint64_t *ret);
