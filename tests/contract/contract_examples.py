"""A request that succeeds, for every method: what has to be there before it, and who is a stranger.

A method that the contract gets and this file does not know fails the suite: write a function for it
and mark it with @example. The function is called for each request that has to succeed anew, so what
it makes belongs to that one request.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from soukdev import poll
from soukdev.goods import Goods, put_on_sale
from soukdev.refusal import Refused
from soukdev.souk import Souk

_DEAL, _PACKAGE = 1, 1200
_FULFILLING = 4
# A hold that ran out would write meanwhile.
_LONGER_THAN_A_RUN_S = 4 * 3600
ADDRESS = {
    "recipient": "Ada",
    "phone": "+49 30 1",
    "country": "DE",
    "city": "Berlin",
    "address_lines": ["Street 1"],
}


@dataclass(frozen=True)
class Stranger:
    """Somebody else of the same role, and what he is told.

    outcome: "NOT_FOUND ORDER_UNKNOWN", and then he is told the same of what is not there at all;
    "OK" where there is nothing to hide, or where he only reaches what is his own.
    hidden: fields of the answer, at any depth, that read 0 to him.
    """

    token: str
    outcome: str
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Example:
    """fields: of the request, without request_id. strangers: by role, in the contract's words.

    other: fields that make it another request, where one number more would be refused for itself.
    """

    token: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    strangers: Mapping[str, Stranger] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)


class Place:
    """What examples share: a shop with goods, its people, and strangers to all of it."""

    def __init__(self, souk: Souk) -> None:
        self.souk = souk
        self.shop_id, self.supplier_id, self.user_id = (souk.new_id() for _ in range(3))
        self.operator = souk.operator()
        self.merchant = souk.merchant(self.shop_id)
        self.customer = souk.customer(self.user_id)
        # Of somebody else, each.
        mint, new_id = souk.stack.keys.mint, souk.new_id
        self.tokens: Mapping[str, str] = {
            "CUSTOMER": mint(new_id(), "customer"),
            "MERCHANT": mint(new_id(), "merchant", shop_id=new_id()),
            "SUPPLIER": mint(new_id(), "supplier", supplier_id=new_id()),
            "OPERATOR": mint(new_id(), "operator"),
            # For the whole run, which may take longer than a service's own token lasts.
            "SERVICE": souk.stack.keys.mint_service("order", ttl_s=3600),
        }

    @cached_property
    def goods(self) -> Goods:
        """A voucher that is never sold out here."""
        return put_on_sale(self.souk, on_hand=1_000_000, shop_id=self.shop_id)

    def strangers(self, outcome: str, *roles: str, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
        return {r: Stranger(self.tokens[r], outcome, frozenset(hidden)) for r in roles}

    def stocked_sku(self) -> int:
        sku_id = self.souk.new_id()
        self.souk.mutate("inventory.SetStock", self.souk.service("listing"), **self.stock(sku_id))
        return sku_id

    def stock(self, sku_id: int) -> dict[str, Any]:
        return {
            "sku_id": sku_id,
            "model": "STOCK_MODEL_QUANTITY",
            "on_hand": 10,
            "shop_id": self.shop_id,
            "supplier_id": self.supplier_id,
        }

    def reserved(self) -> int:
        fields = self.reservation()
        self.souk.mutate("inventory.ReserveStock", self.souk.service(), **fields)
        return int(fields["reservation_id"])

    def reservation(self) -> dict[str, Any]:
        lines = [{"sku_id": self.stocked_sku(), "quantity": 2}]
        return {
            "reservation_id": self.souk.new_id(),
            "order_id": self.souk.new_id(),
            "lines": lines,
            "hold_ttl_s": _LONGER_THAN_A_RUN_S,
        }

    def drafted(self, token: str = "") -> Any:
        """The merchant's listing, or whose token is given."""
        fields = {"category_id": _PACKAGE, "source": "SOURCE_TYPE_MERCHANT_PORTAL"}
        created = self.souk.mutate(
            "listing.CreateListing", token or self.merchant, draft=package(), **fields
        )
        return created.listing

    def submitted(self) -> Any:
        """Waits for a reviewer."""
        made = self.drafted()
        fields = {"listing_id": made.listing_id, "version": made.version}
        return self.souk.mutate("listing.SubmitListing", self.merchant, **fields).listing

    def cart(self) -> tuple[str, int, Any]:
        """A customer of his own: token, id, and a cart with one line."""
        user_id = self.souk.new_id()
        token = self.souk.customer(user_id)
        line = self.goods.line(2)
        return token, user_id, self.souk.mutate("cart.AddItem", token, **line).cart

    def priced_sku(self) -> int:
        sku_id = self.souk.new_id()
        self.souk.mutate("pricing.SetPrice", self.souk.service("listing"), **self.price(sku_id))
        return sku_id

    def price(self, sku_id: int) -> dict[str, Any]:
        return {
            "sku_id": sku_id,
            "kind": "PRICE_KIND_BASE",
            "amount": {"currency": "EUR", "minor": 1250},
            "shop_id": self.shop_id,
            "supplier_id": self.supplier_id,
        }

    def quote_token(self) -> str:
        lines = [self.goods.quote_line(2)]
        return str(self.souk.call("pricing.CreateQuote", self.customer, lines=lines).quote_token)

    def redemption(self) -> dict[str, Any]:
        return {
            "redemption_id": self.souk.new_id(),
            "pay_order_id": self.souk.new_id(),
            "user_id": self.user_id,
            "quote_token": self.quote_token(),
        }

    def order(self) -> dict[str, Any]:
        return {"lines": [self.goods.line(2)], "quote_token": self.quote_token()}

    def placed(self) -> Any:
        return self.souk.mutate("order.PlaceOrder", self.customer, **self.order())

    def started_payment(self, placed: Any = None) -> Any:
        """Of an order of its own unless one is given."""
        pay_order_id = (placed or self.placed()).pay_order.pay_order_id
        fields = {"pay_order_id": pay_order_id, "method": "card"}
        return self.souk.mutate("order.StartPayment", self.customer, **fields).payment

    @cached_property
    def shirt(self) -> Goods:
        """Has to be shipped."""
        return put_on_sale(self.souk, on_hand=1_000_000, shop_id=self.shop_id, physical=True)

    def paid_shirt(self) -> Any:
        """An order that waits for its shipment."""
        lines = [self.shirt.quote_line()]
        quote = self.souk.call("pricing.CreateQuote", self.customer, lines=lines).quote_token
        order = {"lines": [self.shirt.line()], "quote_token": quote, "address": ADDRESS}
        placed = self.souk.mutate("order.PlaceOrder", self.customer, **order)
        fields, headers = self.callback(self.started_payment(placed))
        self.souk.call("order.HandlePaymentCallback", None, headers=headers, **fields)
        ask = {"order_id": placed.orders[0].order_id}

        def waits() -> Any:
            seen = self.souk.call("order.GetOrder", self.customer, **ask).order
            return seen if seen.status == _FULFILLING else None

        return poll.until(waits, 60, "the order paid")

    def callback(self, payment: Any, **bent: Any) -> tuple[dict[str, Any], dict[str, str]]:
        """Fields and headers of the provider's word; bent: secret, age_s, minor, status ..."""
        told = {
            "event_id": bent.get("event_id") or self.souk.request_id(),
            "payment_id": str(bent.get("payment_id", payment.payment_id)),
            "status": bent.get("status", "SUCCEEDED"),
            "amount": {
                "currency": bent.get("currency", payment.amount.currency),
                "minor": bent.get("minor", payment.amount.minor),
            },
        }
        body = bent.get("body", json.dumps(told).encode())
        stamp = str(bent.get("stamp", int(time.time()) - bent.get("age_s", 0)))
        key = bent.get("secret") or self.souk.stack.keys.payment_secret_file.read_bytes()
        signature = hmac.new(key, f"callback.{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        fields = {
            "provider": "sandbox",
            "body": {"content_type": "application/json", "data": body},
        }
        return fields, {"x-souk-timestamp": stamp, "x-souk-signature": signature}

    def saga_id(self) -> int:
        """Of one that nobody knows how to go on with, so it stays as it is."""
        saga_id = self.souk.new_id()
        self.souk.sql(
            "order",
            "INSERT INTO saga (id, kind, phase, active, state, owner, until_at, deadline_at, "
            f"created_at, updated_at) VALUES ({saga_id}, 'contract_example', 1, 1, '', '', "
            "UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) + INTERVAL 1 DAY, "
            "UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
        )
        return saga_id

    def end_sagas(self) -> None:
        """Of examples that are over, so that everything can be at rest."""
        self.souk.sql("order", "DELETE FROM saga WHERE kind = 'contract_example'")


