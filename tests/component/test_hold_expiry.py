"""svc-inventory was away for longer than holds outlive the time to pay, and comes back."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from order_kit import Buyer, status_of, stock_of, tell, until_status
from soukdev import poll
from soukdev.goods import put_on_sale
from soukdev.souk import Souk

RELEASED_BY_TIME = "RESERVATION_STATUS_EXPIRED"


@contextmanager
def away(souk: Souk) -> Iterator[None]:
    """It is killed; holds and sweep are made to look as if it stayed away for 20 minutes."""
    service = souk.stack.services["inventory"]
    service.kill9()
    try:
        yield
    finally:
        souk.sql("inventory", "UPDATE expiry_sweep SET ran_at = ran_at - INTERVAL 20 MINUTE")
        service.start()
        souk.forget_client("inventory")


def end_time_of(souk: Souk, hold: int) -> None:
    souk.sql(
        "inventory",
        "UPDATE reservation SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND "
        f"WHERE reservation_id = {hold}",
    )


def until_swept(souk: Souk) -> None:
    """Not the sweep of before it was away: what that one noted is made to look older."""
    ran = "SELECT 1 FROM expiry_sweep WHERE ran_at > UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE"
    poll.until(lambda: souk.sql("inventory", ran), 30, "the sweep ran")


def end_sparing(souk: Souk) -> None:
    souk.sql("inventory", "UPDATE expiry_sweep SET spare_until = UTC_TIMESTAMP(6)")


@pytest.fixture(autouse=True)
def expiring_again(souk: Souk) -> Iterator[None]:
    """Others share the stack."""
    until_swept(souk)
    yield
    until_swept(souk)
    end_sparing(souk)


def test_what_was_paid_while_inventory_was_down_is_delivered(souk: Souk) -> None:
    goods, buyer = put_on_sale(souk, on_hand=5), Buyer(souk)
    placed = buyer.place((goods, 2))
    order_id = placed.orders[0].order_id
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    with away(souk):
        tell(souk, payment)
        until_status(buyer, order_id, "PAID")
        end_time_of(souk, order_id)
    poll.until(lambda: status_of(buyer.order(order_id).order) != "ORDER_STATUS_PAID", 60, "settled")
    assert status_of(buyer.order(order_id).order) == "ORDER_STATUS_COMPLETED"
    assert stock_of(souk, goods) == (3, 0, 2)


def test_holds_expire_when_that_time_is_over(souk: Souk) -> None:
    goods, hold = put_on_sale(souk, on_hand=5), souk.new_id()
    souk.mutate(
        "inventory.ReserveStock",
        souk.service(),
        reservation_id=hold,
        order_id=hold,
        lines=[goods.quote_line(2)],
    )
    with away(souk):
        end_time_of(souk, hold)

    def spared() -> bool:
        asked = "SELECT id FROM expiry_sweep WHERE spare_until > UTC_TIMESTAMP(6) + INTERVAL %s"
        assert not souk.sql("inventory", asked % "601 SECOND")
        return bool(souk.sql("inventory", asked % "500 SECOND"))

    def status() -> str:
        answer = souk.call("inventory.GetReservation", souk.service(), reservation_id=hold)
        return status_of(answer.reservation)

    poll.until(spared, 60, "it is noted that holds are spared")
    assert status() == "RESERVATION_STATUS_HELD"
    end_sparing(souk)
    poll.until(lambda: status() == RELEASED_BY_TIME, 60, "the hold expired")
    assert stock_of(souk, goods) == (5, 0, 0)
