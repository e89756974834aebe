#include "documents_consumer.h"

#include <stdlib.h>

#include "base/id.h"
#include "change.h"
#include "document.h"
#include "document_repo.h"
#include "io/pb.h"
#include "item_pb.h"
#include "sku_repo.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/events.types.h"
#include "souk/listing/v1/events.types.h"
#include "souk/pricing/v1/events.types.h"

/* The newest change of each thing in a batch of events; index leads to its event. */
struct changes {
    struct change *list;
    int64_t *ids;
    size_t count;
};

typedef bool (*read_change)(const struct consumer_event *event, struct change *ret);

static struct changes gather(const struct consumer_event *events, size_t count, read_change read,
                             struct arena *arena)
{
    struct changes changes = {.list = arena_array_of(arena, struct change, count),
                              .ids = arena_array_of(arena, int64_t, count)};

    for (size_t i = 0; i < count; i++) {
        struct change *change = &changes.list[changes.count];
        if (!read(&events[i], change))
            continue;
        change->index = i;
        changes.count++;
    }
    changes.count = changes_newest(changes.list, changes.count);
    for (size_t i = 0; i < changes.count; i++)
        changes.ids[i] = changes.list[i].id;
    return changes;
}

/* Items. */

static bool is_of_item(const struct consumer_event *event)
{
    return event->type == &listing_published_event || event->type == &listing_offline_event ||
           event->type == &item_updated_event;
}

/* NULL when it has none, or is an event of something else. */
static const Item *item_in(const struct consumer_event *event, int64_t *ret_version)
{
    if (event->type == &listing_published_event) {
        const ListingPublished *message = (const ListingPublished *)event->message;
        *ret_version = message->version;
        return message->item;
    }
    if (event->type == &listing_offline_event) {
        const ListingOffline *message = (const ListingOffline *)event->message;
        *ret_version = message->version;
        return message->item;
    }
    if (event->type == &item_updated_event) {
        const ItemUpdated *message = (const ItemUpdated *)event->message;
        *ret_version = message->version;
        return message->item;
    }
    return NULL;
}

static bool read_item(const struct consumer_event *event, struct change *ret)
{
    const Item *message = item_in(event, &ret->version);

    if (message)
        ret->id = message->item_id;
    return message;
}

static struct document_item row_of(const struct consumer_event *event, struct arena *arena)
{
    struct item *item = arena_new_of(arena, struct item);
    int64_t version = 0;
    const Item *message = item_in(event, &version);
    const struct pb_bytes packed = pb_pack(&message->base, arena);

    *item = item_from_pb(message, arena);
    return (struct document_item){
        .item = item,
        .packed = packed.at,
        .packed_size = packed.size,
        .version = version,
    };
}

/* What SKUs the items have; should two claim one, either may have it. */
static struct status assign_skus(struct db_tx *tx, const struct document_item *items, size_t count,
                                 struct arena *arena)
{
    struct sku_owner *owners = arena_array_of(arena, struct sku_owner, count * DOCUMENT_SKUS_MAX);
    size_t owner_count = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < items[i].item->sku_count; j++)
            owners[owner_count++] = (struct sku_owner){.sku_id = items[i].item->sku_ids[j],
                                                       .item_id = items[i].item->item_id};
    qsort(owners, owner_count, sizeof *owners, id_order);
    return sku_repo_assign(tx, owners, owner_count, arena);
}

static struct status save_items(struct db_tx *tx, const struct document_item *items,
                                const int64_t *known_versions, size_t count, struct arena *arena)
{
    struct document_item *fresh = arena_array_of(arena, struct document_item, count);
    size_t fresh_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (known_versions[i] < 0)
            fresh[fresh_count++] = items[i];
        else if (items[i].version > known_versions[i])
            TRY(document_repo_save(tx, &items[i]));
    }
    return document_repo_insert(tx, fresh, fresh_count, arena);
}

static struct status take_items(struct db_tx *tx, const struct consumer_event *events, size_t count,
                                struct arena *arena)
{
    const struct changes changes = gather(events, count, read_item, arena);
    struct document_item *items = arena_array_of(arena, struct document_item, changes.count);
    int64_t *known_versions = arena_array_of(arena, int64_t, changes.count);

    if (!changes.count)
        return STATUS_OK;
    for (size_t i = 0; i < changes.count; i++)
        items[i] = row_of(&events[changes.list[i].index], arena);
    TRY(assign_skus(tx, items, changes.count, arena));
    TRY(document_repo_lock(tx, changes.ids, changes.count, arena, known_versions));
    return save_items(tx, items, known_versions, changes.count, arena);
}

