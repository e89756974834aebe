"""check-invariants finds what it is there to find."""

from collections.abc import Iterator

import pytest
from journey_kit import opened
from soukdev import invariants
from soukdev.souk import Souk

# Rule, its context, what breaks it, what mends it.
DAMAGES = [
    (
        "the ledger's sum is the stock",
        "inventory",
        "UPDATE stock SET free = free + 1",
        "UPDATE stock SET free = free - 1",
    ),
    (
        "received = on hand + sold",
        "inventory",
        "UPDATE stock SET sold = sold + 1",
        "UPDATE stock SET sold = sold - 1",
    ),
    (
        "what is held and sold is what reservations say",
        "inventory",
        "UPDATE reservation_line SET quantity = quantity + 1",
        "UPDATE reservation_line SET quantity = quantity - 1",
    ),
    (
        "a hold begins once and ends once",
        "inventory",
        "UPDATE movement SET kind = 5 WHERE kind = 3",
        "UPDATE movement SET kind = 3 WHERE kind = 5 AND held_delta > 0",
    ),
    (
        "an order's total is the sum of its lines",
        "order",
        "UPDATE order_line SET total_minor = total_minor - 1",
        "UPDATE order_line SET total_minor = total_minor + 1",
    ),
    (
        "a pay order has orders of its own customer and currency, and no order is without one",
        "order",
        "UPDATE pay_order SET user_id = user_id + 1",
        "UPDATE pay_order SET user_id = user_id - 1",
    ),
    (
        "an order's statuses are where its history ends",
        "order",
        "UPDATE orders SET refund_status = 2, fulfilment_status = 2",
        "UPDATE orders SET refund_status = 1, fulfilment_status = 3",
    ),
    (
        "a payment is of the orders that it was started for",
        "order",
        "UPDATE payment SET amount_minor = amount_minor + 1",
        "UPDATE payment SET amount_minor = amount_minor - 1",
    ),
    (
        "money that came is for goods or to be refunded, never both, never neither",
        "order",
        "INSERT INTO refund SELECT 1, payment_id, order_id, 1, 1, 'EUR', 1250, 2, '',"
        " UTC_TIMESTAMP(6) FROM payment_order",
        "DELETE FROM refund WHERE refund_id = 1",
    ),
    (
        "a refund is of money that came, as much as the order cost",
        "order",
        "INSERT INTO refund SELECT 1, 0, order_id, 1, 1, 'EUR', 1250, 2, '', UTC_TIMESTAMP(6)"
        " FROM payment_order",
        "DELETE FROM refund WHERE refund_id = 1",
    ),
    (
        "what is delivered was paid",
        "order",
        "UPDATE pay_order SET paid_by = paid_by + 1",
        "UPDATE pay_order SET paid_by = paid_by - 1",
    ),
    (
        "an order line has its snapshot",
        "order",
        "UPDATE order_line SET snapshot_id = snapshot_id + 1",
        "UPDATE order_line SET snapshot_id = snapshot_id - 1",
    ),
    (
        "an order has the hold that its status wants",
        "inventory",
        "UPDATE reservation SET status = 3",
        "UPDATE reservation SET status = 2",
    ),
    (
        "a hold has an order of the same goods",
        "order",
        "UPDATE order_line SET quantity = quantity + 1",
        "UPDATE order_line SET quantity = quantity - 1",
    ),
    (
        "a redeemed quote has a pay order that lives",
        "pricing",
        "UPDATE redemption SET status = 2",
        "UPDATE redemption SET status = 1",
    ),
    (
        "a listing's status is where its history ends",
        "listing",
        "UPDATE listing SET version = version + 1",
        "UPDATE listing SET version = version - 1",
    ),
    (
        "a listing on sale has its item, and the item one listing",
        "listing",
        "UPDATE item SET listing_id = listing_id + 1",
        "UPDATE item SET listing_id = listing_id - 1",
    ),
    (
        "what waits for an audit or a publish is watched, and nothing else",
        "listing",
        "INSERT INTO listing_watch SELECT listing_id, 0, UTC_TIMESTAMP(6), '2100-01-01'"
        " FROM listing",
        "DELETE FROM listing_watch",
    ),
    (
        "what is sold out is not on sale",
        "inventory",
        "UPDATE stock SET free = 0",
        "UPDATE stock SET free = 9",
    ),
    (
        "what is on sale has a price and stock of the same owner",
        "pricing",
        "UPDATE sku_price SET shop_id = shop_id + 1",
        "UPDATE sku_price SET shop_id = shop_id - 1",
    ),
    (
        "everything under way ends",
        "order",
        "UPDATE saga SET active = 1, until_at = '2100-01-01'",
        "UPDATE saga SET active = 0",
    ),
    (
        "what was told happened, in that order",
        "order",
        "UPDATE outbox SET aggregate_id = aggregate_id + 1",
        "UPDATE outbox SET aggregate_id = aggregate_id - 1",
    ),
    (
        "no order that was confirmed is lost",
        "order",
        "UPDATE orders SET order_id = order_id + 1",
        "UPDATE orders SET order_id = order_id - 1",
    ),
    (
        "the index is what the databases say",
        "pricing",
        "UPDATE price SET amount_minor = amount_minor + 1",
        "UPDATE price SET amount_minor = amount_minor - 1",
    ),
]


@pytest.fixture(scope="module")
def damaged() -> Iterator[Souk]:
    """A stack in which one thing was bought."""
    with opened("damaged") as market:
        goods, customer = market.goods(), market.customer()
        placed = customer.order([goods.line()])
        customer.pay(placed["pay_order"]["pay_order_id"])
        customer.await_order(placed["orders"][0]["order_id"], "COMPLETED")
        yield market.souk


def broken(souk: Souk) -> list[str]:
    return [result.name for result in invariants.check(souk.stack, wait_s=0.5) if result.breach]


@pytest.mark.parametrize(
    ("rule", "context", "damage", "repair"), DAMAGES, ids=[damage[0] for damage in DAMAGES]
)
def test_damage_is_found(damaged: Souk, rule: str, context: str, damage: str, repair: str) -> None:
    damaged.sql(context, damage)
    found = broken(damaged)
    damaged.sql(context, repair)
    assert rule in found


def test_what_is_taken_out_of_stock_by_hand_is_no_damage(damaged: Souk) -> None:
    (item,) = damaged.sql("listing", "SELECT item_id, version FROM item")
    damaged.mutate(
        "listing.ChangeItemStatus",
        damaged.operator(),
        item_id=int(item["item_id"]),
        version=int(item["version"]),
        status="ITEM_STATUS_OUT_OF_STOCK",
    )
    found = {result.name: result.breach for result in invariants.check(damaged.stack, wait_s=60)}
    assert not found["the index is what the databases say"]


def test_every_rule_has_its_damage(damaged: Souk) -> None:
    names = {result.name for result in invariants.check(damaged.stack)}
    # A unique key of the table itself holds this one.
    assert names - {damage[0] for damage in DAMAGES} == {"one attempt makes one pay order"}
