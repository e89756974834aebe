#include "listing_events.h"

#include "item_pb.h"
#include "listing_pb.h"
#include "patterns/outbox.h"
#include "souk/listing/v1/events.types.h"

struct status listing_tell_created(const struct catalog *catalog, struct db_tx *tx,
                                   const struct listing *listing)
{
    ListingCreated message;

    listing_created_init(&message);
    message.listing_id = listing->id;
    message.category_id = listing->category_id;
    message.source = source_to_pb(listing->source);
    message.shop_id = listing->shop_id;
    message.version = listing->version;
    return outbox_add_one(catalog->outbox, tx, &listing_created_event, &message.base);
}

struct status listing_tell_updated(const struct catalog *catalog, struct db_tx *tx,
                                   const struct listing *listing, const ItemDraft *draft)
{
    ListingUpdated message;

    listing_updated_init(&message);
    message.listing_id = listing->id;
    message.title = draft->title;
    message.version = listing->version;
    return outbox_add_one(catalog->outbox, tx, &listing_updated_event, &message.base);
}

struct status listing_tell_audit_pending(const struct catalog *catalog, struct db_tx *tx,
                                         const struct listing *listing)
{
    ListingAuditPending message;

    listing_audit_pending_init(&message);
    message.listing_id = listing->id;
    message.version = listing->version;
    return outbox_add_one(catalog->outbox, tx, &listing_audit_pending_event, &message.base);
}

struct status listing_tell_publish_ready(const struct catalog *catalog, struct db_tx *tx,
                                         const struct listing *listing)
{
    ListingPublishReady message;

    listing_publish_ready_init(&message);
    message.listing_id = listing->id;
    message.version = listing->version;
    return outbox_add_one(catalog->outbox, tx, &listing_publish_ready_event, &message.base);
}

struct status listing_tell_rejected(const struct catalog *catalog, struct db_tx *tx,
                                    const struct listing *listing, struct arena *arena)
{
    ListingRejected message;

    listing_rejected_init(&message);
    message.listing_id = listing->id;
    message.comment = arena_strdup(arena, listing->comment);
    message.version = listing->version;
    return outbox_add_one(catalog->outbox, tx, &listing_rejected_event, &message.base);
}

struct status listing_tell_published(const struct catalog *catalog, struct db_tx *tx,
                                     const struct item *item, struct arena *arena)
{
    ListingPublished message;

    listing_published_init(&message);
    message.item_id = item->id;
    message.listing_id = item->listing_id;
    message.version = item->version;
    TRY(item_to_pb(item, arena, &message.item));
    return outbox_add_one(catalog->outbox, tx, &listing_published_event, &message.base);
}

static struct status tell_updated(const struct catalog *catalog, struct db_tx *tx,
                                  const struct item *item, Item *content)
{
    ItemUpdated message;

    item_updated_init(&message);
    message.item_id = item->id;
    message.item = content;
    message.version = item->version;
    return outbox_add_one(catalog->outbox, tx, &item_updated_event, &message.base);
}

static struct status tell_offline(const struct catalog *catalog, struct db_tx *tx,
                                  const struct item *item, Item *content)
{
    ListingOffline message;

    listing_offline_init(&message);
    message.item_id = item->id;
    message.item = content;
    message.version = item->version;
    return outbox_add_one(catalog->outbox, tx, &listing_offline_event, &message.base);
}

struct status listing_tell_shelf(const struct catalog *catalog, struct db_tx *tx,
                                 const struct item *item, struct arena *arena)
{
    Item *content;

    TRY(item_to_pb(item, arena, &content));
    if (item->status == ITEM_ONLINE)
        return tell_updated(catalog, tx, item, content);
    return tell_offline(catalog, tx, item, content);
}
