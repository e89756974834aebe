#pragma once

/*
 * audit_consumer: audits listings that were handed in. What passes a manual audit stays PENDING for
 * a reviewer, who need not see what the machine can refuse.
 *
 * Source: 002 chapters 3.2, 9.1.2.
 */

#include "base/attributes.h"
#include "base/status.h"
#include "patterns/consumer.h"

#define AUDIT_CONSUMER "listing.audit"

/* Of listing.audit.pending; `catalog` is the struct catalog. */
MUST_USE SUSPENDS struct status audit_consumer_on_pending(void *catalog, struct db_tx *tx,
                                                          const struct consumer_event *event);