/* Prices and stock. */

/* A SKU without an item has no document yet; the item will find its row. */
static struct status touch_items(struct db_tx *tx, const struct sku *skus, size_t count,
                                 struct arena *arena)
{
    int64_t *ids = arena_array_of(arena, int64_t, count);
    size_t found = 0, kept = 0;

    for (size_t i = 0; i < count; i++)
        if (skus[i].item_id)
            ids[found++] = skus[i].item_id;
    qsort(ids, found, sizeof *ids, id_order);
    for (size_t i = 0; i < found; i++)
        if (!kept || ids[i] != ids[kept - 1])
            ids[kept++] = ids[i];
    return kept ? document_repo_touch(tx, ids, kept, arena) : STATUS_OK;
}

static bool read_price(const struct consumer_event *event, struct change *ret)
{
    const PriceChanged *message = (const PriceChanged *)event->message;

    if (event->type != &price_changed_event)
        return false;
    ret->id = message->sku_id;
    ret->version = message->version;
    return true;
}

static struct status take_prices(struct db_tx *tx, const struct consumer_event *events,
                                 size_t count, struct arena *arena)
{
    const struct changes changes = gather(events, count, read_price, arena);
    struct sku *skus = arena_array_of(arena, struct sku, changes.count);
    size_t changed = 0;

    if (!changes.count)
        return STATUS_OK;
    TRY(sku_repo_lock(tx, changes.ids, changes.count, arena, skus));
    for (size_t i = 0; i < changes.count; i++) {
        const struct change *change = &changes.list[i];
        const struct pb_bytes packed = pb_pack(events[change->index].message, arena);
        if (sku_take_prices(&skus[i], packed.at, packed.size, change->version))
            skus[changed++] = skus[i];
    }
    TRY(sku_repo_save_prices(tx, skus, changed, arena));
    return touch_items(tx, skus, changed, arena);
}

static bool read_stock(const struct consumer_event *event, struct change *ret)
{
    const InventoryChanged *message = (const InventoryChanged *)event->message;

    if (event->type != &inventory_changed_event)
        return false;
    ret->id = message->sku_id;
    ret->version = message->version;
    return true;
}

/* Documents say whether there is any, not how much: most changes of stock do not touch them. */
static struct status take_stock(struct db_tx *tx, const struct consumer_event *events, size_t count,
                                struct arena *arena)
{
    const struct changes changes = gather(events, count, read_stock, arena);
    struct sku *skus = arena_array_of(arena, struct sku, changes.count);
    struct sku *begun_or_ended = arena_array_of(arena, struct sku, changes.count);
    size_t changed = 0, touching = 0;

    if (!changes.count)
        return STATUS_OK;
    TRY(sku_repo_lock(tx, changes.ids, changes.count, arena, skus));
    for (size_t i = 0; i < changes.count; i++) {
        const InventoryChanged *message =
            (const InventoryChanged *)events[changes.list[i].index].message;
        const bool was_in_stock = sku_is_in_stock(&skus[i]);
        if (!sku_take_stock(&skus[i], message->model == STOCK_MODEL_UNLIMITED, message->free,
                            message->version))
            continue;
        if (sku_is_in_stock(&skus[i]) != was_in_stock)
            begun_or_ended[touching++] = skus[i];
        skus[changed++] = skus[i];
    }
    TRY(sku_repo_save_stock(tx, skus, changed, arena));
    return touch_items(tx, begun_or_ended, touching, arena);
}

static struct status check(const struct consumer_event *events, size_t count)
{
    int64_t version;

    for (size_t i = 0; i < count; i++)
        if (is_of_item(&events[i]) && !item_in(&events[i], &version))
            return status_error(CODE_DATA_LOSS, "MALFORMED_MESSAGE", "%s without an item",
                                events[i].type->type);
    return STATUS_OK;
}

struct status documents_take(void *search, struct db_tx *tx, const struct consumer_event *events,
                             size_t count)
{
    struct arena *arena = events[0].arena;
    (void)search;

    TRY(check(events, count));
    TRY(take_items(tx, events, count, arena));
    TRY(take_prices(tx, events, count, arena));
    return take_stock(tx, events, count, arena);
}

const struct event_route documents_routes[] = {
    {.type = &listing_published_event}, {.type = &listing_offline_event},
    {.type = &item_updated_event},      {.type = &price_changed_event},
    {.type = &inventory_changed_event},
};
const size_t documents_route_count = ARRAY_LEN(documents_routes);
