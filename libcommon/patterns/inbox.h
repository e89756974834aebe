#pragma once

/*
 * inbox: which events a consumer had before. The row is written in the transaction of what the
 * event causes, so both are there or neither is. Private to consumer. Table: inbox.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "patterns/consumer.h"

struct db_tx;

enum { INBOX_ID_MAX = 64 }; /* bytes of ce_source, of ce_id */

/* `*ret_new` is false when the consumer had the event before. */
MUST_USE SUSPENDS struct status inbox_claim(struct db_tx *tx, const char *consumer,
                                            const char *source, const char *id, bool *ret_new);

/*
 * The same for up to MQ_BATCH_MAX events of one source; of equal ones the first is new, so that the
 * order of what is new is the order of first occurrences. ALREADY_EXISTS DUPLICATE_KEY: somebody
 * claimed one of them meanwhile, and nothing of the transaction may stay.
 */
MUST_USE SUSPENDS struct status inbox_claim_many(struct db_tx *tx, const char *consumer,
                                                 const struct consumer_event *events, size_t count,
                                                 struct arena *arena, bool *ret_new);

/* Looks, and claims nothing. */
MUST_USE SUSPENDS struct status inbox_has(struct db_tx *tx, const char *consumer,
                                          const char *source, const char *id, bool *ret_known);
