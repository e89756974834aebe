#pragma once

/*
 * listing_events: what happened to listings and items, as rows of the outbox. Before an item is
 * published events are keyed by the listing, from then on by the item, with the item's version.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "catalog.h"
#include "item.h"
#include "listing.h"
#include "souk/listing/v1/listing.types.h"

struct db_tx;

/* listing.created */
MUST_USE SUSPENDS struct status listing_tell_created(const struct catalog *catalog,
                                                     struct db_tx *tx,
                                                     const struct listing *listing);
/* listing.updated */
MUST_USE SUSPENDS struct status listing_tell_updated(const struct catalog *catalog,
                                                     struct db_tx *tx,
                                                     const struct listing *listing,
                                                     const ItemDraft *draft);
/* Work: listing.audit.pending, listing.publish.ready. */
MUST_USE SUSPENDS struct status listing_tell_audit_pending(const struct catalog *catalog,
                                                           struct db_tx *tx,
                                                           const struct listing *listing);
MUST_USE SUSPENDS struct status listing_tell_publish_ready(const struct catalog *catalog,
                                                           struct db_tx *tx,
                                                           const struct listing *listing);
/* listing.rejected, with the listing's comment */
MUST_USE SUSPENDS struct status listing_tell_rejected(const struct catalog *catalog,
                                                      struct db_tx *tx,
                                                      const struct listing *listing,
                                                      struct arena *arena);

/* listing.published */
MUST_USE SUSPENDS struct status listing_tell_published(const struct catalog *catalog,
                                                       struct db_tx *tx, const struct item *item,
                                                       struct arena *arena);
/* item.updated when it is online again, else listing.offline. */
MUST_USE SUSPENDS struct status listing_tell_shelf(const struct catalog *catalog, struct db_tx *tx,
                                                   const struct item *item, struct arena *arena);
