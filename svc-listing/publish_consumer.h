#pragma once

/*
 * publish_consumer: begins the publish of approved listings, one for each approval. The listing
 * remembers its saga, so an approval that is told twice has one.
 */

#include "base/attributes.h"
#include "base/status.h"
#include "patterns/consumer.h"

#define PUBLISH_CONSUMER "listing.publish"

/* Of listing.publish.ready; `catalog` is the struct catalog. */
MUST_USE SUSPENDS struct status publish_consumer_on_ready(void *catalog, struct db_tx *tx,
                                                          const struct consumer_event *event);
/* For consumer_config.after_commit. */
void publish_consumer_after_commit(void *catalog);