_Make = Callable[[Place], Example]
EXAMPLES: dict[str, _Make] = {}


def example(*methods: str) -> Callable[[_Make], _Make]:
    def remember(make: _Make) -> _Make:
        EXAMPLES.update(dict.fromkeys(methods, make))
        return make

    return remember


def package() -> dict[str, Any]:
    """A merchant's goes before a reviewer, whom the machine would not contradict."""
    pot, meat = (
        {"name": "锅底", "quantity": 1, "price": 5800},
        {"name": "肉", "quantity": 2, "price": 3800},
    )
    return {
        "title": "双人火锅套餐",
        "attributes": [
            {"code": "sub_items", "json": json.dumps([pot, meat])},
            {"code": "valid_days", "number": 30},
        ],
        "skus": [
            {
                "sku_code": "P1",
                "title": "双人",
                "base_price": {"currency": "CNY", "minor": 9900},
                "stock_model": "STOCK_MODEL_QUANTITY",
                "stock_quantity": 10,
            }
        ],
    }


_SELLERS = ("MERCHANT", "SUPPLIER")
_PUBLIC = ("CUSTOMER", *_SELLERS)


@example("cart.AddItem")
def _add_item(place: Place) -> Example:
    token = place.souk.customer()
    return Example(token, place.goods.line(2), strangers=place.strangers("OK", "CUSTOMER"))


