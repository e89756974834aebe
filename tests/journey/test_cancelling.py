"""Orders that end before they are paid, and money that comes all the same."""

from datetime import datetime

from journey_kit import Market, Stock, reason, status_of
from soukdev.market.customer import visit
from soukdev.market.goods import Json

TIME_TO_PAY_S = 900


def test_a_cancelled_order_gives_back_what_it_held(market: Market) -> None:
    goods, customer = market.goods(on_hand=3), market.customer()
    quoted = customer.quote([goods.line(2)])
    [order] = customer.place([goods.line(2)], quoted["quote_token"])["orders"]
    assert market.stock(goods) == Stock(1, 2, 0)
    cancelled = customer.cancel(order["order_id"], "found it cheaper")
    assert (status_of(cancelled), cancelled["cancel_reason"]) == ("CANCELLED", "found it cheaper")
    market.await_stock(goods, Stock(3, 0, 0))
    again = reason(lambda: customer.cancel(order["order_id"]))
    assert again == "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    assert market.refunds(order) == []


def test_a_paid_order_is_not_cancelled(market: Market) -> None:
    goods, customer = market.goods(), market.customer()
    placed = customer.order([goods.line()])
    customer.pay(placed["pay_order"]["pay_order_id"])
    order = customer.await_order(placed["orders"][0]["order_id"], "COMPLETED")
    refused = reason(lambda: customer.cancel(order["order_id"]))
    assert refused == "FAILED_PRECONDITION ILLEGAL_TRANSITION"


def test_one_of_two_orders_is_cancelled_and_the_other_one_is_paid(market: Market) -> None:
    kept, dropped, customer = market.goods(), market.goods(), market.customer()
    placed = customer.order([kept.line(), dropped.line()])
    of_shop = {int(order["shop_id"]): order for order in placed["orders"]}
    customer.cancel(of_shop[dropped.shop_id]["order_id"])
    payment = customer.pay(placed["pay_order"]["pay_order_id"])
    assert payment["amount"] == of_shop[kept.shop_id]["total"]
    customer.await_order(of_shop[kept.shop_id]["order_id"], "COMPLETED")
    assert market.stock(kept) == Stock(9, 0, 1)
    market.await_stock(dropped, Stock(10, 0, 0))


def test_money_for_a_cancelled_order_is_to_be_refunded(market: Market) -> None:
    goods, customer = market.goods(price="8.00 EUR"), market.customer()
    placed = customer.order([goods.line()])
    order = placed["orders"][0]
    started = customer.start_payment(placed["pay_order"]["pay_order_id"])
    customer.cancel(order["order_id"])
    visit(started["payment_url"], times=3)
    market.await_sent(started["payment"]["payment_id"], 3)
    seen = customer.get_order(order["order_id"])
    assert (status_of(seen), seen["refund_status"]) == ("CANCELLED", "REFUND_STATUS_PENDING")
    assert market.refunds(order) == [800]
    market.await_stock(goods, Stock(10, 0, 0))


def let_the_time_run_out(market: Market, placed: Json) -> None:
    """It is over now: the quarter of an hour that there is to pay need not be waited for."""
    [order] = placed["orders"]
    begin, end = (datetime.fromisoformat(order[name]) for name in ("create_time", "pay_by"))
    assert (end - begin).total_seconds() == TIME_TO_PAY_S
    for table in ("pay_order", "orders"):
        market.souk.sql(
            "order",
            f"UPDATE {table} SET pay_by = UTC_TIMESTAMP(6)"
            f" WHERE pay_order_id = {placed['pay_order']['pay_order_id']}",
        )


def test_an_order_that_nobody_pays_ends_by_itself(market: Market) -> None:
    goods, customer = market.goods(on_hand=1), market.customer()
    placed = customer.order([goods.line()])
    order = placed["orders"][0]
    assert market.stock(goods) == Stock(0, 1, 0)
    let_the_time_run_out(market, placed)
    cancelled = customer.await_order(order["order_id"], "CANCELLED")
    assert cancelled["cancel_reason"] == "payment timeout"
    market.await_stock(goods, Stock(1, 0, 0))
    pay_order_id = placed["pay_order"]["pay_order_id"]
    too_late = reason(lambda: customer.start_payment(pay_order_id))
    assert too_late == "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    other = market.customer()
    bought = other.order([goods.line()])
    other.pay(bought["pay_order"]["pay_order_id"])
    other.await_order(bought["orders"][0]["order_id"], "COMPLETED")


def test_money_that_comes_after_the_time_is_to_be_refunded(market: Market) -> None:
    goods, customer = market.goods(price="8.00 EUR"), market.customer()
    placed = customer.order([goods.line()])
    order = placed["orders"][0]
    started = customer.start_payment(placed["pay_order"]["pay_order_id"])
    let_the_time_run_out(market, placed)
    visit(started["payment_url"])
    market.await_sent(started["payment"]["payment_id"], 1)
    seen = customer.get_order(order["order_id"])
    assert (status_of(seen), seen["refund_status"]) == ("CANCELLED", "REFUND_STATUS_PENDING")
    assert market.refunds(order) == [800]
    market.await_stock(goods, Stock(10, 0, 0))
