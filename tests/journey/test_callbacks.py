"""A payment provider as providers are: late, twice, in the wrong order, mistaken."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
import requests
from journey_kit import Market, Stock, status_of
from soukdev.json_client import refusal_of
from soukdev.market import Customer
from soukdev.market.customer import visit
from soukdev.market.goods import Json
from soukdev.poll import until


def ordered(market: Market) -> tuple[Customer, Json, Json, Any]:
    """A customer, his order, its payment that was started, and the goods."""
    goods, customer = market.goods(price="8.00 EUR"), market.customer()
    placed = customer.order([goods.line()])
    started = customer.start_payment(placed["pay_order"]["pay_order_id"])
    return customer, placed["orders"][0], started, goods


@pytest.mark.parametrize(
    ("plan", "tellings"),
    [
        ({"times": 2, "every_ms": 200}, 2),
        ({"times": 10}, 10),
        ({"say": "SUCCEEDED,SUCCEEDED"}, 2),
        ({"say": "FAILED,SUCCEEDED"}, 2),
        ({"say": "SUCCEEDED,FAILED"}, 2),
        ({"say": "SUCCEEDED,FAILED,SUCCEEDED", "times": 3}, 9),
        ({"delay_ms": 500}, 1),
    ],
    ids=str,
)
def test_however_it_is_told_the_order_is_paid_once(
    market: Market, plan: dict[str, Any], tellings: int
) -> None:
    customer, order, started, goods = ordered(market)
    visit(started["payment_url"], **plan)
    sent = market.await_sent(started["payment"]["payment_id"], tellings)
    assert {one["answer"] for one in sent if one["last"]} == {200}
    order = customer.await_order(order["order_id"], "COMPLETED")
    assert order["payment_status"] == "PAYMENT_STATUS_PAID"
    assert order["refund_status"] == "REFUND_STATUS_NONE"
    assert market.stock(goods) == Stock(9, 0, 1)
    assert market.refunds(order) == []
    paid = [
        change for change in customer.history(order["order_id"]) if change["to_status"] == "PAID"
    ]
    assert sorted(change["machine"] for change in paid) == ["order", "payment"]


def test_a_payment_that_failed_can_be_tried_again(market: Market) -> None:
    customer, order, started, goods = ordered(market)
    visit(started["payment_url"], say="FAILED")
    market.await_sent(started["payment"]["payment_id"], 1)
    seen = customer.get_order(order["order_id"])
    assert (status_of(seen), seen["payment_status"]) == (
        "PENDING_PAYMENT",
        "PAYMENT_STATUS_FAILED",
    )
    assert market.stock(goods) == Stock(9, 1, 0)
    second = customer.pay(order["pay_order_id"])
    assert second["payment_id"] != started["payment"]["payment_id"]
    customer.await_order(order["order_id"], "COMPLETED")


def test_two_payments_for_one_order_and_one_of_them_goes_back(market: Market) -> None:
    customer, order, card, goods = ordered(market)
    wallet = customer.start_payment(order["pay_order_id"], "wallet")
    for started in (card, wallet):
        visit(started["payment_url"])
        market.await_sent(started["payment"]["payment_id"], 1)
    customer.await_order(order["order_id"], "COMPLETED")
    assert market.refunds(order) == [800]
    assert market.stock(goods) == Stock(9, 0, 1)


def call_back(
    market: Market, started: Json, *, secret: bytes | None = None, age_s: int = 0, **bent: Any
) -> str:
    """What the shop answers: "200", or a refusal's code and reason."""
    stack = market.souk.stack
    assert stack.gateway
    told = {
        "event_id": f"by-hand-{market.souk.new_id()}",
        "payment_id": started["payment"]["payment_id"],
        "status": "SUCCEEDED",
        "amount": {"currency": "EUR", "minor": 800},
        **bent,
    }
    body = json.dumps(told).encode()
    timestamp = str(int(time.time()) - age_s)
    key = secret or stack.keys.payment_secret_file.read_bytes()
    signature = hmac.new(key, f"callback.{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    url = f"{stack.gateway.url}/v1/payments/sandbox/callback"
    headers = {
        "content-type": "application/json",
        "x-souk-timestamp": timestamp,
        "x-souk-signature": signature,
    }

    def told_once() -> tuple[requests.Response] | None:
        # As a provider does: again, while nobody knows how it ended.
        answer = requests.post(url, body, headers=headers, timeout=20)
        return None if answer.status_code in (503, 504) else (answer,)

    (answer,) = until(told_once, 60, "an answer to the callback", every_s=0.1)
    if answer.ok:
        return str(answer.status_code)
    refused = refusal_of(answer)
    return f"{refused.code} {refused.reason}"


@pytest.mark.parametrize(
    ("bent", "answer"),
    [
        ({"secret": b"somebody else's"}, "UNAUTHENTICATED SIGNATURE_INVALID"),
        ({"age_s": 600}, "UNAUTHENTICATED CALLBACK_TOO_OLD"),
        ({"amount": {"currency": "EUR", "minor": 1}}, "FAILED_PRECONDITION AMOUNT_MISMATCH"),
        ({"amount": {"currency": "CNY", "minor": 800}}, "FAILED_PRECONDITION AMOUNT_MISMATCH"),
        ({"payment_id": "1"}, "NOT_FOUND PAYMENT_UNKNOWN"),
        ({"status": "PERHAPS"}, "INVALID_ARGUMENT CALLBACK_INVALID"),
    ],
    ids=str,
)
def test_what_the_provider_would_not_say_changes_nothing(
    market: Market, bent: dict[str, Any], answer: str
) -> None:
    customer, order, started, goods = ordered(market)
    assert call_back(market, started, **bent) == answer
    seen = customer.get_order(order["order_id"])
    assert seen["payment_status"] == "PAYMENT_STATUS_PENDING"
    assert market.stock(goods) == Stock(9, 1, 0)
    assert call_back(market, started) == "200"
    customer.await_order(order["order_id"], "COMPLETED")
