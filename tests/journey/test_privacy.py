"""Another customer's things are not there."""

from collections.abc import Callable
from typing import Any

import pytest
from journey_kit import Market, reason
from soukdev.market import Customer
from soukdev.market.goods import Json

ASKING: dict[str, tuple[str, Callable[[Customer, Json], Any]]] = {
    "order": ("ORDER_UNKNOWN", lambda who, ids: who.get_order(ids["order_id"])),
    "history": ("ORDER_UNKNOWN", lambda who, ids: who.history(ids["order_id"])),
    "cancel": ("ORDER_UNKNOWN", lambda who, ids: who.cancel(ids["order_id"])),
    "pay": ("PAY_ORDER_UNKNOWN", lambda who, ids: who.start_payment(ids["pay_order_id"])),
    "payment": ("PAYMENT_UNKNOWN", lambda who, ids: who.get_payment(ids["payment_id"])),
}


@pytest.mark.parametrize("what", ASKING)
def test_nobody_finds_what_is_somebody_elses(market: Market, what: str) -> None:
    goods, owner, stranger = market.goods(), market.customer(), market.customer()
    placed = owner.order([goods.line()])
    payment = owner.start_payment(placed["pay_order"]["pay_order_id"])["payment"]
    ids = {**payment, **placed["orders"][0]}
    unknown, ask = ASKING[what]
    assert reason(lambda: ask(stranger, ids)) == f"NOT_FOUND {unknown}"
    nothing = {"order_id": "1", "pay_order_id": "1", "payment_id": "1"}
    assert reason(lambda: ask(stranger, nothing)) == f"NOT_FOUND {unknown}"
    assert stranger.api.get("/v1/orders")["orders"] == []
    assert ask(owner, ids)


def test_nobody_orders_without_saying_who_he_is(market: Market) -> None:
    api = market.souk.json()
    asked = reason(lambda: api.get("/v1/orders"))
    assert asked == "UNAUTHENTICATED UNAUTHENTICATED"
    supplier = market.souk.json(market.souk.supplier(5))
    assert reason(lambda: supplier.get("/v1/orders")) == "PERMISSION_DENIED ROLE_NOT_ALLOWED"


def test_a_merchant_sees_the_orders_of_his_shop_alone(market: Market) -> None:
    goods, customer = market.goods(), market.customer()
    (order,) = customer.order([goods.line()])["orders"]
    mine = market.souk.json(market.souk.merchant(int(order["shop_id"])))
    assert order["order_id"] in [one["order_id"] for one in mine.get("/v1/orders")["orders"]]
    other = market.souk.json(market.souk.merchant(market.souk.new_id()))
    assert other.get("/v1/orders")["orders"] == []
    hidden = reason(lambda: other.get(f"/v1/orders/{order['order_id']}"))
    assert hidden == "NOT_FOUND ORDER_UNKNOWN"
