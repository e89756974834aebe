#include "inventory_events.h"

#include "inventory_pb.h"
#include "patterns/outbox.h"
#include "souk/inventory/v1/events.types.h"

enum { VERSION_RESERVED = 1, VERSION_ENDED = 2 }; /* a hold changes once */

struct status inventory_tell_changed(const struct inventory *inventory, struct db_tx *tx,
                                     const struct stock *stocks, const int64_t *versions,
                                     size_t count, struct arena *arena)
{
    struct outbox_event *events = arena_array_of(arena, struct outbox_event, count);

    for (size_t i = 0; i < count; i++) {
        InventoryChanged *message = arena_new_of(arena, InventoryChanged);
        inventory_changed_init(message);
        message->sku_id = stocks[i].sku_id;
        message->model = stock_model_to_pb(stocks[i].model);
        message->free = stocks[i].free;
        message->on_hand = stock_on_hand(&stocks[i]);
        message->held = stocks[i].held;
        message->sold = stocks[i].sold;
        message->version = versions[i];
        events[i] = (struct outbox_event){&inventory_changed_event, &message->base};
    }
    return outbox_add(inventory->outbox, tx, events, count);
}

static struct status tell_reserved(const struct inventory *inventory, struct db_tx *tx,
                                   const struct reservation *reservation, struct arena *arena)
{
    InventoryReserved message;

    inventory_reserved_init(&message);
    message.reservation_id = reservation->id;
    message.order_id = reservation->order_id;
    message.n_lines = reservation->line_count;
    message.lines = reservation_lines_to_pb(reservation, arena);
    message.version = VERSION_RESERVED;
    return outbox_add_one(inventory->outbox, tx, &inventory_reserved_event, &message.base);
}

static struct status tell_confirmed(const struct inventory *inventory, struct db_tx *tx,
                                    const struct reservation *reservation, struct arena *arena)
{
    InventoryConfirmed message;

    inventory_confirmed_init(&message);
    message.reservation_id = reservation->id;
    message.order_id = reservation->order_id;
    message.n_lines = reservation->line_count;
    message.lines = reservation_lines_to_pb(reservation, arena);
    message.version = VERSION_ENDED;
    return outbox_add_one(inventory->outbox, tx, &inventory_confirmed_event, &message.base);
}

static struct status tell_released(const struct inventory *inventory, struct db_tx *tx,
                                   const struct reservation *reservation, struct arena *arena)
{
    InventoryReleased message;

    inventory_released_init(&message);
    message.reservation_id = reservation->id;
    message.order_id = reservation->order_id;
    message.n_lines = reservation->line_count;
    message.lines = reservation_lines_to_pb(reservation, arena);
    message.version = VERSION_ENDED;
    message.expired = reservation->status == RESERVATION_EXPIRED;
    return outbox_add_one(inventory->outbox, tx, &inventory_released_event, &message.base);
}

struct status inventory_tell_hold(const struct inventory *inventory, struct db_tx *tx,
                                  const struct reservation *reservation, struct arena *arena)
{
    switch (reservation->status) {
    case RESERVATION_HELD: return tell_reserved(inventory, tx, reservation, arena);
    case RESERVATION_CONFIRMED: return tell_confirmed(inventory, tx, reservation, arena);
    default: return tell_released(inventory, tx, reservation, arena);
    }
}
