"""Step: what the services told each other on Kafka."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from soukdev.events import Event, Events
from soukdev.market.money import text
from soukdev.poll import until

from soukdemo.buying import Bought
from soukdemo.expect import expect
from soukdemo.world import World

_TOPICS = ("order.order", "order.payment", "inventory.hold")
# Of each order, and of their payment.
_OF_AN_ORDER = (
    "inventory.reserved",
    "order.created",
    "order.paid",
    "inventory.confirmed",
    "order.fulfilled",
    "order.completed",
)
_OF_THE_PAYMENT = ("payment.succeeded",)


def tell(world: World, bought: Bought) -> None:
    """All of it, in the order in which it happened; exactly what is expected, nothing else."""
    wanted = Counter(_OF_AN_ORDER * len(bought.orders) + _OF_THE_PAYMENT)
    with world.souk.events(*_TOPICS) as events:
        until(lambda: _counts(events) >= wanted, 60, "the events of the purchase")
        expect("the events", dict(_counts(events)), dict(wanted))
    told = sorted(_once(events), key=lambda event: event.headers["ce_time"])
    names = {one["order_id"]: f"order …{one['order_no'][-6:]}" for one in bought.orders}
    rows = [_row(event, names) for event in told]
    world.narrator.rows(rows, "<<<<")
    _check_order_of_each_key(told)


def _counts(events: Events) -> Counter[str]:
    events.catch_up()
    return Counter(event.type for event in _once(events))


def _once(events: Events) -> list[Event]:
    # A relay that was interrupted repeats; consumers pass over what they know.
    return list({event.id: event for event in reversed(events.seen)}.values())


def _check_order_of_each_key(told: list[Event]) -> None:
    for key in {(event.topic, event.key) for event in told}:
        mine = [event for event in told if (event.topic, event.key) == key]
        by_arrival = sorted(mine, key=lambda event: event.offset)
        versions = [event.message.version for event in by_arrival]
        expect(f"versions of {key} as they arrived", versions, sorted(versions))


def _row(event: Event, names: Mapping[str, str]) -> tuple[str, ...]:
    order_id = str(getattr(event.message, "order_id", ""))
    time = event.headers["ce_time"][11:23]
    return time, event.type, names.get(order_id, "the payment"), _facts(event)


def _facts(event: Event) -> str:
    message: Any = event.message
    match event.type:
        case "order.created":
            return _money(message.order.total)
        case "order.paid":
            return _money(message.total)
        case "payment.succeeded":
            return _money(message.amount)
        case "inventory.reserved" | "inventory.confirmed":
            return ", ".join(f"{line.quantity} of …{line.sku_id % 10**6}" for line in message.lines)
    return ""


def _money(money: Any) -> str:
    return text(money.currency, money.minor)
