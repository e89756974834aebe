#include "goods.h"

static bool is_known(struct money amount)
{
    return *amount.currency;
}

static void view_listed(struct line_view *view)
{
    const enum goods_listed listed = view->goods->listed;

    view->changed[LINE_SOLD_OUT] = listed == GOODS_SOLD_OUT;
    view->changed[LINE_NOT_ONLINE] = listed != GOODS_ONLINE && listed != GOODS_SOLD_OUT;
}

static void view_price(struct line_view *view)
{
    const struct money now = view->goods->price;
    const struct money then = view->line->price;

    if (!is_known(now))
        return;
    view->changed[LINE_PRICE_CHANGED] = is_known(then) && !money_equal(now, then);
    status_ignore(money_times(now, view->line->quantity, &view->total),
                  "a total that does not fit is not known");
}

static void view_stock(struct line_view *view)
{
    const int64_t free = view->goods->free;

    if (view->goods->unlimited)
        return;
    view->changed[LINE_SOLD_OUT] |= free <= 0;
    view->changed[LINE_LOW_STOCK] = !view->changed[LINE_SOLD_OUT] && free < view->line->quantity;
}

struct line_view line_view_make(const struct cart_line *line, const struct goods *goods,
                                unsigned answered)
{
    struct line_view view = {.line = line, .goods = goods};

    if (answered & GOODS_LISTING)
        view_listed(&view);
    if (answered & GOODS_PRICING)
        view_price(&view);
    if (answered & GOODS_INVENTORY)
        view_stock(&view);
    return view;
}

static bool counts(const struct line_view *view)
{
    return view->line->selected && is_known(view->total) && !view->changed[LINE_NOT_ONLINE] &&
           !view->changed[LINE_SOLD_OUT];
}

bool line_views_total(const struct line_view *views, size_t count, struct money *ret)
{
    struct money total = {0};

    for (size_t i = 0; i < count; i++) {
        if (!counts(&views[i]))
            continue;
        if (!is_known(total)) {
            total = views[i].total;
            continue;
        }
        const struct status st = money_add(total, views[i].total, &total);
        if (!status_ok(&st))
            return false;
    }
    if (!is_known(total))
        return false;
    *ret = total;
    return true;
}
