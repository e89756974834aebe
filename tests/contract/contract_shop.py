"""A shop with something wrong in every corner: what bad requests are bad about."""

import base64
import hashlib
import hmac
import time
from typing import Any

from contract_examples import Place
from contract_world import World
from soukdev import poll
from soukdev.goods import Goods, put_on_sale
from soukdev.refusal import Refused


class Shop:
    """What bad requests are bad about: made once, and at rest when the rows begin."""

    def __init__(self, world: World) -> None:
        self.world, self.souk = world, world.souk
        self.place = place = Place(world.souk)
        self.goods = place.goods
        self.other = put_on_sale(self.souk)
        self.yen = put_on_sale(self.souk, currency="JPY")
        self.shirt = place.shirt
        self.offline = put_on_sale(self.souk)
        self.offline_quote = self.quote(self.offline)
        self.offline_version = self._take_off(self.offline)
        self.category_id = self._closed_category()
        self.listing, self.waiting = place.drafted(), place.submitted()
        self.sku_id = place.stocked_sku()
        self.priced_sku_id, self.twice_priced_sku_id = place.priced_sku(), place.priced_sku()
        again = place.price(self.twice_priced_sku_id) | {"version": 1}
        self.souk.mutate("pricing.SetPrice", place.merchant, **again)
        self.cart_token, _, self.cart = place.cart()
        self.full_cart_token = self._full_cart()
        self.redeemed = place.order()
        self.souk.mutate("order.PlaceOrder", place.customer, **self.redeemed)
        self.paid_order_id = self._paid()
        self.cancelled_payment = self._cancelled()
        self.payment = place.started_payment()

    def quote(self, *goods: Goods, token: str = "") -> str:
        answer = self.souk.call(
            "pricing.CreateQuote",
            token or self.place.customer,
            lines=[one.quote_line() for one in goods],
        )
        return str(answer.quote_token)

    def order(self, goods: Goods, quote_token: str = "", **fields: Any) -> dict[str, Any]:
        return {
            "lines": [goods.line()],
            "quote_token": quote_token or self.quote(goods),
            **fields,
        }

    def expired_quote(self) -> str:
        """As svc-pricing signed it, some time ago."""
        raw = base64.urlsafe_b64decode(_padded(self.quote(self.goods)))
        quote = self.world.contracts.message("souk.pricing.v1.Quote").FromString(raw[1:-32])
        quote.expire_time.seconds = int(time.time()) - 1
        signed = raw[:1] + quote.SerializeToString()
        secret = self.souk.stack.keys.quote_secret_file.read_bytes().strip()
        mac = hmac.new(secret, signed, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(signed + mac).rstrip(b"=").decode()

    def altered_quote(self) -> str:
        """One bit of the price."""
        raw = bytearray(base64.urlsafe_b64decode(_padded(self.quote(self.goods))))
        raw[len(raw) // 2] ^= 1
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def page_token(self, method: str, token: str, **fields: Any) -> str:
        """Of a list that has a second page. A list may be asked for again when it took too long."""

        def first() -> Any:
            try:
                return self.souk.call(method, token, page_size=1, **fields)
            except Refused as refused:
                assert refused.code == "DEADLINE_EXCEEDED", refused
                return None

        answer = poll.until(first, 60, "the first page")
        assert answer.next_page_token
        return str(answer.next_page_token)

    def tell(self, payment: Any, **bent: Any) -> None:
        fields, headers = self.place.callback(payment, **bent)
        client = self.souk.client("order")
        client.call("order.HandlePaymentCallback", headers=headers, **fields)

    def await_paid(self, payment: Any) -> int:
        """Until the payment's order is completed; its id. Paid once: one event, nothing back."""
        where = f"WHERE pay_order_id = {payment.pay_order_id}"
        found = self.souk.sql("order", f"SELECT order_id FROM orders {where}")
        order_id = int(found[0]["order_id"])

        def completed() -> bool:
            asked = self.souk.call("order.GetOrder", self.place.customer, order_id=order_id)
            return bool(asked.order.status == 5)

        poll.until(completed, 60, "the order's completion")
        assert not self.souk.sql("order", f"SELECT refund_id FROM refund {where}")
        return order_id

    def half_done_orders(self) -> set[int]:
        """Pay orders that have a quote and no orders, as a refused one may not."""
        redeemed = self.souk.sql(
            "pricing",
            "SELECT active_pay_order_id FROM redemption "
            f"WHERE user_id = {self.place.user_id} AND active_pay_order_id IS NOT NULL",
        )
        placed = self.souk.sql("order", "SELECT pay_order_id FROM pay_order")
        known = {int(row["pay_order_id"]) for row in placed}
        return {int(row["active_pay_order_id"]) for row in redeemed} - known

    def payment_of(self, pay_order: Any) -> Any:
        """As soon as it is in the database."""
        where = f"WHERE pay_order_id = {pay_order.pay_order_id}"
        found = self.souk.sql("order", f"SELECT payment_id FROM payment {where}")
        return found and self.world.contracts.message("souk.order.v1.Payment")(
            payment_id=int(found[0]["payment_id"]),
            pay_order_id=pay_order.pay_order_id,
            amount=pay_order.total,
        )

    def close(self) -> None:
        """Categories are everybody's."""
        self.souk.sql("listing", f"DELETE FROM category WHERE category_id = {self.category_id}")

    def _take_off(self, goods: Goods) -> int:
        item = self.souk.call("listing.GetItem", self.place.operator, item_id=goods.item_id).item
        fields = {
            "item_id": goods.item_id,
            "version": item.version,
            "status": "ITEM_STATUS_OFFLINE",
        }
        moved = self.souk.mutate("listing.ChangeItemStatus", self.place.operator, **fields)
        return int(moved.item.version)

    def _closed_category(self) -> int:
        category_id = self.souk.new_id()
        self.souk.sql(
            "listing",
            "INSERT INTO category (category_id, code, name, parent_id, level, sort_order, physical,"
            f" active) VALUES ({category_id}, 'C{category_id}', 'closed', 0, 1, 0, 0, 0)",
        )
        return category_id

    def _full_cart(self) -> str:
        """200 lines, by rows: so many goods are not put on sale."""
        user_id = self.souk.new_id()
        token = self.souk.customer(user_id)
        self.souk.mutate("cart.AddItem", token, **self.other.line())
        columns = self.souk.sql("cart", "SELECT * FROM cart_line LIMIT 1")[0]
        names = [name for name in columns if name not in ("sku_id", "user_id")]
        copied = ", ".join(names)
        self.souk.sql(
            "cart",
            f"INSERT INTO cart_line (user_id, sku_id, {copied}) SELECT user_id, seq, {copied} "
            f"FROM cart_line JOIN seq_1_to_199 WHERE user_id = {user_id}",
        )
        return token

    def _paid(self) -> int:
        placed = self.place.placed()
        fields = {"pay_order_id": placed.pay_order.pay_order_id, "method": "card"}
        payment = self.souk.mutate("order.StartPayment", self.place.customer, **fields).payment
        self.tell(payment)
        return self.await_paid(payment)

    def _cancelled(self) -> Any:
        placed = self.place.placed()
        fields = {"pay_order_id": placed.pay_order.pay_order_id, "method": "card"}
        payment = self.souk.mutate("order.StartPayment", self.place.customer, **fields).payment
        order_id = placed.orders[0].order_id
        self.souk.mutate("order.CancelOrder", self.place.customer, order_id=order_id)
        return payment


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
