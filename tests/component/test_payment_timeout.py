"""The end of the time to pay: an order is paid or timed out, by the database's clock alone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from order_kit import Buyer, refused, status_of, stock_of, tell, until_status
from soukdev import poll
from soukdev.goods import Goods, put_on_sale
from soukdev.souk import Souk

PRICE = 900
_PAID, _CANCELLED = 3, 6


@pytest.fixture
def buyer(souk: Souk) -> Buyer:
    return Buyer(souk)


@pytest.fixture(scope="module")
def voucher(souk: Souk) -> Goods:
    return put_on_sale(souk, on_hand=1000, price_minor=PRICE)


def end_in(souk: Souk, pay_order_id: int, milliseconds: int) -> None:
    """Its time to pay, from now on: a process that went by its own clock would not notice."""
    at = f"UTC_TIMESTAMP(6) + INTERVAL {milliseconds * 1000} MICROSECOND"
    for table in ("pay_order", "orders"):
        souk.sql("order", f"UPDATE {table} SET pay_by = {at} WHERE pay_order_id = {pay_order_id}")


def refunds(souk: Souk, order_id: int) -> list[int]:
    rows = souk.sql("order", f"SELECT amount_minor FROM refund WHERE order_id = {order_id}")
    return [int(row["amount_minor"]) for row in rows]


def test_money_that_comes_too_late_goes_back_whoever_notices_first(
    souk: Souk, buyer: Buyer
) -> None:
    goods = put_on_sale(souk, on_hand=5, price_minor=PRICE)
    placed = buyer.place((goods, 1))
    order_id = placed.orders[0].order_id
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    end_in(souk, placed.pay_order.pay_order_id, 0)
    tell(souk, payment)
    order = buyer.order(order_id).order  # at once: not when the timeout gets to it
    assert status_of(order) == "ORDER_STATUS_CANCELLED"
    assert order.cancel_reason == "payment timeout"
    assert status_of(order, "payment_status") == "PAYMENT_STATUS_CLOSED"
    assert status_of(order, "refund_status") == "REFUND_STATUS_PENDING"
    assert refunds(souk, order_id) == [PRICE]
    poll.until(lambda: stock_of(souk, goods) == (5, 0, 0), 60, "the stock free again")
    with souk.events("order.order", "order.payment") as events:
        event = events.wait(
            lambda e: e.type == "payment.refund.recorded" and e.message.order_id == order_id
        )
        assert (event.message.amount.minor, event.message.reason) == (
            PRICE,
            "paid after it was cancelled",
        )
    tell(souk, payment)
    assert refunds(souk, order_id) == [PRICE]


def test_orders_of_several_shops_time_out_together(souk: Souk, buyer: Buyer) -> None:
    one, two = put_on_sale(souk, price_minor=500), put_on_sale(souk, price_minor=700)
    placed = buyer.place((one, 1), (two, 1))
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    end_in(souk, placed.pay_order.pay_order_id, 0)
    tell(souk, payment)
    for order, amount in zip(placed.orders, (500, 700), strict=True):
        assert status_of(buyer.order(order.order_id).order) == "ORDER_STATUS_CANCELLED"
        assert refunds(souk, order.order_id) == [amount]
    assert status_of(buyer.order(order.order_id).pay_order) == "PAYMENT_STATUS_CLOSED"


def test_no_payment_starts_when_the_time_is_over(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = buyer.place((voucher, 1))
    end_in(souk, placed.pay_order.pay_order_id, 0)
    error = refused(lambda: buyer.start_payment(placed.pay_order.pay_order_id))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "ILLEGAL_TRANSITION")
    until_status(buyer, placed.orders[0].order_id, "CANCELLED")


def test_an_order_is_not_timed_out_a_moment_too_early(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    kept = buyer.place((voucher, 1))
    over = buyer.place((voucher, 1))
    end_in(souk, over.pay_order.pay_order_id, 0)
    until_status(buyer, over.orders[0].order_id, "CANCELLED")
    tell(souk, buyer.start_payment(kept.pay_order.pay_order_id))
    until_status(buyer, kept.orders[0].order_id, "COMPLETED")


def test_at_the_edge_it_is_one_or_the_other(souk: Souk) -> None:
    """Callbacks from before to behind the moment, while the timeout is at work."""
    count, edge_ms, apart_ms = 24, 1500, 40
    goods = put_on_sale(souk, on_hand=count, price_minor=PRICE)
    bought = [Buyer(souk).place((goods, 1)) for _ in range(count)]
    buyers = {placed.pay_order.user_id: placed for placed in bought}
    payments = {
        user_id: souk.mutate(
            "order.StartPayment",
            souk.customer(user_id),
            pay_order_id=placed.pay_order.pay_order_id,
            method="card",
        ).payment
        for user_id, placed in buyers.items()
    }
    ids = ", ".join(str(placed.orders[0].order_id) for placed in bought)
    souk.sql(
        "order",
        f"UPDATE orders SET pay_by = UTC_TIMESTAMP(6) + INTERVAL {edge_ms * 1000} MICROSECOND "
        f"WHERE order_id IN ({ids})",
    )

    def pay(number: int, payment: Any) -> None:
        behind_ms = (number - count // 2) * apart_ms
        reached = (
            f"SELECT MIN(pay_by) + INTERVAL {behind_ms * 1000} MICROSECOND <= UTC_TIMESTAMP(6) "
            f"AS it FROM orders WHERE order_id IN ({ids})"
        )
        poll.until(lambda: souk.sql("order", reached)[0]["it"] == "1", 60, "the moment")
        tell(souk, payment)

    with ThreadPoolExecutor(count) as pool:
        for future in [
            pool.submit(pay, number, payment) for number, payment in enumerate(payments.values())
        ]:
            future.result()

    def ended() -> bool:
        rows = souk.sql("order", f"SELECT status FROM orders WHERE order_id IN ({ids})")
        return {row["status"] for row in rows} <= {"5", "6"}

    poll.until(ended, 60, "all orders over")
    decided = souk.sql(
        "order",
        "SELECT o.order_id, c.to_status, c.changed_at >= o.pay_by AS late, "
        "(SELECT COUNT(*) FROM refund r WHERE r.order_id = o.order_id) AS refunds "
        "FROM orders o JOIN order_change c ON c.order_id = o.order_id AND c.machine = 1 "
        f"AND c.to_status IN ({_PAID}, {_CANCELLED}) WHERE o.order_id IN ({ids})",
    )
    assert len(decided) == count  # one decision each
    for row in decided:
        is_late = row["to_status"] == str(_CANCELLED)
        assert (row["late"], row["refunds"]) == (str(int(is_late)), str(int(is_late))), row
    sold = sum(row["to_status"] == str(_PAID) for row in decided)
    poll.until(lambda: stock_of(souk, goods) == (count - sold, 0, sold), 60, "the stock settled")
