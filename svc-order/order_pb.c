#include "order_pb.h"

#include "io/pb.h"
#include "io/pb_money.h"
#include "io/pb_time.h"
#include "souk/common/v1/types.types.h"

static char *text(const char *from)
{
    return (char *)(uintptr_t)from;
}

static struct money money_of(const struct order *order, int64_t minor)
{
    struct money money = order->total;

    money.minor = minor;
    return money;
}

static OrderLine *line_to_pb(const struct order *order, size_t i, struct arena *arena)
{
    const struct order_line *line = &order->lines[i];
    OrderLine *message = arena_new_of(arena, OrderLine);

    order_line_init(message);
    message->line_no = (int32_t)i + 1;
    message->item_id = line->item_id;
    message->sku_id = line->sku_id;
    message->snapshot_id = line->snapshot_id;
    message->item_title = text(line->item_title);
    message->sku_title = text(line->sku_title);
    message->quantity = line->quantity;
    message->base_amount = pb_money(money_of(order, line->base_minor), arena);
    message->adjustment_total = pb_money(money_of(order, line->adjustment_minor), arena);
    message->total = pb_money(money_of(order, line->total_minor), arena);
    message->delivery = line->physical ? DELIVERY_PHYSICAL : DELIVERY_VIRTUAL;
    return message;
}

Shipment *shipment_to_pb(const struct shipment *shipment, struct arena *arena)
{
    Shipment *message = arena_new_of(arena, Shipment);

    shipment_init(message);
    message->carrier = text(shipment->carrier);
    message->tracking_no = text(shipment->tracking_no);
    message->ship_time = pb_timestamp(shipment->shipped_us, arena);
    message->receive_by = pb_timestamp(shipment->receive_by_us, arena);
    return message;
}

/* On the wire each enum has UNSPECIFIED before the same numbers. */
Order *order_to_pb(const struct order *order, struct arena *arena)
{
    Order *message = arena_new_of(arena, Order);

    order_init(message);
    message->order_id = order->order_id;
    message->order_no = arena_strdup(arena, order->order_no);
    message->pay_order_id = order->pay_order_id;
    message->user_id = order->user_id;
    message->shop_id = order->shop_id;
    message->status = (OrderStatus)order->status;
    message->payment_status = (PaymentStatus)order->payment_status;
    message->fulfilment_status = (FulfilmentStatus)order->fulfilment_status;
    message->refund_status = (RefundStatus)order->refund_status;
    message->n_lines = order->line_count;
    message->lines = arena_array_of(arena, OrderLine *, order->line_count);
    for (size_t i = 0; i < order->line_count; i++)
        message->lines[i] = line_to_pb(order, i, arena);
    message->subtotal = pb_money(order->subtotal, arena);
    message->adjustment_total = pb_money(order->adjustment, arena);
    message->total = pb_money(order->total, arena);
    if (order->address)
        message->address = (Address *)pb_unpack(&souk__order__v1__address__descriptor,
                                                order->address, order->address_size, arena);
    message->note = text(order->note);
    message->cancel_reason = text(order->cancel_reason);
    message->pay_by = pb_timestamp(order->pay_by_us, arena);
    message->version = order->version;
    message->create_time = pb_timestamp(order->created_us, arena);
    message->update_time = pb_timestamp(order->updated_us, arena);
    if (order->shipment.shipped_us)
        message->shipment = shipment_to_pb(&order->shipment, arena);
    return message;
}

Order **orders_to_pb(const struct order *orders, size_t count, struct arena *arena)
{
    Order **messages = arena_array_of(arena, Order *, count);

    for (size_t i = 0; i < count; i++)
        messages[i] = order_to_pb(&orders[i], arena);
    return messages;
}

