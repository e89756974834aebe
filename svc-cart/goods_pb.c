#include "goods_pb.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "io/rpc_client.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/task.h"
#include "run/task_group.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/listing/v1/catalog.client.h"
#include "souk/pricing/v1/pricing.client.h"

/* So many of the largest items, 64 KiB each, fit an answer of svc-listing, 3 MiB. */
enum { SOURCES = 3, ITEMS_A_CALL = 40 };

/* One service being asked, in a task of its own. */
struct question {
    const struct source *source;
    const struct cart_app *app;
    const struct cart_line *lines;
    size_t count;
    int64_t until_us;
    struct arena *arena;
    struct goods *goods;
    struct status outcome;
};

static int64_t *sku_ids_of(const struct question *question)
{
    int64_t *ids = arena_array_of(question->arena, int64_t, question->count);

    for (size_t i = 0; i < question->count; i++)
        ids[i] = question->lines[i].sku_id;
    return ids;
}

/* Lines of one item name it once. */
static int64_t *item_ids_of(const struct question *question, size_t *ret_count)
{
    int64_t *ids = arena_array_of(question->arena, int64_t, question->count);
    size_t count = 0;

    for (size_t i = 0; i < question->count; i++) {
        size_t seen = 0;
        while (seen < count && ids[seen] != question->lines[i].item_id)
            seen++;
        if (seen == count)
            ids[count++] = question->lines[i].item_id;
    }
    *ret_count = count;
    return ids;
}

static const Item *find_item(Item *const *items, size_t count, int64_t item_id)
{
    for (size_t i = 0; i < count; i++)
        if (items[i]->item_id == item_id)
            return items[i];
    return NULL;
}

static const Sku *find_sku(const Item *item, int64_t sku_id)
{
    for (size_t i = 0; i < item->n_skus; i++)
        if (item->skus[i]->sku_id == sku_id)
            return item->skus[i];
    return NULL;
}

static enum goods_listed listed_as(ItemStatus status)
{
    switch (status) {
    case ITEM_STATUS_ONLINE: return GOODS_ONLINE;
    case ITEM_STATUS_OUT_OF_STOCK: return GOODS_SOLD_OUT;
    default: return GOODS_OFF_SALE;
    }
}

static void read_item(const Item *item, int64_t sku_id, struct goods *ret)
{
    ret->item_title = ret->sku_title = "";
    /* As a service we are shown what is not published; customers are not. */
    if (!item || item->status == ITEM_STATUS_HIDDEN) {
        ret->listed = GOODS_ITEM_UNKNOWN;
        return;
    }
    const Sku *sku = find_sku(item, sku_id);
    if (!sku) {
        ret->listed = GOODS_SKU_UNKNOWN;
        return;
    }
    ret->listed = listed_as(item->status);
    ret->item_title = item->title;
    ret->sku_title = sku->title;
    ret->shop_id = item->shop_id;
}

static struct status ask_items(const struct question *question, int64_t *ids, size_t count,
                               BatchGetItemsResponse **ret)
{
    struct rpc_call call = {.arena = question->arena};
    BatchGetItemsRequest request;

    batch_get_items_request_init(&request);
    request.item_ids = ids;
    request.n_item_ids = count;
    return catalog_client_batch_get_items(question->app->listing, &call, &request, ret);
}

static struct status ask_listing(struct question *question)
{
    size_t id_count, count = 0;
    int64_t *ids = item_ids_of(question, &id_count);
    Item **items = arena_array_of(question->arena, Item *, id_count);

    for (size_t at = 0; at < id_count; at += ITEMS_A_CALL) {
        const size_t left = id_count - at;
        BatchGetItemsResponse *answer;
        TRY(ask_items(question, ids + at, left < ITEMS_A_CALL ? left : ITEMS_A_CALL, &answer));
        for (size_t i = 0; i < answer->n_items && count < id_count; i++)
            items[count++] = answer->items[i];
    }
    for (size_t i = 0; i < question->count; i++)
        read_item(find_item(items, count, question->lines[i].item_id), question->lines[i].sku_id,
                  &question->goods[i]);
    return STATUS_OK;
}

static void read_price(const SkuPrice *price, struct goods *ret)
{
    if (!price->amount || strlen(price->amount->currency) >= sizeof ret->price.currency)
        return;
    snprintf(ret->price.currency, sizeof ret->price.currency, "%s", price->amount->currency);
    ret->price.minor = price->amount->minor;
}