@example("cart.UpdateItem")
def _update_item(place: Place) -> Example:
    token, _, cart = place.cart()
    fields = {"sku_id": place.goods.sku_id, "quantity": 3, "version": cart.version}
    strangers = place.strangers("ABORTED VERSION_MISMATCH", "CUSTOMER")
    return Example(token, fields, strangers=strangers)


@example("cart.RemoveItem")
def _remove_item(place: Place) -> Example:
    token, _, cart = place.cart()
    fields = {"sku_id": place.goods.sku_id, "version": cart.version}
    strangers = place.strangers("ABORTED VERSION_MISMATCH", "CUSTOMER")
    return Example(token, fields, strangers=strangers)


@example("cart.SelectItems")
def _select_items(place: Place) -> Example:
    token, _, cart = place.cart()
    fields = {"sku_ids": [place.goods.sku_id], "version": cart.version}
    strangers = place.strangers("ABORTED VERSION_MISMATCH", "CUSTOMER")
    return Example(token, fields, strangers=strangers)


@example("cart.GetCart")
def _get_cart(place: Place) -> Example:
    return Example(place.cart()[0])


@example("cart.ClearCart")
def _clear_cart(place: Place) -> Example:
    token, user_id, _ = place.cart()
    refused = place.strangers("INVALID_ARGUMENT INVALID_FIELD", "CUSTOMER")
    return Example(token, {"user_id": user_id}, strangers=refused)


@example("inventory.SetStock")
def _set_stock(place: Place) -> Example:
    sku_id = place.stocked_sku()
    fields = {"sku_id": sku_id, "model": "STOCK_MODEL_QUANTITY", "on_hand": 7, "version": 1}
    strangers = place.strangers("NOT_FOUND SKU_UNKNOWN", *_SELLERS)
    return Example(place.merchant, fields, strangers=strangers)


@example("inventory.AdjustStock")
def _adjust_stock(place: Place) -> Example:
    fields = {"sku_id": place.stocked_sku(), "delta": -2, "reason": "damaged"}
    strangers = place.strangers("NOT_FOUND SKU_UNKNOWN", *_SELLERS)
    return Example(place.merchant, fields, strangers=strangers)


@example("inventory.GetStock")
def _get_stock(place: Place) -> Example:
    strangers = place.strangers("OK", *_PUBLIC, hidden=("on_hand", "held", "sold"))
    return Example(place.merchant, {"sku_id": place.stocked_sku()}, strangers=strangers)


