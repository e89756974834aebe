#include "inventory_pb.h"

#include "base/clock.h"
#include "io/pb_time.h"
#include "souk/common/v1/types.types.h"

enum stock_model stock_model_from_pb(StockModel model)
{
    return model == STOCK_MODEL_UNLIMITED ? STOCK_UNLIMITED : STOCK_QUANTITY;
}

StockModel stock_model_to_pb(enum stock_model model)
{
    return model == STOCK_UNLIMITED ? STOCK_MODEL_UNLIMITED : STOCK_MODEL_QUANTITY;
}

Stock *stock_to_pb(const struct stock *stock, bool full, struct arena *arena)
{
    Stock *message = arena_new_of(arena, Stock);

    stock_init(message);
    message->sku_id = stock->sku_id;
    message->model = stock_model_to_pb(stock->model);
    message->free = stock->free;
    message->version = stock->version;
    message->update_time = pb_timestamp(stock->updated_us, arena);
    if (full) {
        message->on_hand = stock_on_hand(stock);
        message->held = stock->held;
        message->sold = stock->sold;
    }
    return message;
}

static MovementKind kind_to_pb(enum movement_kind kind)
{
    static const MovementKind kinds[] = {
        [MOVEMENT_SET] = MOVEMENT_KIND_SET,         [MOVEMENT_ADJUST] = MOVEMENT_KIND_ADJUST,
        [MOVEMENT_HOLD] = MOVEMENT_KIND_HOLD,       [MOVEMENT_RELEASE] = MOVEMENT_KIND_RELEASE,
        [MOVEMENT_CONFIRM] = MOVEMENT_KIND_CONFIRM, [MOVEMENT_EXPIRE] = MOVEMENT_KIND_EXPIRE,
    };
    return kinds[kind];
}

Movement *movement_to_pb(const struct movement_record *record, struct arena *arena)
{
    Movement *message = arena_new_of(arena, Movement);

    movement_init(message);
    message->movement_id = record->id;
    message->kind = kind_to_pb(record->why.kind);
    message->free_delta = record->free_delta;
    message->held_delta = record->held_delta;
    message->sold_delta = record->sold_delta;
    message->reservation_id = record->why.reservation_id;
    message->reason = arena_strdup(arena, record->why.reason);
    message->caller = arena_strdup(arena, record->why.caller);
    message->create_time = pb_timestamp(record->created_us, arena);
    return message;
}

struct status reservation_from_pb(const ReserveStockRequest *in, struct arena *arena,
                                  struct reservation *ret)
{
    *ret = (struct reservation){
        .id = in->reservation_id,
        .order_id = in->order_id,
        .status = RESERVATION_HELD,
        .lines = arena_array_of(arena, struct reservation_line, in->n_lines),
        .line_count = in->n_lines,
    };
    for (size_t i = 0; i < in->n_lines; i++)
        ret->lines[i] = (struct reservation_line){.sku_id = in->lines[i]->sku_id,
                                                  .quantity = in->lines[i]->quantity};
    return reservation_sort(ret);
}

static ReservationStatus status_to_pb(enum reservation_status status)
{
    static const ReservationStatus statuses[] = {
        [RESERVATION_HELD] = RESERVATION_STATUS_HELD,
        [RESERVATION_CONFIRMED] = RESERVATION_STATUS_CONFIRMED,
        [RESERVATION_RELEASED] = RESERVATION_STATUS_RELEASED,
        [RESERVATION_EXPIRED] = RESERVATION_STATUS_EXPIRED,
    };
    return statuses[status];
}

ReservationLine **reservation_lines_to_pb(const struct reservation *reservation,
                                          struct arena *arena)
{
    ReservationLine **lines = arena_array_of(arena, ReservationLine *, reservation->line_count);

    for (size_t i = 0; i < reservation->line_count; i++) {
        lines[i] = arena_new_of(arena, ReservationLine);
        reservation_line_init(lines[i]);
        lines[i]->sku_id = reservation->lines[i].sku_id;
        lines[i]->quantity = reservation->lines[i].quantity;
    }
    return lines;
}

Reservation *reservation_to_pb(const struct reservation *reservation, struct arena *arena)
{
    Reservation *message = arena_new_of(arena, Reservation);

    reservation_init(message);
    message->reservation_id = reservation->id;
    message->order_id = reservation->order_id;
    message->status = status_to_pb(reservation->status);
    message->n_lines = reservation->line_count;
    message->lines = reservation_lines_to_pb(reservation, arena);
    message->expire_time = pb_timestamp(reservation->expires_us, arena);
    return message;
}
