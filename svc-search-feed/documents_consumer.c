#include "documents_consumer.h"

#include "document_repo.h"
#include "io/pb.h"
#include "item_pb.h"
#include "sku_repo.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/events.types.h"
#include "souk/listing/v1/events.types.h"
#include "souk/pricing/v1/events.types.h"

static struct status save_item(struct db_tx *tx, const struct document_item *item)
{
    int64_t known_version;
    bool found;

    TRY(document_repo_lock(tx, item->item->item_id, &known_version, &found));
    if (!found)
        return document_repo_insert(tx, item);
    return item->version > known_version ? document_repo_save(tx, item) : STATUS_OK;
}

static struct status take_item(struct db_tx *tx, const Item *message, int64_t version,
                               struct arena *arena)
{
    if (!message)
        return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "the event has no item");

    const struct item item = item_from_pb(message, arena);
    const struct pb_bytes packed = pb_pack(&message->base, arena);
    const struct document_item row = {
        .item = &item,
        .packed = packed.at,
        .packed_size = packed.size,
        .version = version,
    };
    TRY(sku_repo_assign(tx, item.item_id, item.sku_ids, item.sku_count, arena));
    const struct status st = save_item(tx, &row);
    if (status_is(&st, "DUPLICATE_KEY"))
        return status_error(CODE_ABORTED, "CONTENTION", "item %lld was just made known",
                            (long long)item.item_id);
    return st;
}

static struct status on_published(void *arg, struct db_tx *tx, const struct event *event)
{
    const ListingPublished *message = (const ListingPublished *)event->message;
    (void)arg;

    return take_item(tx, message->item, message->version, event->arena);
}

static struct status on_offline(void *arg, struct db_tx *tx, const struct event *event)
{
    const ListingOffline *message = (const ListingOffline *)event->message;
    (void)arg;

    return take_item(tx, message->item, message->version, event->arena);
}

static struct status on_updated(void *arg, struct db_tx *tx, const struct event *event)
{
    const ItemUpdated *message = (const ItemUpdated *)event->message;
    (void)arg;

    return take_item(tx, message->item, message->version, event->arena);
}

/* A SKU without an item has no document yet; the item will find its row. */
static struct status touch_item(struct db_tx *tx, const struct sku *sku)
{
    return sku->item_id ? document_repo_touch(tx, sku->item_id) : STATUS_OK;
}

static struct status on_price(void *arg, struct db_tx *tx, const struct event *event)
{
    const PriceChanged *message = (const PriceChanged *)event->message;
    const struct pb_bytes packed = pb_pack(&message->base, event->arena);
    struct sku sku;
    (void)arg;

    TRY(sku_repo_lock(tx, message->sku_id, &sku));
    if (!sku_take_prices(&sku, packed.at, packed.size, message->version))
        return STATUS_OK;
    TRY(sku_repo_save_prices(tx, &sku));
    return touch_item(tx, &sku);
}

/* Documents say whether there is any, not how much: most changes of stock do not touch them. */
static struct status on_stock(void *arg, struct db_tx *tx, const struct event *event)
{
    const InventoryChanged *message = (const InventoryChanged *)event->message;
    const bool is_unlimited = message->model == STOCK_MODEL_UNLIMITED;
    struct sku sku;
    (void)arg;

    TRY(sku_repo_lock(tx, message->sku_id, &sku));
    const bool was_in_stock = sku_is_in_stock(&sku);
    if (!sku_take_stock(&sku, is_unlimited, message->free, message->version))
        return STATUS_OK;
    TRY(sku_repo_save_stock(tx, &sku));
    return sku_is_in_stock(&sku) == was_in_stock ? STATUS_OK : touch_item(tx, &sku);
}

const struct event_route documents_routes[] = {
    {&listing_published_event, on_published}, {&listing_offline_event, on_offline},
    {&item_updated_event, on_updated},        {&price_changed_event, on_price},
    {&inventory_changed_event, on_stock},
};
const size_t documents_route_count = ARRAY_LEN(documents_routes);