@example("inventory.BatchGetStock")
def _batch_get_stock(place: Place) -> Example:
    fields = {"sku_ids": [place.stocked_sku(), place.souk.new_id()]}
    strangers = place.strangers("OK", *_PUBLIC, hidden=("on_hand", "held", "sold"))
    return Example(place.merchant, fields, strangers=strangers)


@example("inventory.ListMovements")
def _list_movements(place: Place) -> Example:
    strangers = place.strangers("NOT_FOUND SKU_UNKNOWN", *_SELLERS)
    return Example(place.merchant, {"sku_id": place.stocked_sku()}, strangers=strangers)


@example("inventory.ReserveStock")
def _reserve_stock(place: Place) -> Example:
    return Example(place.souk.service(), place.reservation())


@example("inventory.ConfirmReservation", "inventory.ReleaseReservation")
def _end_reservation(place: Place) -> Example:
    return Example(place.souk.service(), {"reservation_id": place.reserved()})


@example("inventory.GetReservation")
def _get_reservation(place: Place) -> Example:
    return Example(place.operator, {"reservation_id": place.reserved()})


@example("listing.CreateListing")
def _create_listing(place: Place) -> Example:
    fields = {
        "category_id": _PACKAGE,
        "source": "SOURCE_TYPE_MERCHANT_PORTAL",
        "draft": package(),
        "shop_id": place.shop_id,
    }
    strangers = place.strangers("INVALID_ARGUMENT INVALID_FIELD", "MERCHANT")
    strangers |= place.strangers("PERMISSION_DENIED SOURCE_NOT_ALLOWED", "SUPPLIER")
    return Example(place.merchant, fields, strangers=strangers)


@example("listing.UpdateListing")
def _update_listing(place: Place) -> Example:
    made = place.drafted()
    draft = package() | {"title": "\U0001f372 四人火锅套餐"}
    fields = {"listing_id": made.listing_id, "version": made.version, "draft": draft}
    strangers = place.strangers("NOT_FOUND LISTING_UNKNOWN", *_SELLERS)
    return Example(place.merchant, fields, strangers=strangers)


@example("listing.SubmitListing")
def _submit_listing(place: Place) -> Example:
    made = place.drafted()
    fields = {"listing_id": made.listing_id, "version": made.version}
    strangers = place.strangers("NOT_FOUND LISTING_UNKNOWN", *_SELLERS)
    return Example(place.merchant, fields, strangers=strangers)


@example("listing.ReviewListing")
def _review_listing(place: Place) -> Example:
    waits = place.submitted()
    fields = {
        "listing_id": waits.listing_id,
        "version": waits.version,
        "decision": "REVIEW_DECISION_REJECT",
        "comment": "the title, please",
    }
    strangers = place.strangers("ABORTED VERSION_MISMATCH", "OPERATOR")
    return Example(place.operator, fields, strangers=strangers)


@example("listing.GetListing", "listing.ListListingHistory")
def _get_listing(place: Place) -> Example:
    strangers = place.strangers("NOT_FOUND LISTING_UNKNOWN", *_SELLERS)
    fields = {"listing_id": place.drafted().listing_id}
    return Example(place.merchant, fields, strangers=strangers)


@example("listing.ListListings")
def _list_listings(place: Place) -> Example:
    shop = place.souk.merchant(place.souk.new_id())
    place.drafted(shop)
    return Example(shop, {"page_size": 10})


@example("listing.GetItem")
def _get_item(place: Place) -> Example:
    fields = {"item_id": place.goods.item_id}
    return Example(place.merchant, fields, strangers=place.strangers("OK", *_PUBLIC))


@example("listing.BatchGetItems")
def _batch_get_items(place: Place) -> Example:
    fields = {"item_ids": [place.goods.item_id, place.souk.new_id()]}
    return Example(place.merchant, fields, strangers=place.strangers("OK", *_PUBLIC))


@example("listing.QueryItems")
def _query_items(place: Place) -> Example:
    fields = {"shop_id": place.goods.shop_id, "keyword": "Coffee", "status": "ITEM_STATUS_ONLINE"}
    strangers = place.strangers("OK", *_PUBLIC)
    return Example(place.operator, fields, strangers=strangers)