PayOrder *pay_order_to_pb(const struct pay_order *pay_order, struct money total,
                          const struct order *orders, size_t count, struct arena *arena)
{
    PayOrder *message = arena_new_of(arena, PayOrder);

    pay_order_init(message);
    message->pay_order_id = pay_order->pay_order_id;
    message->user_id = pay_order->user_id;
    message->status = (PaymentStatus)pay_order->status;
    message->total = pb_money(total, arena);
    message->order_ids = arena_array_of(arena, int64_t, count);
    for (size_t i = 0; i < count; i++)
        message->order_ids[message->n_order_ids++] = orders[i].order_id;
    message->pay_by = pb_timestamp(pay_order->pay_by_us, arena);
    message->version = pay_order->version;
    return message;
}

Payment *payment_to_pb(const struct payment *payment, struct arena *arena)
{
    Payment *message = arena_new_of(arena, Payment);

    payment_init(message);
    message->payment_id = payment->payment_id;
    message->pay_order_id = payment->pay_order_id;
    message->status = (PaymentStatus)payment->status;
    message->amount = pb_money(payment->amount, arena);
    message->provider = text(payment->provider);
    message->method = text(payment->method);
    message->create_time = pb_timestamp(payment->created_us, arena);
    message->update_time = pb_timestamp(payment->updated_us, arena);
    return message;
}

OrderChange *order_change_to_pb(const struct order_change_row *row, struct arena *arena)
{
    const struct order_change *change = &row->change;
    OrderChange *message = arena_new_of(arena, OrderChange);

    order_change_init(message);
    message->machine = text(order_machine_name(change->machine));
    message->from_status = text(order_machine_status_name(change->machine, change->from));
    message->to_status = text(order_machine_status_name(change->machine, change->to));
    message->reason = text(row->reason);
    message->changed_by = text(row->changed_by);
    message->change_time = pb_timestamp(row->changed_us, arena);
    return message;
}

enum order_status order_status_from_pb(OrderStatus status)
{
    return (enum order_status)status;
}

static struct status differs(const char *what)
{
    return status_error(CODE_INVALID_ARGUMENT, "LINES_DIFFER_FROM_QUOTE",
                        "%s differ from what was quoted", what);
}

static const QuoteLine *find_quoted(const Quote *quote, int64_t sku_id)
{
    for (size_t i = 0; i < quote->n_lines; i++)
        if (quote->lines[i]->sku_id == sku_id)
            return quote->lines[i];
    return NULL;
}

static struct status read_line(const OrderLineRequest *asked, const SkuSnapshot *snapshot,
                               const QuoteLine *quoted, struct plan_line *ret)
{
    if (!quoted || quoted->quantity != asked->quantity)
        return differs("lines");
    *ret = (struct plan_line){
        .item_id = asked->item_id,
        .sku_id = asked->sku_id,
        .quantity = asked->quantity,
        .shop_id = snapshot->shop_id,
        .snapshot_id = snapshot->snapshot_id,
        .item_title = snapshot->item_title,
        .sku_title = snapshot->sku_title,
        .physical = snapshot->delivery == DELIVERY_PHYSICAL,
    };
    TRY(pb_money_read(quoted->base_amount, &ret->base));
    return pb_money_read(quoted->total, &ret->total);
}

struct status plan_from_state(const PlaceOrderState *state, struct arena *arena,
                              struct plan_input *ret)
{
    const PlaceOrderRequest *request = state->request;
    struct plan_line *lines = arena_array_of(arena, struct plan_line, request->n_lines);

    if (state->quote->n_lines != request->n_lines)
        return differs("lines");
    for (size_t i = 0; i < request->n_lines; i++)
        TRY(read_line(request->lines[i], state->snapshots[i],
                      find_quoted(state->quote, request->lines[i]->sku_id), &lines[i]));
    *ret = (struct plan_input){
        .user_id = state->user_id,
        .pay_order_id = state->pay_order_id,
        .order_ids = state->order_ids,
        .lines = lines,
        .line_count = request->n_lines,
        .note = request->note,
    };
    if (request->address) {
        const struct pb_bytes address = pb_pack(&request->address->base, arena);
        ret->address = address.at;
        ret->address_size = address.size;
    }
    return STATUS_OK;
}
