#include "hydrate.h"

#include "base/clock.h"
#include "io/rpc_client.h"
#include "price_pb.h"
#include "run/task.h"
#include "run/task_group.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/pricing/v1/pricing.client.h"

/* What is known now of one SKU of the page. */
struct fresh {
    bool has_price_answer;
    bool is_priced;
    struct money price;
    bool has_stock_answer;
    bool in_stock;
};

/* The SKUs of all hits in a row. */
struct page {
    int64_t *sku_ids;
    struct fresh *fresh;
    size_t count;
};

/* One call, in a task of its own. */
struct ask {
    const struct search *search;
    int64_t until_us;
    struct arena *arena;
    int64_t *sku_ids;
    struct fresh *fresh;
    size_t count;
};

/* Answers come in the order of the questions, without the missing ones. */
static void take_prices(const struct ask *ask, const BatchGetPricesResponse *answer)
{
    size_t next = 0;

    for (size_t i = 0; i < ask->count; i++) {
        struct fresh *fresh = &ask->fresh[i];
        fresh->has_price_answer = true;
        if (next < answer->n_prices && answer->prices[next]->sku_id == ask->sku_ids[i])
            fresh->is_priced = money_from_pb(answer->prices[next++]->amount, &fresh->price);
    }
}

static void ask_prices(void *arg)
{
    const struct ask *ask = arg;
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(ask->until_us);
    struct rpc_call call = {.arena = ask->arena};
    BatchGetPricesRequest in;
    BatchGetPricesResponse *answer;

    batch_get_prices_request_init(&in);
    in.sku_ids = ask->sku_ids;
    in.n_sku_ids = ask->count;
    const struct status st =
        pricing_client_batch_get_prices(ask->search->pricing, &call, &in, &answer);
    if (status_ok(&st))
        take_prices(ask, answer);
}

static void take_stock(const struct ask *ask, const BatchGetStockResponse *answer)
{
    size_t next = 0;

    for (size_t i = 0; i < ask->count; i++) {
        struct fresh *fresh = &ask->fresh[i];
        fresh->has_stock_answer = true;
        if (next < answer->n_stocks && answer->stocks[next]->sku_id == ask->sku_ids[i]) {
            const Stock *stock = answer->stocks[next++];
            fresh->in_stock = stock->model == STOCK_MODEL_UNLIMITED || stock->free > 0;
        }
    }
}

static void ask_stock(void *arg)
{
    const struct ask *ask = arg;
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(ask->until_us);
    struct rpc_call call = {.arena = ask->arena};
    BatchGetStockRequest in;
    BatchGetStockResponse *answer;

    batch_get_stock_request_init(&in);
    in.sku_ids = ask->sku_ids;
    in.n_sku_ids = ask->count;
    const struct status st =
        inventory_client_batch_get_stock(ask->search->inventory, &call, &in, &answer);
    if (status_ok(&st))
        take_stock(ask, answer);
}

/* Leaves a caller in a hurry some time to get the answer. */
static int64_t end_of_patience_us(const struct search *search)
{
    const int64_t callers_us = task_time_left_us() / 4 * 3;

    return clock_mono_us() +
           (callers_us < search->hydrate_timeout_us ? callers_us : search->hydrate_timeout_us);
}

/* Who cannot be asked, or does not answer in time, is done without. */
static void ask_all(const struct search *search, const struct page *page, struct arena *arena)
{
    const int64_t until_us = end_of_patience_us(search);
    struct task_group group;

    task_group_begin(&group);
    for (size_t at = 0, calls = 0; at < page->count && calls < HYDRATE_CALLS_MAX; calls++) {
        const size_t left = page->count - at;
        struct ask *ask = arena_new_of(arena, struct ask);
        *ask = (struct ask){
            .search = search,
            .until_us = until_us,
            .arena = arena,
            .sku_ids = page->sku_ids + at,
            .fresh = page->fresh + at,
            .count = left < HYDRATE_CALL_SKUS ? left : HYDRATE_CALL_SKUS,
        };
        at += ask->count;
        const bool complete =
            (!search->pricing || task_group_go(&group, "prices", ask_prices, ask)) &&
            (!search->inventory || task_group_go(&group, "stock", ask_stock, ask));
        if (!complete)
            break;
    }
    status_ignore(task_group_join(&group), "the next wait says the same");
}

static struct page page_of(const struct hit *hits, size_t count, struct arena *arena)
{
    struct page page = {0};
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += hits[i].sku_count;
    page.sku_ids = arena_array_of(arena, int64_t, total);
    page.fresh = arena_array_of(arena, struct fresh, total);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < hits[i].sku_count; j++)
            page.sku_ids[page.count++] = hits[i].sku_ids[j];
    return page;
}

/* False when something is not known now: then the index has the word, for price and stock each. */
static bool refresh_price(struct hit *hit, const struct fresh *fresh, struct arena *arena)
{
    struct money *prices = arena_array_of(arena, struct money, hit->sku_count);
    size_t priced = 0;

    for (size_t i = 0; i < hit->sku_count; i++) {
        if (!fresh[i].has_price_answer)
            return false;
        if (fresh[i].is_priced)
            prices[priced++] = fresh[i].price;
    }
    hit->is_priced = price_lowest(prices, priced, &hit->price_from);
    return true;
}

static bool refresh_stock(struct hit *hit, const struct fresh *fresh)
{
    bool in_stock = false;

    for (size_t i = 0; i < hit->sku_count; i++) {
        if (!fresh[i].has_stock_answer)
            return false;
        in_stock |= fresh[i].in_stock;
    }
    hit->in_stock = in_stock && !hit->is_withheld;
    return true;
}

bool hydrate(const struct search *search, struct hit *hits, size_t count, struct arena *arena)
{
    const struct page page = page_of(hits, count, arena);
    const struct fresh *fresh = page.fresh;
    bool is_whole = true;

    ask_all(search, &page, arena);
    for (size_t i = 0; i < count; i++) {
        is_whole &= refresh_price(&hits[i], fresh, arena);
        is_whole &= refresh_stock(&hits[i], fresh);
        fresh += hits[i].sku_count;
    }
    return is_whole;
}
