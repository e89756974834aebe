"""From the cart to the delivery."""

from journey_kit import Market, Stock, insist, reason, status_of
from soukdev.market.money import show


def test_what_is_ordered_is_held_and_what_is_paid_is_delivered(market: Market) -> None:
    goods, customer = market.goods(on_hand=10, price="12.50 EUR"), market.customer()
    customer.add(goods.line(2))
    assert [line["line"]["sku_id"] for line in customer.cart()["lines"]] == [goods.sku_id]

    quoted = customer.quote([goods.line(2)])
    assert show(quoted["quote"]["total"]) == "25.00 EUR"
    placed = customer.place([goods.line(2)], quoted["quote_token"])
    [order] = placed["orders"]
    assert (status_of(order), show(order["total"])) == ("PENDING_PAYMENT", "25.00 EUR")
    assert market.stock(goods) == Stock(free=8, held=2, sold=0)

    payment = customer.pay(placed["pay_order"]["pay_order_id"])
    order = customer.await_order(order["order_id"], "COMPLETED")
    assert order["payment_status"] == "PAYMENT_STATUS_PAID"
    assert order["fulfilment_status"] == "FULFILMENT_STATUS_DELIVERED"
    assert order["refund_status"] == "REFUND_STATUS_NONE"
    assert market.stock(goods) == Stock(free=8, held=0, sold=2)
    assert customer.get_payment(payment["payment_id"])["status"] == "PAYMENT_STATUS_PAID"
    assert [status_of(one) for one in customer.api.get("/v1/orders")["orders"]] == ["COMPLETED"]
    ends = {
        change["machine"]: change["to_status"] for change in customer.history(order["order_id"])
    }
    assert ends == {"order": "COMPLETED", "payment": "PAID", "fulfilment": "DELIVERED"}


def test_each_shop_has_its_order_and_all_are_paid_at_once(market: Market) -> None:
    goods = [market.goods(price=f"{price}.00 EUR") for price in (10, 20, 30)]
    customer = market.customer()
    placed = customer.order([one.line() for one in goods])
    assert sorted(int(order["shop_id"]) for order in placed["orders"]) == sorted(
        one.shop_id for one in goods
    )
    assert show(placed["pay_order"]["total"]) == "60.00 EUR"
    customer.pay(placed["pay_order"]["pay_order_id"])
    for order in placed["orders"]:
        customer.await_order(order["order_id"], "COMPLETED")
    assert [market.stock(one) for one in goods] == [Stock(9, 0, 1)] * 3


def test_an_order_is_placed_once_however_often_it_is_asked_for(market: Market) -> None:
    goods, customer = market.goods(), market.customer()
    token = customer.quote([goods.line()])["quote_token"]
    request_id = market.souk.request_id()
    answers = [insist(lambda: customer.place([goods.line()], token, request_id)) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert market.stock(goods) == Stock(9, 1, 0)
    other = market.souk.request_id()
    again = reason(lambda: customer.place([goods.line()], token, other))
    assert again == "FAILED_PRECONDITION QUOTE_REDEEMED"
    assert len(customer.api.get("/v1/orders")["orders"]) == 1
