#pragma once

/*
 * order_pb: between messages and the domain.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "order.h"
#include "order_plan.h"
#include "order_repo.h"
#include "pay_order.h"
#include "souk/listing/v1/catalog.types.h"
#include "souk/order/v1/order.types.h"
#include "souk/order/v1/payment.types.h"
#include "souk/order/v1/saga.types.h"
#include "souk/pricing/v1/pricing.types.h"

MUST_USE Shipment *shipment_to_pb(const struct shipment *shipment, struct arena *arena);
MUST_USE Order *order_to_pb(const struct order *order, struct arena *arena);
Order **orders_to_pb(const struct order *orders, size_t count, struct arena *arena);

/* `total` is pay_order_total's. */
MUST_USE PayOrder *pay_order_to_pb(const struct pay_order *pay_order, struct money total,
                                   const struct order *orders, size_t count, struct arena *arena);
MUST_USE Payment *payment_to_pb(const struct payment *payment, struct arena *arena);
MUST_USE OrderChange *order_change_to_pb(const struct order_change_row *row, struct arena *arena);

/* 0 for UNSPECIFIED. */
enum order_status order_status_from_pb(OrderStatus status);

/*
 * The lines of the request with what their snapshots and the quote say. INVALID_ARGUMENT
 * LINES_DIFFER_FROM_QUOTE.
 */
MUST_USE struct status plan_from_state(const PlaceOrderState *state, struct arena *arena,
                                       struct plan_input *ret);
