#pragma once

/*
 * inventory_pb: between messages and the domain.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "movement_repo.h"
#include "reservation.h"
#include "souk/inventory/v1/inventory.types.h"
#include "stock.h"

/* `full`: with the counts that only the owner, operators and services see. */
MUST_USE Stock *stock_to_pb(const struct stock *stock, bool full, struct arena *arena);

MUST_USE Movement *movement_to_pb(const struct movement_record *record, struct arena *arena);

/* INVALID_ARGUMENT DUPLICATE_LINE. Lines are in the arena. When it expires is the database's word. */
MUST_USE struct status reservation_from_pb(const ReserveStockRequest *in, struct arena *arena,
                                           struct reservation *ret);
MUST_USE Reservation *reservation_to_pb(const struct reservation *reservation, struct arena *arena);

/* The lines alone, as events carry them. */
ReservationLine **reservation_lines_to_pb(const struct reservation *reservation,
                                          struct arena *arena);

MUST_USE enum stock_model stock_model_from_pb(Souk__Common__V1__StockModel model);
MUST_USE Souk__Common__V1__StockModel stock_model_to_pb(enum stock_model model);
