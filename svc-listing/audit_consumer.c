#include "audit_consumer.h"

#include "audit.h"
#include "base/clock.h"
#include "listing_flow.h"
#include "listing_repo.h"
#include "souk/listing/v1/events.types.h"
#include "violations.h"

static struct status audit(const struct catalog *catalog, struct db_tx *tx, struct listing *listing,
                           struct arena *arena)
{
    struct flow_cause cause = {.by = CATALOG_CALLER, .now_us = clock_unix_us(), .comment = ""};
    struct violations *violations = violations_new(arena);

    TRY(audit_look_at(tx, listing, cause.now_us, violations, &cause.rules));
    if (violations->total) {
        cause.comment = violations_text(violations, LISTING_COMMENT_MAX);
        return flow_reject(catalog, tx, listing, &cause, arena);
    }
    if (listing->strategy == AUDIT_MANUAL)
        return STATUS_OK;
    return flow_approve(catalog, tx, listing, &cause);
}

struct status audit_consumer_on_pending(void *catalog, struct db_tx *tx,
                                        const struct consumer_event *event)
{
    const ListingAuditPending *message = (const ListingAuditPending *)event->message;
    struct listing listing;
    bool found;

    TRY(listing_repo_lock(tx, message->listing_id, event->arena, &listing, &found));
    if (!found || listing.status != LISTING_PENDING || listing.version != message->version)
        return STATUS_OK; /* somebody was faster, or it was handed in again */
    return audit(catalog, tx, &listing, event->arena);
}
