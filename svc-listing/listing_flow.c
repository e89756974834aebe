#include "listing_flow.h"

#include "listing_events.h"
#include "listing_repo.h"
#include "watch.h"
#include "watch_repo.h"

static struct listing_record record_of(struct listing_change change, const struct flow_cause *cause)
{
    return (struct listing_record){
        .change = change,
        .comment = cause->comment,
        .changed_by = cause->by,
        .changed_us = cause->now_us,
    };
}

struct status flow_create(const struct catalog *catalog, struct db_tx *tx,
                          const struct listing *listing, const struct flow_cause *cause)
{
    const struct listing_record record = record_of(listing_created(listing), cause);

    TRY(listing_repo_insert(tx, listing));
    TRY(listing_repo_insert_change(tx, listing->id, &record));
    return listing_tell_created(catalog, tx, listing);
}

/* The watchdog looks after it while it waits for an audit or a publish. */
static struct status keep_watch(struct db_tx *tx, const struct listing *listing,
                                const struct listing_change *change)
{
    if (watch_is_wanted(change->to))
        return watch_repo_begin(tx, listing->id);
    if (watch_is_wanted((enum listing_status)change->from))
        return watch_repo_end(tx, listing->id);
    return STATUS_OK;
}

static struct status move(struct db_tx *tx, struct listing *listing, enum listing_event event,
                          const struct flow_cause *cause, struct listing_record *ret)
{
    const int64_t version_before = listing->version;
    struct listing_change change;

    TRY(listing_apply(listing, event, &change));
    listing->updated_us = cause->now_us;
    *ret = record_of(change, cause);
    TRY(listing_repo_save(tx, listing, version_before));
    TRY(keep_watch(tx, listing, &change));
    return listing_repo_insert_change(tx, listing->id, ret);
}

struct status flow_apply(struct db_tx *tx, struct listing *listing, enum listing_event event,
                         const struct flow_cause *cause)
{
    struct listing_record record;
    return move(tx, listing, event, cause, &record);
}

struct status flow_approve(const struct catalog *catalog, struct db_tx *tx, struct listing *listing,
                           const struct flow_cause *cause)
{
    struct listing_record record;

    listing->comment = cause->comment;
    TRY(move(tx, listing, LISTING_APPROVE, cause, &record));
    TRY(listing_repo_insert_audit(tx, listing, &record, cause->rules));
    return listing_tell_publish_ready(catalog, tx, listing);
}

struct status flow_reject(const struct catalog *catalog, struct db_tx *tx, struct listing *listing,
                          const struct flow_cause *cause, struct arena *arena)
{
    struct listing_record record;

    listing->comment = cause->comment;
    TRY(move(tx, listing, LISTING_REJECT, cause, &record));
    TRY(listing_repo_insert_audit(tx, listing, &record, cause->rules));
    return listing_tell_rejected(catalog, tx, listing, arena);
}

struct status flow_fail(const struct catalog *catalog, struct db_tx *tx, struct listing *listing,
                        const struct flow_cause *cause, struct arena *arena)
{
    listing->comment = cause->comment;
    listing->publish_saga_id = 0;
    TRY(flow_apply(tx, listing, LISTING_FAIL, cause));
    return listing_tell_rejected(catalog, tx, listing, arena);
}
