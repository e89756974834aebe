#include "order_plan.h"

static struct order *find_shop(struct order *orders, size_t count, int64_t shop_id)
{
    for (size_t i = 0; i < count; i++)
        if (orders[i].shop_id == shop_id)
            return &orders[i];
    return NULL;
}

static size_t count_lines(const struct plan_input *input, int64_t shop_id)
{
    size_t count = 0;

    for (size_t i = 0; i < input->line_count; i++)
        count += input->lines[i].shop_id == shop_id;
    return count;
}

static struct order start_order(const struct plan_input *input, size_t number,
                                const struct plan_line *first, struct arena *arena)
{
    const size_t line_count = count_lines(input, first->shop_id);
    struct money zero = first->total;

    zero.minor = 0;
    return (struct order){
        .order_id = input->order_ids[number],
        .pay_order_id = input->pay_order_id,
        .user_id = input->user_id,
        .shop_id = first->shop_id,
        .status = ORDER_CREATED,
        .payment_status = PAYMENT_UNPAID,
        .fulfilment_status = FULFILMENT_NOT_STARTED,
        .refund_status = REFUND_NONE,
        .subtotal = zero,
        .adjustment = zero,
        .total = zero,
        .lines = arena_array_of(arena, struct order_line, line_count),
        .note = input->note,
        .cancel_reason = "",
        .shipment = {.carrier = "", .tracking_no = ""},
    };
}

static struct status add_line(struct order *order, const struct plan_line *line)
{
    struct order_line *lines = (struct order_line *)(uintptr_t)order->lines; /* ours: just made */
    struct money base, adjustment;

    TRY(money_times(line->base, line->quantity, &base));
    TRY(money_subtract(line->total, base, &adjustment));
    TRY(money_add(order->subtotal, base, &order->subtotal));
    TRY(money_add(order->adjustment, adjustment, &order->adjustment));
    TRY(money_add(order->total, line->total, &order->total));
    order->physical |= line->physical;
    lines[order->line_count++] = (struct order_line){
        .item_id = line->item_id,
        .sku_id = line->sku_id,
        .snapshot_id = line->snapshot_id,
        .item_title = line->item_title,
        .sku_title = line->sku_title,
        .quantity = line->quantity,
        .base_minor = line->base.minor,
        .adjustment_minor = adjustment.minor,
        .total_minor = line->total.minor,
        .physical = line->physical,
    };
    return STATUS_OK;
}

/* An address goes with what is shipped, and nowhere else. */
static struct status address_orders(const struct plan_input *input, struct order *orders,
                                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!orders[i].physical)
            continue;
        if (!input->address)
            return status_error(CODE_INVALID_ARGUMENT, "ADDRESS_MISSING",
                                "goods that are shipped need an address");
        orders[i].address = input->address;
        orders[i].address_size = input->address_size;
    }
    return STATUS_OK;
}

struct status order_plan(const struct plan_input *input, struct arena *arena,
                         struct order **ret_orders, size_t *ret_count)
{
    struct order *orders = arena_array_of(arena, struct order, input->line_count);
    size_t count = 0;

    for (size_t i = 0; i < input->line_count; i++) {
        const struct plan_line *line = &input->lines[i];
        struct order *order = find_shop(orders, count, line->shop_id);
        if (!order) {
            orders[count] = start_order(input, count, line, arena);
            order = &orders[count++];
        }
        TRY(add_line(order, line));
    }
    TRY(address_orders(input, orders, count));
    *ret_orders = orders;
    *ret_count = count;
    return STATUS_OK;
}