static struct status ask_pricing(struct question *question)
{
    struct rpc_call call = {.arena = question->arena};
    BatchGetPricesRequest request;
    BatchGetPricesResponse *answer;

    batch_get_prices_request_init(&request);
    request.n_sku_ids = question->count;
    request.sku_ids = sku_ids_of(question);
    TRY(pricing_client_batch_get_prices(question->app->pricing, &call, &request, &answer));
    /* In the order asked for, with some left out: both lists are walked once. */
    for (size_t i = 0, p = 0; i < question->count && p < answer->n_prices; i++)
        if (answer->prices[p]->sku_id == question->lines[i].sku_id)
            read_price(answer->prices[p++], &question->goods[i]);
    return STATUS_OK;
}

static struct status ask_inventory(struct question *question)
{
    struct rpc_call call = {.arena = question->arena};
    BatchGetStockRequest request;
    BatchGetStockResponse *answer;

    batch_get_stock_request_init(&request);
    request.n_sku_ids = question->count;
    request.sku_ids = sku_ids_of(question);
    TRY(inventory_client_batch_get_stock(question->app->inventory, &call, &request, &answer));
    for (size_t i = 0, s = 0; i < question->count && s < answer->n_stocks; i++) {
        if (answer->stocks[s]->sku_id != question->lines[i].sku_id)
            continue;
        question->goods[i].unlimited = answer->stocks[s]->model == STOCK_MODEL_UNLIMITED;
        question->goods[i].free = answer->stocks[s++]->free;
    }
    return STATUS_OK;
}

static const struct source {
    enum goods_source bit;
    const char *name;
    struct status (*ask)(struct question *question);
} sources[SOURCES] = {
    {GOODS_LISTING, "listing", ask_listing},
    {GOODS_PRICING, "pricing", ask_pricing},
    {GOODS_INVENTORY, "inventory", ask_inventory},
};

const char *goods_source_name(enum goods_source source)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (sources[i].bit == source)
            return sources[i].name;
    BUG("no source %d", source);
}

static void run(void *arg)
{
    struct question *question = arg;
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(question->until_us);

    question->outcome = question->source->ask(question);
}

static void report(const struct question *question)
{
    const struct status *st = &question->outcome;

    if (status_ok(st))
        return;
    metric_add(metric_series(metric_family(METRIC_COUNTER, "souk_cart_unanswered_total", "peer",
                                           "Questions about goods that a peer did not answer"),
                             question->source->name),
               1);
    log_warn("goods are shown without what a peer knows", LOG_STR("peer", question->source->name),
             LOG_STATUS(*st));
}

static int64_t end_of_patience_us(const struct cart_app *app)
{
    const int64_t callers_us = task_time_left_us() / 4 * 3;

    return clock_mono_us() +
           (callers_us < app->enrich_timeout_us ? callers_us : app->enrich_timeout_us);
}

/* Each ends by itself in time; a caller who goes away earlier takes them along. */
static struct status ask_each(const struct question *like, unsigned whom,
                              struct question *questions)
{
    struct task_group group;

    task_group_begin(&group);
    for (size_t i = 0; i < SOURCES; i++) {
        questions[i] = *like;
        questions[i].source = &sources[i];
        if (whom & sources[i].bit && !task_group_go(&group, sources[i].name, run, &questions[i]))
            questions[i].outcome =
                status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no task to ask in");
    }
    return task_group_join(&group);
}

struct status goods_ask(const struct cart_app *app, unsigned whom, const struct cart_line *lines,
                        size_t count, struct arena *arena, struct goods **ret,
                        unsigned *ret_answered)
{
    const struct question question = {
        .app = app,
        .lines = lines,
        .count = count,
        .until_us = end_of_patience_us(app),
        .arena = arena,
        .goods = arena_array_of(arena, struct goods, count),
    };
    struct question questions[SOURCES];

    TRY(ask_each(&question, whom, questions));
    *ret = question.goods;
    *ret_answered = 0;
    for (size_t i = 0; i < SOURCES; i++) {
        if (!(whom & sources[i].bit))
            continue;
        report(&questions[i]);
        if (status_ok(&questions[i].outcome))
            *ret_answered |= sources[i].bit;
    }
    return STATUS_OK;
}
