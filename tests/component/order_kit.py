"""Customers who order at svc-order, and the provider who tells of their money."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from soukdev import poll
from soukdev.goods import Goods
from soukdev.refusal import Refused
from soukdev.souk import Souk

ADDRESS = {
    "recipient": "Ada",
    "phone": "+49 30 1",
    "country": "DE",
    "city": "Berlin",
    "address_lines": ["Street 1"],
}


class Buyer:
    """A customer of his own, and the steps he takes."""

    def __init__(self, souk: Souk) -> None:
        self.souk = souk
        self.user_id = souk.new_id()
        self.token = souk.customer(self.user_id)

    def quote(self, *lines: tuple[Goods, int]) -> str:
        answer = self.souk.call(
            "pricing.CreateQuote",
            self.token,
            lines=[goods.quote_line(quantity) for goods, quantity in lines],
        )
        return str(answer.quote_token)

    def place(self, *lines: tuple[Goods, int], **fields: Any) -> Any:
        fields.setdefault("quote_token", self.quote(*lines))
        return self.souk.mutate(
            "order.PlaceOrder",
            self.token,
            lines=[goods.line(quantity) for goods, quantity in lines],
            **fields,
        )

    def order(self, order_id: int) -> Any:
        return self.souk.call("order.GetOrder", self.token, order_id=order_id)

    def start_payment(self, pay_order_id: int, method: str = "card") -> Any:
        return self.souk.mutate(
            "order.StartPayment", self.token, pay_order_id=pay_order_id, method=method
        ).payment

    def buy(self, *lines: tuple[Goods, int]) -> Any:
        """Places and pays; the placed answer."""
        placed = self.place(*lines)
        payment = self.start_payment(placed.pay_order.pay_order_id)
        tell(self.souk, payment)
        return placed


def tell(
    souk: Souk,
    payment: Any,
    status: str = "SUCCEEDED",
    *,
    event_id: str | None = None,
    minor: int | None = None,
    secret: str | None = None,
    at: int | None = None,
    provider: str = "sandbox",
) -> None:
    """The provider's callback."""
    body = json.dumps(
        {
            "event_id": event_id or souk.request_id(),
            "payment_id": str(payment.payment_id),
            "status": status,
            "amount": {
                "currency": payment.amount.currency,
                "minor": payment.amount.minor if minor is None else minor,
            },
        }
    ).encode()
    stamp = str(at or int(time.time()))
    key = secret or souk.stack.keys.payment_secret_file.read_text().strip()
    signature = hmac.new(
        key.encode(), f"callback.{stamp}.".encode() + body, hashlib.sha256
    ).hexdigest()
    souk.client("order").call(
        "order.HandlePaymentCallback",
        provider=provider,
        body={"content_type": "application/json", "data": body},
        headers={"x-souk-timestamp": stamp, "x-souk-signature": signature},
    )


def stock_of(souk: Souk, goods: Goods) -> tuple[int, int, int]:
    stock = souk.call("inventory.GetStock", souk.operator(), sku_id=goods.sku_id).stock
    return stock.free, stock.held, stock.sold


def refused(action: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value


def answer_of(place: Callable[[], Any]) -> Any:
    """Of a request that may be under way already: asked again until it is answered."""

    def answer() -> Any:
        try:
            return place()
        except Refused as told:
            if told.reason != "REQUEST_IN_PROGRESS":
                raise
            return None

    return poll.until(answer, 60, "the answer", every_s=0.1)


def status_of(message: Any, field: str = "status") -> str:
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(value[getattr(message, field)].name)


def until_status(buyer: Buyer, order_id: int, status: str) -> Any:
    def there() -> Any:
        order = buyer.order(order_id).order
        return order if status_of(order) == f"ORDER_STATUS_{status}" else None

    return poll.until(there, 60, f"order {status}")
