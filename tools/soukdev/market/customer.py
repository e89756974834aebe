"""A customer: looks, orders, pays."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import requests

from soukdev.market.goods import Json
from soukdev.poll import until
from soukdev.souk import Souk


class Customer:
    """One user at one stack. Lines are {"item_id", "sku_id", "quantity"}."""

    def __init__(self, souk: Souk, user_id: int | None = None) -> None:
        self._souk = souk
        self.user_id = user_id or souk.new_id()
        self.api = souk.json(souk.customer(self.user_id))

    def search(self, query: str = "", **filters: Any) -> Json:
        """As anybody; the answer of /v1/search."""
        answer: Json = self.api.get("/v1/search", query=query, **filters)
        return answer

    def search_fresh(self, query: str = "", **filters: Any) -> Json:
        """As search, with the prices and stock of now."""
        return _whole(lambda: self.search(query, **filters), f"a whole answer to {query}")

    def add(self, line: Json) -> Json:
        """Into the cart."""
        cart: Json = self._change("/v1/cart/lines", **line)["cart"]
        return cart

    def cart(self) -> Json:
        cart: Json = self.api.get("/v1/cart")
        return cart

    def cart_fresh(self) -> Json:
        """As cart, with all that others know of its lines."""
        return _whole(self.cart, "a whole cart")

    def quote(self, lines: Sequence[Json]) -> Json:
        """{"quote", "quote_token"}"""
        wanted = [{"sku_id": line["sku_id"], "quantity": line["quantity"]} for line in lines]
        answer: Json = self.api.post("/v1/quotes", lines=wanted)
        return answer

    def place(
        self, lines: Sequence[Json], quote_token: str, request_id: str | None = None, **more: Any
    ) -> Json:
        """{"orders", "pay_order"}"""
        return self._change(
            "/v1/orders", request_id, lines=list(lines), quote_token=quote_token, **more
        )

    def order(self, lines: Sequence[Json], **more: Any) -> Json:
        """Quote and order in one go."""
        return self.place(lines, self.quote(lines)["quote_token"], **more)

    def get_order(self, order_id: str) -> Json:
        order: Json = self.api.get(f"/v1/orders/{order_id}")["order"]
        return order

    def history(self, order_id: str) -> list[Json]:
        changes: list[Json] = self.api.get(f"/v1/orders/{order_id}/history")["changes"]
        return changes

    def cancel(self, order_id: str, reason: str = "changed my mind") -> Json:
        order: Json = self._change(f"/v1/orders/{order_id}:cancel", reason=reason)["order"]
        return order

    def confirm_receipt(self, order: Json) -> Json:
        """Of the order as he saw it."""
        path = f"/v1/orders/{order['order_id']}:confirmReceipt"
        done: Json = self._change(path, version=order["version"])["order"]
        return done

    def start_payment(self, pay_order_id: str, method: str = "card") -> Json:
        """{"payment", "payment_url"}"""
        return self._change("/v1/payments", pay_order_id=pay_order_id, method=method)

    def pay(self, pay_order_id: str, **plan: Any) -> Json:
        """Starts to pay and goes to the provider; plan: how that ends (soukdev.payments.plan)."""
        started = self.start_payment(pay_order_id)
        visit(started["payment_url"], **plan)
        payment: Json = started["payment"]
        return payment

    def get_payment(self, payment_id: str) -> Json:
        payment: Json = self.api.get(f"/v1/payments/{payment_id}")["payment"]
        return payment

    def await_order(self, order_id: str, status: str, timeout_s: float = 60) -> Json:
        """Until the order has this status: COMPLETED."""

        def there() -> Json | None:
            order = self.get_order(order_id)
            return order if order["status"] == f"ORDER_STATUS_{status}" else None

        return until(there, timeout_s, f"order {order_id} {status}", every_s=0.02)

    def _change(self, path: str, request_id: str | None = None, **body: Any) -> Json:
        answer: Json = self.api.post(path, request_id=request_id or self._souk.request_id(), **body)
        return answer


def _whole(ask: Callable[[], Json], what: str) -> Json:
    """Asks again where a busy machine is slower than an answer waits for its parts."""

    def whole() -> Json | None:
        answer = ask()
        return None if answer["partial"] else answer

    return until(whole, 30, what, every_s=0.05)


def visit(payment_url: str, **plan: Any) -> Json:
    """What the customer's browser does: the provider's answer. An address is good as it came."""
    address = f"{payment_url}&{urlencode(plan)}" if plan else payment_url
    with requests.Session() as browser:
        browser.trust_env = False
        answer = browser.get(address, timeout=10)
    answer.raise_for_status()
    told: Json = answer.json()
    return told


def line(item: Json, sku_index: int = 0, quantity: int = 1) -> Json:
    """An order line of an item as GetItem shows it."""
    sku_id = item["skus"][sku_index]["sku_id"]
    return {"item_id": item["item_id"], "sku_id": sku_id, "quantity": str(quantity)}
