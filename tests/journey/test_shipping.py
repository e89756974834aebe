"""Physical goods, from the payment to the customer's door."""

from journey_kit import Goods, Market, Stock, reason, status_of
from soukdev.market import Customer
from soukdev.market.goods import Json

ADDRESS = {
    "recipient": "Ming",
    "phone": "+86 21 5555 0100",
    "country": "CN",
    "city": "上海",
    "address_lines": ["南京东路 100 号"],
}
TSHIRT = 1003001


def shirt(market: Market) -> Goods:
    draft = market.offer().draft
    attributes = {"material": "cotton", "color": "black", "size": "L"}
    draft["attributes"] = [{"code": code, "text": text} for code, text in attributes.items()]
    return market.goods(category_id=TSHIRT, draft=draft)


def buy(customer: Customer, goods: Goods) -> Json:
    placed = customer.order([goods.line()], address=ADDRESS)
    customer.pay(placed["pay_order"]["pay_order_id"])
    return customer.await_order(placed["orders"][0]["order_id"], "FULFILLING")


def test_goods_that_are_shipped_need_an_address(market: Market) -> None:
    goods, customer = shirt(market), market.customer()
    token = customer.quote([goods.line()])["quote_token"]
    assert (
        reason(lambda: customer.place([goods.line()], token)) == "INVALID_ARGUMENT ADDRESS_MISSING"
    )
    placed = customer.place([goods.line()], token, address=ADDRESS)
    assert placed["orders"][0]["address"]["address_lines"] == ADDRESS["address_lines"]


def test_a_shirt_is_shipped_and_received(market: Market) -> None:
    goods, customer = shirt(market), market.customer()
    order = buy(customer, goods)
    assert order["fulfilment_status"] == "FULFILMENT_STATUS_WAITING"
    assert market.stock(goods) == Stock(9, 0, 1)

    merchant = market.souk.json(market.souk.merchant(goods.shop_id))
    [to_ship] = merchant.get("/v1/orders", status="ORDER_STATUS_FULFILLING")["orders"]
    assert to_ship["address"]["recipient"] == "Ming"
    shipped = market.sellers.ship(to_ship, "DHL", "JD-1")
    assert shipped["fulfilment_status"] == "FULFILMENT_STATUS_SHIPPED"
    seen = customer.get_order(order["order_id"])
    assert (seen["shipment"]["carrier"], seen["shipment"]["tracking_no"]) == ("DHL", "JD-1")

    too_early = reason(lambda: customer.confirm_receipt(order))
    assert too_early == "ABORTED VERSION_MISMATCH"
    done = customer.confirm_receipt(seen)
    assert (status_of(done), done["fulfilment_status"]) == (
        "COMPLETED",
        "FULFILMENT_STATUS_DELIVERED",
    )
    assert market.stock(goods) == Stock(9, 0, 1)
    assert reason(lambda: market.sellers.ship(done, "UPS", "2")) == (
        "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    )


def test_a_number_that_was_corrected_stays_so(market: Market) -> None:
    """003: the first call times out, the number is corrected, the first call is sent again."""
    goods, customer = shirt(market), market.customer()
    order = buy(customer, goods)
    market.sellers.ship(order, "DHL", "123")
    market.sellers.ship(customer.get_order(order["order_id"]), "DHL", "456")
    late = reason(lambda: market.sellers.ship(order, "DHL", "123"))
    assert late == "ABORTED VERSION_MISMATCH"
    assert customer.get_order(order["order_id"])["shipment"]["tracking_no"] == "456"
