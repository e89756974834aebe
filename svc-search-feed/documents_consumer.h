#pragma once

/*
 * documents_consumer: what svc-listing, svc-pricing and svc-inventory tell becomes rows of ours, in
 * whatever order it comes. An event that is no newer than what is known changes nothing.
 */

#include <stddef.h>

#include "patterns/consumer.h"

#define DOCUMENTS_CONSUMER "search.documents"

/* For struct consumer_config. */
extern const struct event_route documents_routes[];
extern const size_t documents_route_count;
MUST_USE SUSPENDS struct status documents_take(void *search, struct db_tx *tx,
                                               const struct consumer_event *events, size_t count);
