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

/* The item, its listing, and what others are told. Both are locked. */
static struct status move_both(const struct catalog *catalog, struct db_tx *tx, struct item *item,
                               struct listing *listing, enum item_status to,
                               const struct flow_cause *cause, struct arena *arena)
{
    TRY(shelf_move_item(tx, item, to, cause));
    TRY(flow_apply(tx, listing, listing_event_of_item(to), cause));
    return listing_tell_shelf(catalog, tx, item, arena);
}

static struct status follow_stock(const struct catalog *catalog, struct db_tx *tx,
                                  struct item *item, struct listing *listing, bool was_left,
                                  int64_t now_us, struct arena *arena)
{
    struct flow_cause cause = {.by = CATALOG_CALLER, .now_us = now_us};
    bool is_left;

    TRY(sku_stock_repo_is_left(tx, item->id, &is_left));
    const enum item_status to = item_after_stock(item->status, was_left, is_left);
    if (to == item->status)
        return STATUS_OK;
    cause.comment = is_left ? "in stock again" : "sold out";
    return move_both(catalog, tx, item, listing, to, &cause, arena);
}

struct status shelf_check_stock(const struct catalog *catalog, struct db_tx *tx, struct item *item,
                                struct listing *listing, int64_t now_us, struct arena *arena)
{
    return follow_stock(catalog, tx, item, listing, true, now_us, arena);
}

/* Under the locks of both, so that SKUs of an item change one after the other. */
struct status shelf_take_stock(const struct catalog *catalog, struct db_tx *tx,
                               const struct sku_stock *stock, int64_t now_us, struct arena *arena)
{
    struct item item = {.id = stock->item_id, .listing_id = stock->listing_id};
    struct listing listing;
    bool was_left;

    TRY(lock_both(tx, &item, &listing, arena));
    TRY(sku_stock_repo_is_left(tx, item.id, &was_left));
    TRY(sku_stock_repo_save(tx, stock, 1, arena));
    return follow_stock(catalog, tx, &item, &listing, was_left, now_us, arena);
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
    TRY(move_both(catalog, tx, item, &listing, to, cause, arena));
    return shelf_check_stock(catalog, tx, item, &listing, cause->now_us, arena);
}
