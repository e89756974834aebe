"""svc-order through its RPCs, with all its peers."""

import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from order_kit import ADDRESS, Buyer, answer_of, refused, status_of, stock_of, tell, until_status
from soukdev import poll
from soukdev.goods import Goods, put_draft_on_sale, put_on_sale
from soukdev.refusal import Refused
from soukdev.souk import Souk


@pytest.fixture
def buyer(souk: Souk) -> Buyer:
    return Buyer(souk)


@pytest.fixture(scope="module")
def voucher(souk: Souk) -> Goods:
    return put_on_sale(souk, on_hand=100_000, price_minor=1000)


def test_a_purchase_takes_stock_once_and_completes(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=10, price_minor=1250)
    placed = buyer.place((goods, 3), note="for a friend")
    assert stock_of(souk, goods) == (7, 3, 0)
    (order,) = placed.orders
    assert status_of(order) == "ORDER_STATUS_PENDING_PAYMENT"
    assert (order.total.minor, order.total.currency, order.note) == (3750, "EUR", "for a friend")
    parts = re.fullmatch(r"(\d{10})(\d{3})(\d{3})(\d{3})", order.order_no)
    assert parts
    made_s, machine, user, sequence = (int(part) for part in parts.groups())
    assert abs(made_s - order.create_time.seconds) <= 60
    assert user == buyer.user_id % 1000
    assert machine <= 63
    assert sequence == 0
    assert order.lines[0].item_title == "Coffee voucher"
    assert order.lines[0].snapshot_id
    assert placed.pay_order.total.minor == 3750

    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    assert payment.amount.minor == 3750
    tell(souk, payment)
    done = until_status(buyer, order.order_id, "COMPLETED")
    assert status_of(done, "payment_status") == "PAYMENT_STATUS_PAID"
    assert status_of(done, "fulfilment_status") == "FULFILMENT_STATUS_DELIVERED"
    assert stock_of(souk, goods) == (7, 0, 3)

    history = souk.call("order.ListOrderHistory", buyer.token, order_id=order.order_id).changes
    moves = [(c.machine, c.from_status, c.to_status) for c in history]
    assert moves == [
        ("order", "CREATED", "PENDING_PAYMENT"),
        ("payment", "UNPAID", "PENDING"),
        ("order", "PENDING_PAYMENT", "PAID"),
        ("payment", "PENDING", "PAID"),
        ("order", "PAID", "FULFILLING"),
        ("fulfilment", "NOT_STARTED", "DELIVERED"),
        ("order", "FULFILLING", "COMPLETED"),
    ]


def test_each_step_is_an_event(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = buyer.buy((voucher, 1))
    order_id = placed.orders[0].order_id
    with souk.events("order.order", "order.payment", "inventory.hold") as events:
        events.wait(lambda e: e.type == "order.completed" and e.key == str(order_id))
        mine = [e for e in events.seen if e.key == str(order_id) and e.topic == "order.order"]
        assert [e.type for e in mine] == [
            "order.created",
            "order.paid",
            "order.fulfilled",
            "order.completed",
        ]
        assert mine[0].message.order.total.minor == 1000
        versions = [e.message.version for e in mine]
        assert versions == sorted(set(versions))
        events.wait(lambda e: e.type == "inventory.confirmed" and e.key == str(order_id))
        events.wait(lambda e: e.type == "payment.succeeded")


def test_shops_get_orders_of_their_own_under_one_pay_order(souk: Souk, buyer: Buyer) -> None:
    one, two = put_on_sale(souk, price_minor=500), put_on_sale(souk, price_minor=700)
    placed = buyer.place((one, 2), (two, 1))
    assert [o.shop_id for o in placed.orders] == [one.shop_id, two.shop_id]
    assert [o.total.minor for o in placed.orders] == [1000, 700]
    assert placed.pay_order.total.minor == 1700
    assert list(placed.pay_order.order_ids) == [o.order_id for o in placed.orders]
    tell(souk, buyer.start_payment(placed.pay_order.pay_order_id))
    for order in placed.orders:
        until_status(buyer, order.order_id, "COMPLETED")


def test_all_or_nothing_over_several_shops(souk: Souk, buyer: Buyer) -> None:
    plenty, scarce = put_on_sale(souk, on_hand=10), put_on_sale(souk, on_hand=1)
    error = refused(lambda: buyer.place((plenty, 2), (scarce, 2)))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "INSUFFICIENT_STOCK")
    assert error.metadata == {"sku": str(scarce.sku_id), "wanted": "2", "free": "1"}
    assert stock_of(souk, plenty) == (10, 0, 0)
    assert not souk.call("order.ListOrders", buyer.token).orders


