#pragma once

/*
 * shipment: documents on their way to the search engine, and what became of each.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "bulk.h"
#include "engine.h"
#include "index_batch.h"

/* results[i] is of entries[i] of the batch. */
struct shipment {
    const struct index_batch *batch;
    size_t count; /* of the batch's entries: the rest did not fit */
    struct bulk_result *results;
    bool *is_sent;
    struct str body;
};

/* A zeroed shipment is fine. */
void shipment_end(struct shipment *shipment);

/* Packs the beginning of a batch, which stays the caller's. */
void shipment_load(const struct index_batch *batch, struct arena *arena, struct shipment *ret);

/* To the index behind the alias. What could not be packed is refused. */
MUST_USE SUSPENDS struct status shipment_send(const struct engine *engine, const char *alias,
                                              struct shipment *shipment, struct arena *arena);
/*
 * What was sent before, to another index: indexed is what both have. Where this one is gone, which
 * it may be by now, documents are to be sent again.
 */
MUST_USE SUSPENDS struct status shipment_send_also(const struct engine *engine, const char *alias,
                                                   struct shipment *shipment, struct arena *arena);