@example("listing.ChangeItemStatus")
def _change_item_status(place: Place) -> Example:
    item_id = put_on_sale(place.souk, shop_id=place.shop_id).item_id
    version = place.souk.call("listing.GetItem", place.merchant, item_id=item_id).item.version
    fields = {"item_id": item_id, "status": "ITEM_STATUS_MAINTAIN", "version": version}
    strangers = place.strangers("NOT_FOUND ITEM_UNKNOWN", "MERCHANT")
    return Example(place.merchant, fields, strangers=strangers)


@example("listing.EnsureSnapshot")
def _ensure_snapshot(place: Place) -> Example:
    sku = {"item_id": place.goods.item_id, "sku_id": place.goods.sku_id}
    return Example(place.souk.service(), {"sku": sku})


@example("listing.BatchEnsureSnapshots")
def _batch_ensure_snapshots(place: Place) -> Example:
    skus = [{"item_id": place.goods.item_id, "sku_id": place.goods.sku_id}]
    return Example(place.souk.service(), {"skus": skus})


@example("listing.GetSnapshot")
def _get_snapshot(place: Place) -> Example:
    skus = _batch_ensure_snapshots(place).fields["skus"]
    made = place.souk.mutate("listing.BatchEnsureSnapshots", place.souk.service(), skus=skus)
    fields = {"snapshot_id": made.snapshots[0].snapshot_id}
    return Example(place.customer, fields, strangers=place.strangers("OK", *_PUBLIC))


@example("listing.ListCategories")
def _list_categories(_: Place) -> Example:
    return Example(None)


@example("order.NewOrderToken")
def _new_order_token(place: Place) -> Example:
    return Example(place.customer)


@example("order.PlaceOrder")
def _place_order(place: Place) -> Example:
    strangers = place.strangers("FAILED_PRECONDITION QUOTE_OF_ANOTHER_USER", "CUSTOMER")
    return Example(place.customer, place.order(), strangers=strangers)


@example("order.GetOrder", "order.ListOrderHistory")
def _get_order(place: Place) -> Example:
    strangers = place.strangers("NOT_FOUND ORDER_UNKNOWN", "CUSTOMER", "MERCHANT")
    fields = {"order_id": place.placed().orders[0].order_id}
    return Example(place.customer, fields, strangers=strangers)


@example("order.ListOrders")
def _list_orders(place: Place) -> Example:
    place.placed()
    strangers = place.strangers("OK", "CUSTOMER", "MERCHANT", hidden=("order_id",))
    fields = {"user_id": place.user_id, "page_size": 1}
    return Example(place.customer, fields, strangers=strangers)


@example("order.CancelOrder")
def _cancel_order(place: Place) -> Example:
    fields = {"order_id": place.placed().orders[0].order_id, "reason": "changed my mind"}
    strangers = place.strangers("NOT_FOUND ORDER_UNKNOWN", "CUSTOMER")
    return Example(place.customer, fields, strangers=strangers)


@example("order.StartPayment")
def _start_payment(place: Place) -> Example:
    fields = {"pay_order_id": place.placed().pay_order.pay_order_id, "method": "card"}
    strangers = place.strangers("NOT_FOUND PAY_ORDER_UNKNOWN", "CUSTOMER")
    return Example(place.customer, fields, strangers=strangers, other={"method": "wallet"})


@example("order.GetPayment")
def _get_payment(place: Place) -> Example:
    fields = {"payment_id": place.started_payment().payment_id}
    strangers = place.strangers("NOT_FOUND PAYMENT_UNKNOWN", "CUSTOMER")
    return Example(place.customer, fields, strangers=strangers)


@example("order.HandlePaymentCallback")
def _handle_payment_callback(place: Place) -> Example:
    fields, headers = place.callback(place.started_payment())
    return Example(None, fields, headers)


@example("order.ShipOrder")
def _ship_order(place: Place) -> Example:
    order = place.paid_shirt()
    fields = {"order_id": order.order_id, "version": order.version}
    strangers = place.strangers("NOT_FOUND ORDER_UNKNOWN", "MERCHANT")
    carrier = {"carrier": "DHL", "tracking_no": "JD-1"}
    return Example(place.merchant, fields | carrier, strangers=strangers)