def test_sold_out_has_a_reason_of_its_own(souk: Souk, buyer: Buyer) -> None:
    last = put_on_sale(souk, on_hand=1)
    Buyer(souk).place((last, 1))
    error = refused(lambda: buyer.place((last, 1)))
    assert error.reason == "SOLD_OUT"
    assert error.metadata["free"] == "0"


def test_a_failed_order_does_not_burn_the_quote(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=1)
    rival = Buyer(souk)
    taken = rival.place((goods, 1))
    quote = buyer.quote((goods, 1))
    assert refused(lambda: buyer.place((goods, 1), quote_token=quote)).reason == "SOLD_OUT"
    souk.mutate("order.CancelOrder", rival.token, order_id=taken.orders[0].order_id)
    poll.until(lambda: stock_of(souk, goods) == (1, 0, 0), 60, "the stock free again")
    assert buyer.place((goods, 1), quote_token=quote).orders


def test_physical_goods_need_an_address_and_wait_for_shipment(souk: Souk, buyer: Buyer) -> None:
    shirt = put_on_sale(souk, physical=True, title="T-shirt")
    error = refused(lambda: buyer.place((shirt, 1)))
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "ADDRESS_MISSING")
    placed = buyer.place((shirt, 1), address=ADDRESS)
    assert placed.orders[0].address.city == "Berlin"
    tell(souk, buyer.start_payment(placed.pay_order.pay_order_id))
    order = until_status(buyer, placed.orders[0].order_id, "FULFILLING")
    assert status_of(order, "fulfilment_status") == "FULFILMENT_STATUS_WAITING"


def test_an_address_without_a_line_is_refused(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    error = refused(lambda: buyer.place((voucher, 1), address={**ADDRESS, "address_lines": []}))
    assert error.reason == "INVALID_FIELD"
    assert "address.address_lines" in error.fields


def test_the_same_request_has_one_order(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    request = {"request_id": souk.request_id(), "quote_token": buyer.quote((voucher, 1))}
    place = partial(buyer.place, (voucher, 1), **request)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: answer_of(place), range(10)))
    assert len({a.orders[0].order_id for a in answers}) == 1
    assert len(souk.call("order.ListOrders", buyer.token).orders) == 1
    error = refused(lambda: buyer.place((voucher, 1), **request, note="another body"))
    assert error.reason == "REQUEST_ID_REUSED"


