#include "goods.h"

static bool is_known(struct money amount)
{
    return *amount.currency;
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
    view->changed[LINE_SOLD_OUT] = free <= 0;
    view->changed[LINE_LOW_STOCK] = free > 0 && free < view->line->quantity;
}

struct line_view line_view_make(const struct cart_line *line, const struct goods *goods,
                                unsigned answered)
{
    struct line_view view = {.line = line, .goods = goods};

    if (answered & GOODS_LISTING)
        view.changed[LINE_NOT_ONLINE] = goods->listed != GOODS_ONLINE;
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
