#include "cart_pb.h"

#include "goods_pb.h"
#include "io/pb_time.h"
#include "souk/common/v1/types.types.h"

static CartLine *line_to_pb(const struct cart_line *line, struct arena *arena)
{
    CartLine *message = arena_new_of(arena, CartLine);

    cart_line_init(message);
    message->item_id = line->item_id;
    message->sku_id = line->sku_id;
    message->quantity = line->quantity;
    message->selected = line->selected;
    message->add_time = pb_timestamp(line->added_us, arena);
    return message;
}

Cart *cart_to_pb(const struct cart *cart, struct arena *arena)
{
    Cart *message = arena_new_of(arena, Cart);

    cart_init(message);
    message->user_id = cart->user_id;
    message->version = cart->version;
    message->lines = arena_array_of(arena, CartLine *, cart->count);
    for (size_t i = 0; i < cart->count; i++)
        if (cart->lines[i].mark != CART_LINE_REMOVED)
            message->lines[message->n_lines++] = line_to_pb(&cart->lines[i], arena);
    return message;
}

/* NULL for an amount that is not known. */
static Money *money_to_pb(struct money money, struct arena *arena)
{
    if (!*money.currency)
        return NULL;
    Money *message = arena_new_of(arena, Money);
    money_init(message);
    message->currency = arena_strdup(arena, money.currency);
    message->minor = money.minor;
    return message;
}

static CartChange *change_to_pb(const struct line_view *view, enum line_change_kind kind,
                                struct arena *arena)
{
    static const CartChangeKind kinds[] = {
        [LINE_PRICE_CHANGED] = CART_CHANGE_KIND_PRICE,
        [LINE_LOW_STOCK] = CART_CHANGE_KIND_LOW_STOCK,
        [LINE_SOLD_OUT] = CART_CHANGE_KIND_SOLD_OUT,
        [LINE_NOT_ONLINE] = CART_CHANGE_KIND_NOT_ONLINE,
    };
    CartChange *message = arena_new_of(arena, CartChange);

    cart_change_init(message);
    message->kind = kinds[kind];
    if (kind == LINE_PRICE_CHANGED) {
        message->old_price = money_to_pb(view->line->price, arena);
        message->new_price = money_to_pb(view->goods->price, arena);
    }
    if (kind == LINE_LOW_STOCK)
        message->free = view->goods->free;
    return message;
}

static EnrichedCartLine *view_to_pb(const struct line_view *view, unsigned answered,
                                    struct arena *arena)
{
    EnrichedCartLine *message = arena_new_of(arena, EnrichedCartLine);
    const struct goods *goods = view->goods;

    enriched_cart_line_init(message);
    message->line = line_to_pb(view->line, arena);
    if (answered & GOODS_LISTING) {
        message->item_title = arena_strdup(arena, goods->item_title);
        message->sku_title = arena_strdup(arena, goods->sku_title);
        message->shop_id = goods->shop_id;
    }
    message->price = money_to_pb(goods->price, arena);
    message->total = money_to_pb(view->total, arena);
    message->free = goods->unlimited ? -1 : goods->free;
    message->changes = arena_array_of(arena, CartChange *, LINE_CHANGE_KINDS);
    for (enum line_change_kind kind = 0; kind < LINE_CHANGE_KINDS; kind++)
        if (view->changed[kind])
            message->changes[message->n_changes++] = change_to_pb(view, kind, arena);
    return message;
}

static void missing_to_pb(unsigned answered, struct arena *arena, GetCartResponse *ret)
{
    static const enum goods_source all[] = {GOODS_LISTING, GOODS_PRICING, GOODS_INVENTORY};

    ret->missing = arena_array_of(arena, char *, ARRAY_LEN(all));
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (!(answered & all[i]))
            ret->missing[ret->n_missing++] = arena_strdup(arena, goods_source_name(all[i]));
    ret->partial = ret->n_missing > 0;
}

void cart_views_to_pb(const struct line_view *views, size_t count, unsigned answered,
                      struct arena *arena, GetCartResponse *ret)
{
    struct money total = {0};

    ret->n_lines = count;
    ret->lines = arena_array_of(arena, EnrichedCartLine *, count);
    for (size_t i = 0; i < count; i++)
        ret->lines[i] = view_to_pb(&views[i], answered, arena);
    if (line_views_total(views, count, &total))
        ret->selected_total = money_to_pb(total, arena);
    missing_to_pb(answered, arena, ret);
}
