#include "cart.h"

static struct cart_line *find(const struct cart *cart, int64_t sku_id)
{
    for (size_t i = 0; i < cart->count; i++)
        if (cart->lines[i].sku_id == sku_id && cart->lines[i].mark != CART_LINE_REMOVED)
            return &cart->lines[i];
    return NULL;
}

const struct cart_line *cart_find(const struct cart *cart, int64_t sku_id)
{
    return find(cart, sku_id);
}

struct status cart_check_version(const struct cart *cart, int64_t version)
{
    if (version == cart->version)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "VERSION_MISMATCH", "version is %lld, not %lld",
                        (long long)cart->version, (long long)version);
}

static void mark(struct cart *cart, struct cart_line *line, enum cart_line_mark as)
{
    line->mark = as;
    if (!cart->changed)
        cart->version++;
    cart->changed = true;
}

static struct status line_unknown(int64_t sku_id)
{
    return status_error(CODE_NOT_FOUND, "LINE_UNKNOWN", "SKU %lld is not in the cart",
                        (long long)sku_id);
}

static struct status add_more(struct cart *cart, struct cart_line *to, const struct cart_line *line)
{
    if (to->quantity + line->quantity > CART_QUANTITY_MAX)
        return status_error(CODE_FAILED_PRECONDITION, "QUANTITY_TOO_LARGE",
                            "%lld are in the cart, at most %d can be", (long long)to->quantity,
                            CART_QUANTITY_MAX);
    to->quantity += line->quantity;
    to->item_id = line->item_id;
    to->selected = true;
    if (*line->price.currency)
        to->price = line->price;
    mark(cart, to, CART_LINE_CHANGED);
    return STATUS_OK;
}

struct status cart_add(struct cart *cart, const struct cart_line *line)
{
    struct cart_line *existing = find(cart, line->sku_id);

    if (existing)
        return add_more(cart, existing, line);
    if (cart->count >= CART_LINES_MAX)
        return status_error(CODE_FAILED_PRECONDITION, "CART_FULL", "a cart has at most %d lines",
                            CART_LINES_MAX);
    struct cart_line *added = &cart->lines[cart->count++];
    *added = *line;
    added->selected = true;
    mark(cart, added, CART_LINE_CHANGED);
    added->position = cart->version;
    return STATUS_OK;
}

struct status cart_set_quantity(struct cart *cart, int64_t sku_id, int64_t quantity)
{
    struct cart_line *line = find(cart, sku_id);

    if (!line)
        return line_unknown(sku_id);
    if (line->quantity == quantity)
        return STATUS_OK;
    line->quantity = quantity;
    mark(cart, line, CART_LINE_CHANGED);
    return STATUS_OK;
}

static bool contains(const int64_t *sku_ids, size_t count, int64_t sku_id)
{
    for (size_t i = 0; i < count; i++)
        if (sku_ids[i] == sku_id)
            return true;
    return false;
}

struct status cart_select(struct cart *cart, const int64_t *sku_ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!find(cart, sku_ids[i]))
            return line_unknown(sku_ids[i]);
    for (size_t i = 0; i < cart->count; i++) {
        struct cart_line *line = &cart->lines[i];
        const bool selected = contains(sku_ids, count, line->sku_id);
        if (line->selected == selected)
            continue;
        line->selected = selected;
        mark(cart, line, CART_LINE_CHANGED);
    }
    return STATUS_OK;
}

void cart_remove(struct cart *cart, const int64_t *sku_ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cart_line *line = find(cart, sku_ids[i]);
        if (line)
            mark(cart, line, CART_LINE_REMOVED);
    }
}

void cart_clear(struct cart *cart)
{
    for (size_t i = 0; i < cart->count; i++)
        mark(cart, &cart->lines[i], CART_LINE_REMOVED);
}
