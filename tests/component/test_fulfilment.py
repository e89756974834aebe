"""Physical goods on their way: shipped, corrected, received."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from order_kit import ADDRESS, Buyer, refused, status_of, tell, until_status
from soukdev.goods import Goods, put_on_sale
from soukdev.refusal import Refused
from soukdev.souk import Souk

DHL = {"carrier": "DHL", "tracking_no": "123"}
SF = {"carrier": "顺丰", "tracking_no": "SF-456"}


@pytest.fixture
def buyer(souk: Souk) -> Buyer:
    return Buyer(souk)


@pytest.fixture(scope="module")
def shirt(souk: Souk) -> Goods:
    return put_on_sale(souk, on_hand=1000, physical=True, title="T-shirt")


def buy(buyer: Buyer, *lines: tuple[Goods, int]) -> Any:
    """Paid, and waiting to be shipped."""
    placed = buyer.place(*lines, address=ADDRESS)
    tell(buyer.souk, buyer.start_payment(placed.pay_order.pay_order_id))
    return until_status(buyer, placed.orders[0].order_id, "FULFILLING")


def ship(souk: Souk, token: str, order: Any, **fields: Any) -> Any:
    fields = {"order_id": order.order_id, "version": order.version, **DHL, **fields}
    return souk.mutate("order.ShipOrder", token, **fields).order


def confirm(buyer: Buyer, order: Any, **fields: Any) -> Any:
    fields = {"order_id": order.order_id, "version": order.version, **fields}
    return buyer.souk.mutate("order.ConfirmReceipt", buyer.token, **fields).order


def shipment(order: Any) -> tuple[str, str]:
    return order.shipment.carrier, order.shipment.tracking_no


def test_goods_are_shipped_and_received(souk: Souk, buyer: Buyer, shirt: Goods) -> None:
    order = buy(buyer, (shirt, 2))
    assert status_of(order, "fulfilment_status") == "FULFILMENT_STATUS_WAITING"
    assert not order.HasField("shipment")

    shipped = ship(souk, souk.merchant(shirt.shop_id), order)
    assert status_of(shipped) == "ORDER_STATUS_FULFILLING"
    assert status_of(shipped, "fulfilment_status") == "FULFILMENT_STATUS_SHIPPED"
    assert shipment(shipped) == ("DHL", "123")
    window = shipped.shipment.receive_by.seconds - shipped.shipment.ship_time.seconds
    assert window == 864_000
    assert shipped.version == order.version + 1

    done = confirm(buyer, shipped)
    assert status_of(done) == "ORDER_STATUS_COMPLETED"
    assert status_of(done, "fulfilment_status") == "FULFILMENT_STATUS_DELIVERED"

    history = souk.call("order.ListOrderHistory", buyer.token, order_id=order.order_id).changes
    moves = [(c.machine, c.from_status, c.to_status, c.reason) for c in history][-4:]
    assert moves == [
        ("fulfilment", "NOT_STARTED", "WAITING", "stock confirmed"),
        ("fulfilment", "WAITING", "SHIPPED", "shipped by DHL, 123"),
        ("fulfilment", "SHIPPED", "DELIVERED", "received"),
        ("order", "FULFILLING", "COMPLETED", "received"),
    ]
    assert history[-1].changed_by == f"customer/{buyer.user_id}"


def test_each_shipment_is_an_event(souk: Souk, buyer: Buyer, shirt: Goods) -> None:
    order = buy(buyer, (shirt, 1))
    operator = souk.operator()
    first = ship(souk, operator, order)
    second = ship(souk, operator, first, **SF)
    confirm(buyer, second)
    with souk.events("order.order") as events:
        events.wait(lambda e: e.type == "order.completed" and e.key == str(order.order_id))
        mine = [e for e in events.seen if e.key == str(order.order_id)]
    assert [e.type for e in mine] == [
        "order.created",
        "order.paid",
        "order.shipped",
        "order.shipped",
        "order.fulfilled",
        "order.completed",
    ]
    assert shipment(mine[2].message) == ("DHL", "123")
    assert shipment(mine[3].message) == ("顺丰", "SF-456")
    assert mine[3].message.shop_id == shirt.shop_id
    assert [e.message.version for e in mine[2:]] == [
        first.version,
        second.version,
        second.version + 1,
        second.version + 2,
    ]


def test_a_late_repetition_does_not_undo_a_correction(
    souk: Souk, buyer: Buyer, shirt: Goods
) -> None:
    """The ABA of 003: A writes 123 and hears nothing, B corrects to 456, A is sent again."""
    merchant = souk.merchant(shirt.shop_id)
    order = buy(buyer, (shirt, 1))
    request_id = souk.request_id()
    first = ship(souk, merchant, order, request_id=request_id)
    corrected = ship(souk, merchant, first, **SF)
    assert shipment(corrected) == ("顺丰", "SF-456")

    again = ship(souk, merchant, order, request_id=request_id)
    assert again == first  # the answer of then, and nothing done
    error = refused(lambda: ship(souk, merchant, order))
    assert (error.code, error.reason) == ("ABORTED", "VERSION_MISMATCH")
    assert buyer.order(order.order_id).order == corrected


def test_a_call_that_is_overtaken_is_refused(souk: Souk, buyer: Buyer, shirt: Goods) -> None:
    """A never arrives until B has: both saw the same version."""
    merchant = souk.merchant(shirt.shop_id)
    order = buy(buyer, (shirt, 1))
    ship(souk, merchant, order, **SF)
    assert refused(lambda: ship(souk, merchant, order)).reason == "VERSION_MISMATCH"
    assert shipment(buyer.order(order.order_id).order) == ("顺丰", "SF-456")


def test_of_many_at_once_one_is_heard(souk: Souk, buyer: Buyer, shirt: Goods) -> None:
    order = buy(buyer, (shirt, 1))
    merchant = souk.merchant(shirt.shop_id)

    def try_to(number: int) -> str:
        try:
            ship(souk, merchant, order, tracking_no=f"N{number}")
        except Refused as error:
            return error.reason
        return f"N{number}"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_to, range(8)))
    (winner,) = [answer for answer in answers if answer != "VERSION_MISMATCH"]
    after = buyer.order(order.order_id).order
    assert (after.shipment.tracking_no, after.version) == (winner, order.version + 1)


def test_a_correction_does_not_move_the_time_to_receive(
    souk: Souk, buyer: Buyer, shirt: Goods
) -> None:
    first = ship(souk, souk.operator(), buy(buyer, (shirt, 1)))
    second = ship(souk, souk.operator(), first, **SF)
    assert second.shipment.receive_by == first.shipment.receive_by
    assert second.shipment.ship_time == first.shipment.ship_time


def test_what_does_not_wait_for_it_is_not_shipped(souk: Souk, buyer: Buyer, shirt: Goods) -> None:
    operator = souk.operator()
    unpaid = buyer.place((shirt, 1), address=ADDRESS).orders[0]
    assert refused(lambda: ship(souk, operator, unpaid)).reason == "ILLEGAL_TRANSITION"

    voucher = buyer.buy((put_on_sale(souk), 1)).orders[0]
    delivered = until_status(buyer, voucher.order_id, "COMPLETED")
    assert refused(lambda: ship(souk, operator, delivered)).reason == "ILLEGAL_TRANSITION"

    received = confirm(buyer, ship(souk, operator, buy(buyer, (shirt, 1))))
    error = refused(lambda: ship(souk, operator, received, **SF))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "ILLEGAL_TRANSITION")
    assert buyer.order(received.order_id).order == received


def test_what_is_not_under_way_is_not_received(souk: Souk, buyer: Buyer, shirt: Goods) -> None:
    waiting = buy(buyer, (shirt, 1))
    error = refused(lambda: confirm(buyer, waiting))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "ILLEGAL_TRANSITION")
    shipped = ship(souk, souk.operator(), waiting)
    assert refused(lambda: confirm(buyer, waiting)).reason == "VERSION_MISMATCH"
    request_id = souk.request_id()
    done = confirm(buyer, shipped, request_id=request_id)
    assert confirm(buyer, shipped, request_id=request_id) == done
    assert refused(lambda: confirm(buyer, done)).reason == "ILLEGAL_TRANSITION"


def test_orders_of_another_shop_or_customer_are_not_there(
    souk: Souk, buyer: Buyer, shirt: Goods
) -> None:
    order = buy(buyer, (shirt, 1))
    rival = souk.merchant(souk.new_id())
    error = refused(lambda: ship(souk, rival, order))
    assert (error.code, error.reason) == ("NOT_FOUND", "ORDER_UNKNOWN")
    mine = {"order_id": order.order_id}
    assert refused(lambda: souk.call("order.GetOrder", rival, **mine)).reason == "ORDER_UNKNOWN"
    error = refused(lambda: souk.call("order.ListOrderHistory", rival, **mine))
    assert error.reason == "ORDER_UNKNOWN"
    shipped = ship(souk, souk.operator(), order)
    assert refused(lambda: confirm(Buyer(souk), shipped)).reason == "ORDER_UNKNOWN"
    assert refused(lambda: ship(souk, buyer.token, shipped)).code == "PERMISSION_DENIED"
    seen = {"order_id": shipped.order_id, "version": shipped.version}
    merchant = souk.merchant(shirt.shop_id)
    error = refused(lambda: souk.mutate("order.ConfirmReceipt", merchant, **seen))
    assert error.code == "PERMISSION_DENIED"
    assert buyer.order(order.order_id).order == shipped


def test_a_merchant_sees_his_orders_but_not_what_else_is_paid_with_them(
    souk: Souk, buyer: Buyer, shirt: Goods
) -> None:
    other = put_on_sale(souk, price_minor=700)
    placed = buyer.place((shirt, 1), (other, 1), address=ADDRESS)
    mine, others = placed.orders
    seen = souk.call("order.GetOrder", souk.merchant(shirt.shop_id), order_id=mine.order_id)
    assert seen.order == mine
    assert not seen.HasField("pay_order")
    error = refused(
        lambda: souk.call("order.GetOrder", souk.merchant(shirt.shop_id), order_id=others.order_id)
    )
    assert error.reason == "ORDER_UNKNOWN"


def test_wrong_fields_are_named(souk: Souk) -> None:
    error = refused(
        lambda: souk.mutate("order.ShipOrder", souk.operator(), tracking_no="1 2", carrier="x" * 61)
    )
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert set(error.fields) == {"order_id", "version", "carrier", "tracking_no"}
    error = refused(lambda: souk.mutate("order.ConfirmReceipt", souk.customer()))
    assert set(error.fields) == {"order_id", "version"}


def test_what_nobody_confirms_is_received_when_its_time_is_over(
    souk: Souk, buyer: Buyer, shirt: Goods
) -> None:
    order = buy(buyer, (shirt, 1))
    shipped = ship(souk, souk.operator(), order)
    later = ship(souk, souk.operator(), buy(buyer, (shirt, 1)))
    souk.sql(
        "order",
        "UPDATE orders SET receive_by = UTC_TIMESTAMP(6) - INTERVAL 1 MICROSECOND "
        f"WHERE order_id = {order.order_id}",
    )
    done = until_status(buyer, order.order_id, "COMPLETED")
    assert (status_of(done, "fulfilment_status"), done.version) == (
        "FULFILMENT_STATUS_DELIVERED",
        shipped.version + 2,
    )
    history = souk.call("order.ListOrderHistory", buyer.token, order_id=order.order_id).changes
    assert (history[-1].reason, history[-1].changed_by) == ("receipt timeout", "service/order")
    assert refused(lambda: confirm(buyer, shipped)).reason == "VERSION_MISMATCH"
    assert status_of(buyer.order(later.order_id).order) == "ORDER_STATUS_FULFILLING"
