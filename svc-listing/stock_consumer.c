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

/* The order in which listings are locked. */
static int by_listing(const void *a, const void *b)
{
    const struct sku_stock *x = a, *y = b;

    if (x->listing_id != y->listing_id)
        return x->listing_id < y->listing_id ? -1 : 1;
    return (x->sku_id > y->sku_id) - (x->sku_id < y->sku_id);
}

static struct sku_stock told_by(const struct consumer_event *event)
{
    const InventoryChanged *message = (const InventoryChanged *)event->message;

    return (struct sku_stock){
        .sku_id = message->sku_id,
        .sold_out = message->model != STOCK_MODEL_UNLIMITED && message->on_hand == 0,
        .version = message->version,
    };
}

/* The newest word on each SKU, by id. */
static size_t gather(const struct consumer_event *events, size_t count, struct sku_stock *ret)
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

/* SKUs of which something newer was told, as they are now. */
struct news {
    struct sku_stock *changed; /* begin or end to be sold out, which few events say */
    size_t changed_count;
    struct sku_stock *same; /* their version alone: an event that was parked may come after it */
    size_t same_count;
};

static struct news sort_out(const struct sku_stock *known, size_t count,
                            const struct sku_stock *told, size_t told_count, struct arena *arena)
{
    struct news news = {.changed = arena_array_of(arena, struct sku_stock, count),
                        .same = arena_array_of(arena, struct sku_stock, count)};

    for (size_t i = 0; i < count; i++) {
        const struct sku_stock *newest = find(told, told_count, &known[i]);
        struct sku_stock now = known[i];
        if (newest->version <= now.version)
            continue;
        now.version = newest->version;
        now.sold_out = newest->sold_out;
        if (now.sold_out != known[i].sold_out)
            news.changed[news.changed_count++] = now;
        else
            news.same[news.same_count++] = now;
    }
    qsort(news.changed, news.changed_count, sizeof *news.changed, by_listing);
    return news;
}

static struct status take(const struct catalog *catalog, struct db_tx *tx,
                          const struct sku_stock *told, size_t count, struct arena *arena)
{
    int64_t *sku_ids = arena_array_of(arena, int64_t, count);
    struct sku_stock *known;
    size_t known_count;

    for (size_t i = 0; i < count; i++)
        sku_ids[i] = told[i].sku_id;
    TRY(sku_stock_repo_lock(tx, sku_ids, count, arena, &known, &known_count));
    const struct news news = sort_out(known, known_count, told, count, arena);
    TRY(sku_stock_repo_save(tx, news.same, news.same_count, arena));
    for (size_t i = 0; i < news.changed_count; i++)
        TRY(shelf_take_stock(catalog, tx, &news.changed[i], clock_unix_us(), arena));
    return STATUS_OK;
}

struct status stock_consumer_take(void *catalog, struct db_tx *tx,
                                  const struct consumer_event *events, size_t count)
{
    struct arena *arena = events[0].arena;
    struct sku_stock *told = arena_array_of(arena, struct sku_stock, count);

    const size_t newest = gather(events, count, told);
    return take(catalog, tx, told, newest, arena);
}

const struct event_route stock_routes[] = {{.type = &inventory_changed_event}};
const size_t stock_route_count = ARRAY_LEN(stock_routes);