def test_a_pre_made_pay_order_is_placed_once(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    pay_order_id = souk.call("order.NewOrderToken", buyer.token).pay_order_id
    placed = buyer.place((voucher, 1), pay_order_id=pay_order_id)
    assert placed.pay_order.pay_order_id == pay_order_id
    error = refused(lambda: buyer.place((voucher, 1), pay_order_id=pay_order_id))
    assert (error.code, error.reason) == ("ALREADY_EXISTS", "PAY_ORDER_ID_USED")


def test_a_quote_is_taken_once_and_by_its_user(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    quote = buyer.quote((voucher, 1))
    other = Buyer(souk)
    assert (
        refused(lambda: other.place((voucher, 1), quote_token=quote)).reason
        == "QUOTE_OF_ANOTHER_USER"
    )
    buyer.place((voucher, 1), quote_token=quote)
    assert refused(lambda: buyer.place((voucher, 1), quote_token=quote)).reason == "QUOTE_REDEEMED"
    altered = quote[:-2] + ("aa" if quote[-2:] != "aa" else "bb")
    assert refused(lambda: buyer.place((voucher, 1), quote_token=altered)).reason == "QUOTE_INVALID"


def test_lines_must_be_those_of_the_quote(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    quote = buyer.quote((voucher, 1))
    for lines in ([(voucher, 2)], [(voucher, 1), (put_on_sale(souk), 1)]):
        error = refused(partial(buyer.place, *lines, quote_token=quote))
        assert error.reason == "LINES_DIFFER_FROM_QUOTE"
    assert buyer.place((voucher, 1), quote_token=quote).orders


def test_goods_must_be_what_they_are_called(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    other = put_on_sale(souk)
    quote = buyer.quote((voucher, 1))

    def place(line: dict[str, int]) -> None:
        souk.mutate("order.PlaceOrder", buyer.token, lines=[line], quote_token=quote)

    wrong_item = {**voucher.line(), "item_id": other.item_id}
    error = refused(lambda: place(wrong_item))
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "SKU_OF_ANOTHER_ITEM")
    error = refused(lambda: place({"item_id": 77, "sku_id": 78, "quantity": 1}))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "NOT_SELLABLE")
    twice = [voucher.line(), voucher.line()]
    error = refused(
        lambda: souk.mutate("order.PlaceOrder", buyer.token, lines=twice, quote_token=quote)
    )
    assert error.reason == "DUPLICATE_LINE"


def test_an_item_off_the_shelf_is_not_sold(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk)
    quote = buyer.quote((goods, 1))
    item = souk.call("listing.GetItem", souk.operator(), item_id=goods.item_id).item
    souk.mutate(
        "listing.ChangeItemStatus",
        souk.operator(),
        item_id=goods.item_id,
        status="ITEM_STATUS_OFFLINE",
        version=item.version,
    )
    error = refused(lambda: buyer.place((goods, 1), quote_token=quote))
    assert error.reason == "NOT_SELLABLE"
    assert error.metadata == {"sku_ids": str(goods.sku_id)}


def test_cancel_frees_the_stock(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=5)
    placed = buyer.place((goods, 2))
    order_id = placed.orders[0].order_id
    cancelled = souk.mutate(
        "order.CancelOrder", buyer.token, order_id=order_id, reason="changed my mind"
    ).order
    assert status_of(cancelled) == "ORDER_STATUS_CANCELLED"
    assert cancelled.cancel_reason == "changed my mind"
    assert cancelled == buyer.order(order_id).order
    poll.until(lambda: stock_of(souk, goods) == (5, 0, 0), 60, "the stock free again")
    error = refused(lambda: souk.mutate("order.CancelOrder", buyer.token, order_id=order_id))
    assert error.reason == "ILLEGAL_TRANSITION"
    error = refused(lambda: buyer.start_payment(placed.pay_order.pay_order_id))
    assert error.reason == "ILLEGAL_TRANSITION"


def test_one_of_two_orders_may_be_cancelled(souk: Souk, buyer: Buyer) -> None:
    one, two = put_on_sale(souk, price_minor=500), put_on_sale(souk, price_minor=700)
    placed = buyer.place((one, 1), (two, 1))
    souk.mutate("order.CancelOrder", buyer.token, order_id=placed.orders[0].order_id)
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    assert payment.amount.minor == 700
    tell(souk, payment)
    until_status(buyer, placed.orders[1].order_id, "COMPLETED")
    first = buyer.order(placed.orders[0].order_id).order
    assert status_of(first, "refund_status") == "REFUND_STATUS_NONE"


def test_a_paid_order_cannot_be_cancelled(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    order_id = buyer.buy((voucher, 1)).orders[0].order_id
    error = refused(lambda: souk.mutate("order.CancelOrder", buyer.token, order_id=order_id))
    assert error.reason == "ILLEGAL_TRANSITION"


def test_money_for_a_cancelled_order_is_recorded_to_go_back(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=5, price_minor=900)
    placed = buyer.place((goods, 2))
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    order_id = placed.orders[0].order_id
    souk.mutate("order.CancelOrder", buyer.token, order_id=order_id)
    for event_id in ("a", "b"):
        tell(souk, payment, event_id=f"{event_id}-{order_id}")
    order = buyer.order(order_id).order
    assert status_of(order) == "ORDER_STATUS_CANCELLED"
    assert status_of(order, "refund_status") == "REFUND_STATUS_PENDING"
    refunds = souk.sql("order", f"SELECT amount_minor FROM refund WHERE order_id = {order_id}")
    assert [row["amount_minor"] for row in refunds] == ["1800"]
    with souk.events("order.payment") as events:
        event = events.wait(
            lambda e: e.type == "payment.refund.recorded" and e.message.order_id == order_id
        )
        assert event.message.amount.minor == 1800
    poll.until(lambda: stock_of(souk, goods) == (5, 0, 0), 60, "the stock free again")


def test_money_for_goods_that_are_gone_is_recorded_to_go_back(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=5, price_minor=900)
    placed = buyer.place((goods, 2))
    order_id = placed.orders[0].order_id
    souk.mutate("inventory.ReleaseReservation", souk.service(), reservation_id=order_id)
    tell(souk, buyer.start_payment(placed.pay_order.pay_order_id))
    order = until_status(buyer, order_id, "CANCELLED")
    assert order.cancel_reason == "the goods are gone"
    assert status_of(order, "payment_status") == "PAYMENT_STATUS_PAID"
    assert status_of(order, "fulfilment_status") == "FULFILMENT_STATUS_FAILED"
    assert status_of(order, "refund_status") == "REFUND_STATUS_PENDING"
    refunds = souk.sql(
        "order", f"SELECT amount_minor, reason FROM refund WHERE order_id = {order_id}"
    )
    assert refunds == [{"amount_minor": "1800", "reason": "the goods are gone"}]
    with souk.events("order.order", "order.payment") as events:
        events.wait(lambda e: e.type == "order.cancelled" and e.message.order_id == order_id)
        event = events.wait(
            lambda e: e.type == "payment.refund.recorded" and e.message.order_id == order_id
        )
        paid = events.wait(lambda e: e.type == "payment.succeeded" and e.key == event.key)
        assert event.message.amount.minor == 1800
        assert event.message.version > paid.message.version
    assert stock_of(souk, goods) == (5, 0, 0)


def test_a_callback_that_comes_twice_pays_once(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=5)
    placed = buyer.place((goods, 1))
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    event_id = souk.request_id()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: tell(souk, payment, event_id=event_id), range(10)))
    until_status(buyer, placed.orders[0].order_id, "COMPLETED")
    assert stock_of(souk, goods) == (4, 0, 1)
    assert not souk.sql(
        "order", f"SELECT refund_id FROM refund WHERE payment_id = {payment.payment_id}"
    )


def test_two_payments_that_both_succeed_leave_one_to_go_back(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    placed = buyer.place((voucher, 1))
    by_card = buyer.start_payment(placed.pay_order.pay_order_id, "card")
    by_wallet = buyer.start_payment(placed.pay_order.pay_order_id, "wallet")
    assert by_card.payment_id != by_wallet.payment_id
    tell(souk, by_card)
    tell(souk, by_wallet)
    until_status(buyer, placed.orders[0].order_id, "COMPLETED")
    refunds = souk.sql(
        "order",
        f"SELECT payment_id, reason FROM refund WHERE order_id = {placed.orders[0].order_id}",
    )
    assert refunds == [{"payment_id": str(by_wallet.payment_id), "reason": "paid twice"}]


def test_a_payment_may_fail_and_then_succeed(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = buyer.place((voucher, 1))
    order_id = placed.orders[0].order_id
    tell(souk, buyer.start_payment(placed.pay_order.pay_order_id), "FAILED")
    failed = buyer.order(order_id).order
    assert status_of(failed, "payment_status") == "PAYMENT_STATUS_FAILED"
    assert status_of(failed) == "ORDER_STATUS_PENDING_PAYMENT"
    tell(souk, buyer.start_payment(placed.pay_order.pay_order_id))
    until_status(buyer, order_id, "COMPLETED")


def test_starting_a_payment_again_finds_the_same_payment(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    placed = buyer.place((voucher, 1))
    first = buyer.start_payment(placed.pay_order.pay_order_id)
    assert buyer.start_payment(placed.pay_order.pay_order_id).payment_id == first.payment_id
    shown = souk.call("order.GetPayment", buyer.token, payment_id=first.payment_id).payment
    assert status_of(shown) == "PAYMENT_STATUS_PENDING"


def test_a_payment_that_is_gone_back_to_is_under_way_again(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    placed = buyer.place((voucher, 1))
    pay_order_id, order_id = placed.pay_order.pay_order_id, placed.orders[0].order_id
    by_wallet = buyer.start_payment(pay_order_id, "wallet")
    tell(souk, buyer.start_payment(pay_order_id, "card"), "FAILED")
    assert buyer.start_payment(pay_order_id, "wallet").payment_id == by_wallet.payment_id
    shown = buyer.order(order_id)
    assert status_of(shown.order, "payment_status") == "PAYMENT_STATUS_PENDING"
    assert status_of(shown.pay_order) == "PAYMENT_STATUS_PENDING"
    tell(souk, by_wallet)
    until_status(buyer, order_id, "COMPLETED")


def test_a_payment_that_fails_leaves_another_under_way(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    placed = buyer.place((voucher, 1))
    pay_order_id, order_id = placed.pay_order.pay_order_id, placed.orders[0].order_id
    by_wallet = buyer.start_payment(pay_order_id, "wallet")
    by_card = buyer.start_payment(pay_order_id, "card")

    def shown() -> list[str]:
        answer = buyer.order(order_id)
        return [status_of(answer.order, "payment_status"), status_of(answer.pay_order)]

    tell(souk, by_card, "FAILED")
    assert shown() == ["PAYMENT_STATUS_PENDING"] * 2
    tell(souk, by_wallet, "FAILED")
    assert shown() == ["PAYMENT_STATUS_FAILED"] * 2


def test_every_event_of_a_pay_order_is_newer_than_the_one_before(souk: Souk, buyer: Buyer) -> None:
    """Two shops; three payments: one fails, one pays after an order was cancelled, one is late."""
    one, two = put_on_sale(souk, on_hand=5), put_on_sale(souk, on_hand=5)
    placed = buyer.place((one, 1), (two, 1))
    pay_order_id = placed.pay_order.pay_order_id
    payments = {how: buyer.start_payment(pay_order_id, how) for how in ("card", "wallet")}
    tell(souk, payments["card"], "FAILED")
    again = buyer.start_payment(pay_order_id, "card")
    souk.mutate("order.CancelOrder", buyer.token, order_id=placed.orders[1].order_id)
    tell(souk, payments["wallet"])
    tell(souk, again)
    with souk.events("order.payment") as events:
        events.wait(
            lambda e: e.type == "payment.succeeded" and e.message.payment_id == again.payment_id
        )
        mine = [e for e in events.seen if e.key == str(pay_order_id)]
    assert [e.type for e in mine] == [
        "payment.failed",
        "payment.refund.recorded",
        "payment.succeeded",
        "payment.refund.recorded",
        "payment.refund.recorded",
        "payment.succeeded",
    ]
    versions = [e.message.version for e in mine]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"secret": "not the provider's"}, ("UNAUTHENTICATED", "SIGNATURE_INVALID")),
        ({"at": 1_700_000_000}, ("UNAUTHENTICATED", "CALLBACK_TOO_OLD")),
        ({"minor": 1}, ("FAILED_PRECONDITION", "AMOUNT_MISMATCH")),
        ({"provider": "stranger"}, ("NOT_FOUND", "PROVIDER_UNKNOWN")),
        ({"status": "PERHAPS"}, ("INVALID_ARGUMENT", "CALLBACK_INVALID")),
    ],
)
def test_a_wrong_callback_changes_nothing(
    souk: Souk, buyer: Buyer, voucher: Goods, change: dict[str, Any], answer: tuple[str, str]
) -> None:
    placed = buyer.place((voucher, 1))
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    error = refused(lambda: tell(souk, payment, **change))
    assert (error.code, error.reason) == answer
    order = buyer.order(placed.orders[0].order_id).order
    assert status_of(order) == "ORDER_STATUS_PENDING_PAYMENT"
    tell(souk, payment)
    until_status(buyer, placed.orders[0].order_id, "COMPLETED")


def test_an_event_that_was_of_another_payment_is_no_repetition(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    """Were it taken for one, it would be answered OK and its money forgotten."""
    one, two = (buyer.place((voucher, 1)) for _ in range(2))
    paid, other = (buyer.start_payment(placed.pay_order.pay_order_id) for placed in (one, two))
    event_id = souk.request_id()
    tell(souk, paid, event_id=event_id)
    for again in (
        lambda: tell(souk, other, event_id=event_id),
        lambda: tell(souk, paid, "FAILED", event_id=event_id),
    ):
        error = refused(again)
        assert (error.code, error.reason) == ("INVALID_ARGUMENT", "CALLBACK_INVALID")
    tell(souk, other)
    for placed in (one, two):
        until_status(buyer, placed.orders[0].order_id, "COMPLETED")


def test_a_callback_for_no_payment_of_ours(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    payment = buyer.start_payment(buyer.place((voucher, 1)).pay_order.pay_order_id)
    payment.payment_id = 42
    assert refused(lambda: tell(souk, payment)).reason == "PAYMENT_UNKNOWN"


def test_the_signature_of_an_address_is_none_of_a_callback(
    souk: Souk, buyer: Buyer, voucher: Goods
) -> None:
    """Both are made with one secret; the customer sees the address."""
    placed = buyer.place((voucher, 1))
    started = souk.mutate(
        "order.StartPayment",
        buyer.token,
        pay_order_id=placed.pay_order.pay_order_id,
        method="card",
    )
    carried = dict(parse_qsl(urlsplit(started.payment_url).query))
    error = refused(
        lambda: souk.client("order").call(
            "order.HandlePaymentCallback",
            provider="sandbox",
            body={"data": f"{carried['currency']}.{carried['minor']}".encode()},
            headers={
                "x-souk-timestamp": carried["payment_id"],
                "x-souk-signature": carried["signature"],
            },
        )
    )
    assert (error.code, error.reason) == ("UNAUTHENTICATED", "SIGNATURE_INVALID")


def test_what_is_another_customers_is_not_there(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = buyer.place((voucher, 1))
    order_id = placed.orders[0].order_id
    payment = buyer.start_payment(placed.pay_order.pay_order_id)
    stranger = Buyer(souk)
    for action, reason in (
        (lambda: stranger.order(order_id), "ORDER_UNKNOWN"),
        (
            lambda: souk.call("order.ListOrderHistory", stranger.token, order_id=order_id),
            "ORDER_UNKNOWN",
        ),
        (
            lambda: souk.mutate("order.CancelOrder", stranger.token, order_id=order_id),
            "ORDER_UNKNOWN",
        ),
        (
            lambda: stranger.start_payment(placed.pay_order.pay_order_id),
            "PAY_ORDER_UNKNOWN",
        ),
        (
            lambda: souk.call("order.GetPayment", stranger.token, payment_id=payment.payment_id),
            "PAYMENT_UNKNOWN",
        ),
    ):
        error = refused(action)
        assert (error.code, error.reason) == ("NOT_FOUND", reason)
    assert not souk.call("order.ListOrders", stranger.token).orders
    assert souk.call("order.GetOrder", souk.operator(), order_id=order_id).order.user_id


def test_lists_go_page_by_page(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = [buyer.place((voucher, 1)).orders[0].order_id for _ in range(5)]
    seen: list[int] = []
    token = ""
    while True:
        page = souk.call("order.ListOrders", buyer.token, page_size=2, page_token=token)
        seen += [order.order_id for order in page.orders]
        assert all(len(order.lines) == 1 for order in page.orders)
        token = page.next_page_token
        if not token:
            break
    assert seen == placed[::-1]

    first = souk.call("order.ListOrders", buyer.token, page_size=2)
    error = refused(
        lambda: souk.call(
            "order.ListOrders",
            buyer.token,
            status="ORDER_STATUS_PAID",
            page_token=first.next_page_token,
        )
    )
    assert error.reason == "PAGE_TOKEN_INVALID"
    waiting = souk.call(
        "order.ListOrders", souk.operator(), user_id=buyer.user_id, status="ORDER_STATUS_CANCELLED"
    )
    assert not waiting.orders
    assert "user_id" in refused(lambda: souk.call("order.ListOrders", souk.operator())).fields
    stranger = Buyer(souk).token
    error = refused(
        lambda: souk.call(
            "order.ListOrders", stranger, page_size=2, page_token=first.next_page_token
        )
    )
    assert error.reason == "PAGE_TOKEN_INVALID"


def pages(souk: Souk, token: str, **filters: Any) -> list[int]:
    """A whole list, by pages of two."""
    seen: list[int] = []
    page_token = ""
    while True:
        page = souk.call("order.ListOrders", token, page_size=2, page_token=page_token, **filters)
        assert len(page.orders) <= 2
        seen += [order.order_id for order in page.orders]
        page_token = page.next_page_token
        if not page_token:
            return seen


def test_a_merchant_lists_the_orders_of_his_shop(souk: Souk, buyer: Buyer) -> None:
    mine, others = put_on_sale(souk), put_on_sale(souk)
    merchant, rival = souk.merchant(mine.shop_id), souk.merchant(souk.new_id())
    one = buyer.place((mine, 1), (others, 1)).orders[0].order_id
    two = Buyer(souk).buy((mine, 1)).orders[0].order_id
    three = buyer.place((mine, 2)).orders[0].order_id
    buyer.place((others, 1))
    until_status(buyer, one, "PENDING_PAYMENT")
    poll.until(
        lambda: pages(souk, merchant, status="ORDER_STATUS_COMPLETED") == [two], 60, "it completed"
    )
    assert pages(souk, merchant) == [three, two, one]
    assert pages(souk, merchant, status="ORDER_STATUS_PENDING_PAYMENT") == [three, one]
    assert pages(souk, merchant, user_id=buyer.user_id) == [three, one]
    assert pages(souk, merchant, shop_id=others.shop_id) == [three, two, one]
    assert pages(souk, rival) == []
    assert pages(souk, souk.operator(), shop_id=mine.shop_id) == [three, two, one]
    assert pages(souk, souk.operator(), shop_id=mine.shop_id, user_id=buyer.user_id) == [three, one]
    assert pages(souk, buyer.token, shop_id=mine.shop_id) == [three, one]
    assert pages(souk, buyer.token, user_id=1) == pages(souk, buyer.token)


def test_a_list_is_of_a_range_of_time(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk)
    first, second, third = (buyer.place((goods, 1)).orders[0] for _ in range(3))
    merchant = souk.merchant(goods.shop_id)
    for token in (buyer.token, merchant):
        since = pages(souk, token, create_time_from=second.create_time)
        assert since == [third.order_id, second.order_id]
        until = pages(souk, token, create_time_to=second.create_time)
        assert until == [first.order_id]
        between = {"create_time_from": first.create_time, "create_time_to": third.create_time}
        assert pages(souk, token, **between) == [second.order_id, first.order_id]
        waiting = {**between, "status": "ORDER_STATUS_PENDING_PAYMENT"}
        assert pages(souk, token, **waiting) == [second.order_id, first.order_id]
        assert pages(souk, token, create_time_to={"seconds": 0}) == []
        assert pages(souk, token, create_time_from={"seconds": 253402300799}) == []
        assert len(pages(souk, token, create_time_to={"seconds": 253402300799})) == 3


def test_a_list_does_not_shift_while_orders_come(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = [buyer.place((voucher, 1)).orders[0].order_id for _ in range(5)]
    seen: list[int] = []
    token = ""
    while True:
        page = souk.call("order.ListOrders", buyer.token, page_size=2, page_token=token)
        seen += [order.order_id for order in page.orders]
        token = page.next_page_token
        if not token:
            break
        buyer.place((voucher, 1))
    assert seen == placed[::-1]


def test_a_page_of_long_orders_is_shorter(souk: Souk, buyer: Buyer, voucher: Goods) -> None:
    placed = [buyer.place((voucher, 1)).orders[0].order_id for _ in range(12)]
    columns = "item_id, sku_id, snapshot_id, item_title, sku_title, quantity, base_minor"
    columns += ", adjustment_minor, total_minor, physical"
    for order_id in placed:
        souk.sql(
            "order",
            f"INSERT INTO order_line (order_id, line_no, {columns}) "
            f"SELECT order_id, seq, {columns} FROM order_line, seq_2_to_200 "
            f"WHERE order_id = {order_id}",
        )
    seen: list[int] = []
    token = ""
    while True:
        page = souk.call("order.ListOrders", buyer.token, page_size=200, page_token=token)
        assert 0 < sum(len(order.lines) for order in page.orders) <= 1000
        assert all(len(order.lines) == 200 for order in page.orders)
        seen += [order.order_id for order in page.orders]
        token = page.next_page_token
        if not token:
            break
    assert seen == placed[::-1]


def test_an_order_may_have_as_many_and_as_long_lines_as_the_contract_says(
    souk: Souk, buyer: Buyer
) -> None:
    lines = many_long_lines(souk)
    quote = souk.call(
        "pricing.CreateQuote",
        buyer.token,
        lines=[{"sku_id": line["sku_id"], "quantity": line["quantity"]} for line in lines],
    ).quote_token
    placed = souk.mutate("order.PlaceOrder", buyer.token, lines=lines, quote_token=quote)
    (order,) = placed.orders
    assert len(order.lines) == 200
    assert {len(line.item_title) for line in order.lines} == {200}
    with souk.events("order.order") as events:
        created = events.wait(lambda e: e.type == "order.created" and e.key == str(order.order_id))
        assert created.message.order == order


def many_long_lines(souk: Souk) -> list[dict[str, int]]:
    """200 SKUs of one shop whose titles are the longest there are."""
    shop_id, lines = souk.new_id(), []
    for _ in range(4):
        item = put_draft_on_sale(
            souk,
            {
                "title": "\U0001f381" * 200,
                "attributes": [
                    {"code": "face_value", "number": 100},
                    {"code": "valid_days", "number": 90},
                ],
                "skus": [
                    {
                        "sku_code": f"S{souk.new_id()}",
                        "title": "\U0001f381" * 200,
                        "base_price": {"currency": "EUR", "minor": 100},
                        "stock_model": "STOCK_MODEL_UNLIMITED",
                    }
                    for _ in range(50)
                ],
            },
            shop_id=shop_id,
        )
        lines += [
            {"item_id": item.item_id, "sku_id": sku.sku_id, "quantity": 1} for sku in item.skus
        ]
    return lines


def test_payment_and_cancel_at_once_leave_no_order_half_done(souk: Souk) -> None:
    goods = put_on_sale(souk, on_hand=40, price_minor=100)
    outcomes = set()
    for _ in range(12):
        buyer = Buyer(souk)
        placed = buyer.place((goods, 1))
        order_id = placed.orders[0].order_id
        payment = buyer.start_payment(placed.pay_order.pay_order_id)
        barrier = threading.Barrier(2)

        def pay(barrier: threading.Barrier = barrier, payment: Any = payment) -> None:
            barrier.wait()
            tell(souk, payment)

        def cancel(
            barrier: threading.Barrier = barrier, buyer: Buyer = buyer, order_id: int = order_id
        ) -> None:
            barrier.wait()
            try:
                souk.mutate("order.CancelOrder", buyer.token, order_id=order_id)
            except Refused as error:
                assert error.reason == "ILLEGAL_TRANSITION"

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(pay), pool.submit(cancel)]:
                future.result()

        def ended(buyer: Buyer = buyer, order_id: int = order_id) -> Any:
            order = buyer.order(order_id).order
            return order if order.status in (5, 6) else None

        order = poll.until(ended, 60, "the order to end")
        refunds = souk.sql("order", f"SELECT refund_id FROM refund WHERE order_id = {order_id}")
        cancelled = status_of(order) == "ORDER_STATUS_CANCELLED"
        assert len(refunds) == (1 if cancelled else 0)
        outcomes.add(cancelled)
    sold = 40 - stock_of(souk, goods)[0]
    poll.until(lambda: stock_of(souk, goods)[1] == 0, 60, "no hold left")
    assert stock_of(souk, goods)[2] == 40 - stock_of(souk, goods)[0] <= sold
    assert outcomes


def test_the_time_to_pay_is_no_longer_than_inventory_holds(souk: Souk) -> None:
    service = souk.stack.services["order"]
    for seconds, exit_code in ((85_800, 0), (85_801, 2)):
        done = subprocess.run(
            [service.binary, "--print-config"],
            env={**service.environment(), "SOUK_PAYMENT_TIMEOUT_S": str(seconds)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == exit_code
