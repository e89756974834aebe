#include "shelf.h"

#include "item_repo.h"
#include "listing_events.h"
#include "listing_repo.h"

struct status shelf_move_item(struct db_tx *tx, struct item *item, enum item_status to,
                              const struct flow_cause *cause)
{
    const int64_t version_before = item->version;
    struct item_change change;

    TRY(item_move(item, to, &change));
    item->updated_us = cause->now_us;
    TRY(item_repo_save_status(tx, item, version_before));
    return item_repo_insert_change(tx, item, &change, cause->comment, cause->by);
}

static struct status gone(const char *what, int64_t id)
{
    return status_error(CODE_INTERNAL, "INTERNAL", "%s %lld is gone", what, (long long)id);
}

/* The listing first: the order in which everybody locks. */
static struct status lock_both(struct db_tx *tx, struct item *item, struct listing *ret_listing,
                               struct arena *arena)
{
    bool found;

    TRY(listing_repo_lock(tx, item->listing_id, arena, ret_listing, &found));
    if (!found)
        return gone("listing", item->listing_id);
    TRY(item_repo_lock(tx, item->id, arena, item, &found));
    return found ? STATUS_OK : gone("item", item->id);
}

struct status shelf_change(const struct catalog *catalog, struct db_tx *tx, struct item *item,
                           int64_t version, enum item_status to, const struct flow_cause *cause,
                           struct arena *arena)
{
    struct listing listing;

    TRY(lock_both(tx, item, &listing, arena));
    TRY(item_expect_version(item, version));
    if (item->status == ITEM_HIDDEN) /* only its publish brings it onto the shelf */
        return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION",
                            "item %lld is being published", (long long)item->id);
    TRY(shelf_move_item(tx, item, to, cause));
    TRY(flow_apply(tx, &listing, listing_event_of_item(to), cause));
    return listing_tell_shelf(catalog, tx, item, arena);
}