@example("order.ConfirmReceipt")
def _confirm_receipt(place: Place) -> Example:
    shipping = _ship_order(place)
    shipped = place.souk.mutate("order.ShipOrder", place.merchant, **shipping.fields).order
    fields = {"order_id": shipped.order_id, "version": shipped.version}
    strangers = place.strangers("NOT_FOUND ORDER_UNKNOWN", "CUSTOMER")
    return Example(place.customer, fields, strangers=strangers)


@example("ops.ListSagas")
def _list_sagas(place: Place) -> Example:
    place.saga_id()
    return Example(place.operator, {"page_size": 1})


@example("ops.GetSaga")
def _get_saga(place: Place) -> Example:
    return Example(place.operator, {"saga_id": place.saga_id()})


@example("ops.RetrySaga")
def _retry_saga(place: Place) -> Example:
    return _look_after_saga(place, "OK")


@example("ops.AbandonSaga")
def _abandon_saga(place: Place) -> Example:
    """Who finds it undone already would end it for good."""
    return _look_after_saga(place, "FAILED_PRECONDITION SAGA_KIND_UNKNOWN")


def _look_after_saga(place: Place, stranger: str) -> Example:
    fields = {"saga_id": place.saga_id(), "why": "a customer called"}
    return Example(
        place.operator,
        fields,
        strangers=place.strangers(stranger, "OPERATOR"),
        other={"why": "nobody called"},
    )


@example("pricing.SetPrice")
def _set_price(place: Place) -> Example:
    fields = place.price(place.priced_sku()) | {
        "amount": {"currency": "EUR", "minor": 1990},
        "version": 1,
    }
    strangers = place.strangers("NOT_FOUND SKU_UNKNOWN", *_SELLERS)
    return Example(place.merchant, fields, strangers=strangers)


@example("pricing.BatchGetPrices")
def _batch_get_prices(place: Place) -> Example:
    fields = {"sku_ids": [place.priced_sku(), place.souk.new_id()]}
    return Example(place.merchant, fields, strangers=place.strangers("OK", *_PUBLIC))


@example("pricing.GetPriceHistory")
def _get_price_history(place: Place) -> Example:
    strangers = place.strangers("NOT_FOUND SKU_UNKNOWN", *_SELLERS)
    return Example(place.merchant, {"sku_id": place.priced_sku()}, strangers=strangers)


@example("pricing.CreateQuote")
def _create_quote(place: Place) -> Example:
    fields = {"user_id": place.user_id, "lines": [place.goods.quote_line(2)]}
    strangers = place.strangers("INVALID_ARGUMENT INVALID_FIELD", "CUSTOMER")
    return Example(place.customer, fields, strangers=strangers)


@example("pricing.RedeemQuote")
def _redeem_quote(place: Place) -> Example:
    return Example(place.souk.service(), place.redemption())


@example("pricing.CancelRedemption")
def _cancel_redemption(place: Place) -> Example:
    fields = place.redemption()
    place.souk.mutate("pricing.RedeemQuote", place.souk.service(), **fields)
    return Example(place.souk.service(), {"redemption_id": fields["redemption_id"]})


@example("search.Search")
def _search(place: Place) -> Example:
    word = f"zz{place.souk.new_id()}"
    put_on_sale(place.souk, shop_id=place.shop_id, title=f"Coffee {word}")

    def found() -> bool:
        try:
            known = {"currency": "EUR", "in_stock_only": True}
            return bool(place.souk.call("search.Search", query=word, **known).hits)
        except Refused:  # an engine that has just started takes its time
            return False

    poll.until(found, 60, "the item in the index, with price and stock")
    fields = {"query": word, "category_ids": [_DEAL]}
    return Example(place.customer, fields, strangers=place.strangers("OK", *_PUBLIC))


@example("search.Reindex")
def _reindex(place: Place) -> Example:
    """One at a time."""

    def at_rest() -> bool:
        running = place.souk.sql("search", "SELECT reindex_id FROM reindex WHERE ended_at IS NULL")
        return not running

    poll.until(at_rest, 60, "the end of the reindexing before")
    return Example(place.operator)


@example("search.GetReindex")
def _get_reindex(place: Place) -> Example:
    begun = place.souk.mutate("search.Reindex", _reindex(place).token).reindexing
    _reindex(place)
    return Example(place.operator, {"reindex_id": begun.reindex_id})
