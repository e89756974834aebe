#include "stock_consumer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "catalog.h"
#include "shelf.h"
#include "sku_stock_repo.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/events.types.h"

static int by_sku_and_version(const void *a, const void *b)
{
    const struct sku_stock *x = a, *y = b;

    if (x->sku_id != y->sku_id)
        return x->sku_id < y->sku_id ? -1 : 1;
    return (x->version > y->version) - (x->version < y->version);
}

static int by_listing(const void *a, const void *b)
{
    const struct sku_stock *x = a, *y = b;

    if (x->listing_id != y->listing_id)
        return x->listing_id < y->listing_id ? -1 : 1;
    return (x->sku_id > y->sku_id) - (x->sku_id < y->sku_id);
}

static struct sku_stock told_by(const struct event *event)
{
    const InventoryChanged *message = (const InventoryChanged *)event->message;

    return (struct sku_stock){
        .sku_id = message->sku_id,
        .sold_out = message->model != STOCK_MODEL_UNLIMITED && message->on_hand == 0,
        .version = message->version,
    };
}

/* The newest word on each SKU, by id. */
static size_t gather(const struct event *events, size_t count, struct sku_stock *ret)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        ret[i] = told_by(&events[i]);
    qsort(ret, count, sizeof *ret, by_sku_and_version);
    for (size_t i = 0; i < count; i++) {
        if (kept && ret[kept - 1].sku_id == ret[i].sku_id)
            kept--;
        ret[kept++] = ret[i];
    }
    return kept;
}

static const struct sku_stock *find(const struct sku_stock *told, size_t count,
                                    const struct sku_stock *known)
{
    for (size_t i = 0; i < count; i++)
        if (told[i].sku_id == known->sku_id)
            return &told[i];
    BUG("no event told of SKU %lld", (long long)known->sku_id);
}

/* Which of the known SKUs begin or end to be sold out, as they are then. Most events do neither. */
static size_t keep_changed(struct sku_stock *known, size_t count, const struct sku_stock *told,
                           size_t told_count)
{
    size_t changed = 0;

    for (size_t i = 0; i < count; i++) {
        const struct sku_stock *news = find(told, told_count, &known[i]);
        if (news->version <= known[i].version || news->sold_out == known[i].sold_out)
            continue;
        known[changed] = known[i];
        known[changed].version = news->version;
        known[changed++].sold_out = news->sold_out;
    }
    return changed;
}

struct status stock_consumer_take(void *catalog, struct db_tx *tx, const struct event *events,
                                  size_t count)
{
    struct arena *arena = events[0].arena;
    struct sku_stock *told = arena_array_of(arena, struct sku_stock, count);
    const size_t told_count = gather(events, count, told);
    int64_t *sku_ids = arena_array_of(arena, int64_t, told_count);
    struct sku_stock *known;
    size_t known_count;

    for (size_t i = 0; i < told_count; i++)
        sku_ids[i] = told[i].sku_id;
    TRY(sku_stock_repo_find_many(tx, sku_ids, told_count, arena, &known, &known_count));
    const size_t changed = keep_changed(known, known_count, told, told_count);
    qsort(known, changed, sizeof *known, by_listing); /* rows are locked in this order */
    for (size_t i = 0; i < changed; i++)
        TRY(shelf_take_stock(catalog, tx, &known[i], clock_unix_us(), arena));
    return STATUS_OK;
}

const struct event_route stock_routes[] = {{.type = &inventory_changed_event}};
const size_t stock_route_count = ARRAY_LEN(stock_routes);
