"""Bad input gets a clear answer, and leaves nothing behind.

A row each: what is sent, which reason and which fields the refusal names. Afterwards every table of
every service is as it was.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from contract_examples import ADDRESS, package
from contract_leavings import BEGUN, all_tables, settle
from contract_shop import Shop
from contract_world import World, patient, process_of
from soukdev import poll
from soukdev.json_client import refusal_of
from soukdev.refusal import Refused

_2_31 = 1 << 31
_FIELD = "INVALID_ARGUMENT INVALID_FIELD"
_STALE = "ABORTED VERSION_MISMATCH"
_PAGE = "INVALID_ARGUMENT PAGE_TOKEN_INVALID"
_CREATE, _ORDER, _ADD = "listing.CreateListing", "order.PlaceOrder", "cart.AddItem"
_PRICE, _QUOTE, _RESERVE = "pricing.SetPrice", "pricing.CreateQuote", "inventory.ReserveStock"
_MOVE, _TELL = "listing.ChangeItemStatus", "order.HandlePaymentCallback"

Fields = Mapping[str, Any]
Token = Callable[[Shop], str | None]


def _customer(shop: Shop) -> str:
    return shop.place.customer


def _merchant(shop: Shop) -> str:
    return shop.place.merchant


def _operator(shop: Shop) -> str:
    return shop.place.operator


def _service(shop: Shop) -> str:
    return shop.souk.service()


@dataclass(frozen=True)
class Row:
    """make: the request's fields but request_id, or those and headers.

    but: tables that may change.
    """

    name: str
    method: str
    token: Token
    make: Callable[[Shop], Fields | tuple[Fields, dict[str, str]]]
    told: str
    fields: tuple[str, ...] = ()
    but: frozenset[str] = frozenset()


def _draft(**changes: Any) -> dict[str, Any]:
    source = "SOURCE_TYPE_MERCHANT_PORTAL"
    return {"category_id": 1200, "source": source, "draft": package() | changes}


def _skus(*changes: dict[str, Any]) -> dict[str, Any]:
    first = package()["skus"][0]
    return _draft(skus=[first | {"sku_code": f"P{i}"} | c for i, c in enumerate(changes)])


def _money(minor: int, currency: str = "CNY") -> dict[str, Any]:
    return {"base_price": {"currency": currency, "minor": minor}}


_WRONG_ATTRIBUTES = [
    {"code": "valid_days", "text": "thirty"},
    {"code": "director", "text": "nobody's"},
]

_LISTING_ROWS = (
    Row(
        "unknown category",
        _CREATE,
        _merchant,
        lambda _: _draft() | {"category_id": 424242},
        "INVALID_ARGUMENT CATEGORY_UNKNOWN",
        ("category_id",),
    ),
    Row(
        "inactive category",
        _CREATE,
        _merchant,
        lambda shop: _draft() | {"category_id": shop.category_id},
        "INVALID_ARGUMENT CATEGORY_INACTIVE",
        ("category_id",),
    ),
    Row(
        "missing, mistyped and unknown attributes",
        _CREATE,
        _merchant,
        lambda _: _draft(attributes=_WRONG_ATTRIBUTES),
        _FIELD,
        ("draft.attributes[0]", "draft.attributes[1]", "draft.attributes[sub_items]"),
    ),
    Row(
        "negative price",
        _CREATE,
        _merchant,
        lambda _: _skus(_money(-1)),
        _FIELD,
        ("draft.skus[0].base_price.minor",),
    ),
    Row(
        "price beyond all in a draft",
        _CREATE,
        _merchant,
        lambda _: _skus(_money(10**12 + 1)),
        _FIELD,
        ("draft.skus[0].base_price.minor",),
    ),
    Row(
        "mixed currencies in a draft",
        _CREATE,
        _merchant,
        lambda _: _skus({}, _money(5, "EUR")),
        "INVALID_ARGUMENT CURRENCY_MISMATCH",
        ("draft.skus[1].base_price.currency",),
    ),
    Row(
        "unknown currency in a draft",
        _CREATE,
        _merchant,
        lambda _: _skus(_money(5, "ZZZ")),
        "INVALID_ARGUMENT CURRENCY_UNKNOWN",
        ("draft.skus[0].base_price.currency",),
    ),
    Row(
        "stale draft",
        "listing.UpdateListing",
        _merchant,
        lambda shop: {
            "listing_id": shop.listing.listing_id,
            "version": shop.listing.version + 1,
            "draft": package(),
        },
        _STALE,
    ),
    Row(
        "stale hand-in",
        "listing.SubmitListing",
        _merchant,
        lambda shop: {
            "listing_id": shop.listing.listing_id,
            "version": shop.listing.version + 1,
        },
        _STALE,
    ),
    Row(
        "review of a draft",
        "listing.ReviewListing",
        _operator,
        lambda shop: {
            "listing_id": shop.listing.listing_id,
            "version": shop.listing.version,
            "decision": "REVIEW_DECISION_APPROVE",
        },
        "FAILED_PRECONDITION ILLEGAL_TRANSITION",
    ),
    Row(
        "stale review",
        "listing.ReviewListing",
        _operator,
        lambda shop: {
            "listing_id": shop.waiting.listing_id,
            "version": shop.waiting.version + 1,
            "decision": "REVIEW_DECISION_APPROVE",
        },
        _STALE,
    ),
    Row(
        "rejection without a word",
        "listing.ReviewListing",
        _operator,
        lambda shop: {
            "listing_id": shop.waiting.listing_id,
            "version": shop.waiting.version,
            "decision": "REVIEW_DECISION_REJECT",
        },
        "INVALID_ARGUMENT COMMENT_MISSING",
        ("comment",),
    ),
    Row(
        "illegal status of an item",
        _MOVE,
        _operator,
        lambda shop: {
            "item_id": shop.offline.item_id,
            "version": shop.offline_version,
            "status": "ITEM_STATUS_HIDDEN",
        },
        _FIELD,
        ("status",),
    ),
    Row(
        "item offline twice",
        _MOVE,
        _operator,
        lambda shop: {
            "item_id": shop.offline.item_id,
            "version": shop.offline_version,
            "status": "ITEM_STATUS_OFFLINE",
        },
        "FAILED_PRECONDITION ILLEGAL_TRANSITION",
    ),
    Row(
        "stale item",
        _MOVE,
        _operator,
        lambda shop: {
            "item_id": shop.offline.item_id,
            "version": shop.offline_version + 7,
            "status": "ITEM_STATUS_ONLINE",
        },
        _STALE,
    ),
    Row(
        "page token of another list of listings",
        "listing.ListListings",
        _operator,
        lambda shop: {
            "page_token": shop.page_token("listing.ListListings", shop.place.operator),
            "status": "LISTING_STATUS_REJECTED",
        },
        _PAGE,
        ("page_token",),
    ),
    Row(
        "page token of another history",
        "listing.ListListingHistory",
        _operator,
        lambda shop: {
            "page_token": shop.page_token(
                "listing.ListListingHistory",
                shop.place.operator,
                listing_id=shop.waiting.listing_id,
            ),
            "listing_id": shop.listing.listing_id,
        },
        _PAGE,
        ("page_token",),
    ),
    Row(
        "page token of another query",
        "listing.QueryItems",
        _operator,
        lambda shop: {
            "page_token": shop.page_token("listing.QueryItems", shop.place.operator),
            "keyword": "coffee",
        },
        _PAGE,
        ("page_token",),
    ),
    Row(
        "page token that is none",
        "listing.QueryItems",
        _operator,
        lambda _: {"page_token": "1"},
        _PAGE,
        ("page_token",),
    ),
)


def _price(shop: Shop, **changes: Any) -> dict[str, Any]:
    return shop.place.price(shop.priced_sku_id) | {"version": 1} | changes


def _amount(minor: int, currency: str = "EUR") -> dict[str, Any]:
    return {"amount": {"currency": currency, "minor": minor}}


def _price_row(name: str, changes: dict[str, Any], told: str, *fields: str) -> Row:
    return Row(name, _PRICE, _merchant, lambda shop: _price(shop, **changes), told, fields)


_FUTURE = 4_000_000_000

_PRICE_ROWS = (
    _price_row("price below 0", _amount(-1), _FIELD, "amount.minor"),
    _price_row("price of 0", _amount(0), _FIELD, "amount.minor"),
    _price_row("price beyond all", _amount(10**12 + 1), _FIELD, "amount.minor"),
    _price_row("price as large as can be", _amount(2**63 - 1), _FIELD, "amount.minor"),
    _price_row(
        "price in no currency",
        _amount(5, "ZZZ"),
        "INVALID_ARGUMENT CURRENCY_UNKNOWN",
        "amount.currency",
    ),
    _price_row(
        "price in another currency",
        _amount(5, "JPY"),
        "INVALID_ARGUMENT CURRENCY_MISMATCH",
        "amount.currency",
    ),
    _price_row(
        "window that ends before it begins",
        {"valid_from": {"seconds": _FUTURE}, "valid_to": {"seconds": _FUTURE - 1}},
        "INVALID_ARGUMENT WINDOW_EMPTY",
        "valid_to",
    ),
    _price_row(
        "window that ends as it begins",
        {"valid_from": {"seconds": _FUTURE}, "valid_to": {"seconds": _FUTURE}},
        "INVALID_ARGUMENT WINDOW_EMPTY",
        "valid_to",
    ),
    _price_row(
        "window that is over",
        {"valid_to": {"seconds": 1}},
        "INVALID_ARGUMENT WINDOW_EMPTY",
        "valid_to",
    ),
    _price_row("stale price", {"version": 7}, _STALE),
    Row(
        "page token of another price's history",
        "pricing.GetPriceHistory",
        _merchant,
        lambda shop: {
            "page_token": shop.page_token(
                "pricing.GetPriceHistory", shop.place.merchant, sku_id=shop.twice_priced_sku_id
            ),
            "sku_id": shop.priced_sku_id,
        },
        _PAGE,
        ("page_token",),
    ),
    Row(
        "quote of two currencies",
        _QUOTE,
        _customer,
        lambda shop: {"lines": [shop.goods.quote_line(), shop.yen.quote_line()]},
        "INVALID_ARGUMENT MIXED_CURRENCIES",
        ("lines",),
    ),
    Row(
        "quote with a coupon",
        _QUOTE,
        _customer,
        lambda shop: {"lines": [shop.goods.quote_line()], "coupon_code": "FREE"},
        "INVALID_ARGUMENT COUPON_UNKNOWN",
        ("coupon_code",),
    ),
    Row(
        "quote of the same SKU twice",
        _QUOTE,
        _customer,
        lambda shop: {"lines": [shop.goods.quote_line(), shop.goods.quote_line()]},
        "INVALID_ARGUMENT DUPLICATE_LINE",
        ("lines",),
    ),
    Row(
        "search in a range upside down",
        "search.Search",
        _customer,
        lambda _: {"price_min": 2, "price_max": 1, "currency": "EUR"},
        "INVALID_ARGUMENT PRICE_RANGE_INVALID",
        ("price_max",),
    ),
    Row(
        "page token of another search",
        "search.Search",
        _customer,
        lambda shop: {
            "page_token": shop.page_token("search.Search", shop.place.customer),
            "query": "coffee",
        },
        _PAGE,
        ("page_token",),
    ),
)


def _quantity_rows() -> Iterator[Row]:
    for quantity in (0, -1, 10_001, _2_31, 2**63 - 1):
        one = partial(_with_quantity, quantity)
        yield Row(f"{quantity} into the cart", _ADD, _customer, one, _FIELD, ("quantity",))
        for method, token in ((_QUOTE, _customer), (_ORDER, _customer), (_RESERVE, _service)):
            lines = partial(_lines_of, method, quantity)
            name = f"{quantity} in {method}"
            yield Row(name, method, token, lines, _FIELD, ("lines[0].quantity",))


def _with_quantity(quantity: int, shop: Shop) -> Fields:
    return shop.goods.line() | {"quantity": quantity}


def _lines_of(method: str, quantity: int, shop: Shop) -> Fields:
    line = shop.goods.line() if method == _ORDER else shop.goods.quote_line()
    ids = {"reservation_id": shop.souk.new_id(), "order_id": 1} if method == _RESERVE else {}
    token = {"quote_token": shop.quote(shop.goods)} if method == _ORDER else {}
    return {"lines": [line | {"quantity": quantity}], **ids, **token}


def _many_rows() -> Iterator[Row]:
    for count in (0, 201):
        for method, token in ((_QUOTE, _customer), (_ORDER, _customer), (_RESERVE, _service)):
            lines = partial(_so_many, method, count)
            yield Row(f"{count} lines in {method}", method, token, lines, _FIELD, ("lines",))


def _so_many(method: str, count: int, shop: Shop) -> Fields:
    fields = _lines_of(method, 1, shop)
    return {**fields, "lines": [fields["lines"][0] | {"sku_id": i + 1} for i in range(count)]}


def _address(**changes: Any) -> dict[str, Any]:
    return {"address": ADDRESS | changes}


def _order_row(name: str, make: Callable[[Shop], Fields], told: str, *fields: str) -> Row:
    return Row(name, _ORDER, _customer, make, told, fields)


def _saga_row(name: str, make: Callable[[Shop], Fields], told: str, *fields: str) -> Row:
    """Refused by a step of the order's saga."""
    return Row(name, _ORDER, _customer, make, told, fields, BEGUN)


_ORDER_ROWS = (
    *_quantity_rows(),
    *_many_rows(),
    Row(
        "201st line in the cart",
        _ADD,
        lambda shop: shop.full_cart_token,
        lambda shop: shop.goods.line(),
        "FAILED_PRECONDITION CART_FULL",
    ),
    Row(
        "SKU of another item into the cart",
        _ADD,
        _customer,
        lambda shop: shop.goods.line() | {"item_id": shop.other.item_id},
        "NOT_FOUND SKU_UNKNOWN",
    ),
    Row(
        "offline item into the cart",
        _ADD,
        _customer,
        lambda shop: shop.offline.line(),
        "FAILED_PRECONDITION ITEM_NOT_ONLINE",
    ),
    Row(
        "stale cart",
        "cart.UpdateItem",
        lambda shop: shop.cart_token,
        lambda shop: {
            "sku_id": shop.goods.sku_id,
            "quantity": 1,
            "version": shop.cart.version + 1,
        },
        _STALE,
    ),
    Row(
        "stale stock",
        "inventory.SetStock",
        _merchant,
        lambda shop: shop.place.stock(shop.sku_id) | {"version": 7},
        _STALE,
    ),
    Row(
        "more stock than is counted",
        "inventory.AdjustStock",
        _merchant,
        lambda shop: {"sku_id": shop.sku_id, "delta": 10**9, "reason": "found"},
        _FIELD,
        ("delta",),
    ),
    _order_row(
        "order of the same SKU twice",
        lambda shop: shop.order(shop.goods) | {"lines": [shop.goods.line()] * 2},
        "INVALID_ARGUMENT DUPLICATE_LINE",
        "lines",
    ),
    _saga_row(
        "order of a SKU of another item",
        lambda shop: (
            shop.order(shop.goods)
            | {"lines": [shop.goods.line() | {"item_id": shop.other.item_id}]}
        ),
        "INVALID_ARGUMENT SKU_OF_ANOTHER_ITEM",
        "lines",
    ),
    _saga_row(
        "order of an offline item",
        lambda shop: shop.order(shop.offline, shop.offline_quote),
        "FAILED_PRECONDITION NOT_SELLABLE",
    ),
    _saga_row(
        "expired quote",
        lambda shop: shop.order(shop.goods, shop.expired_quote()),
        "FAILED_PRECONDITION QUOTE_EXPIRED",
    ),
    _saga_row(
        "altered quote",
        lambda shop: shop.order(shop.goods, shop.altered_quote()),
        "INVALID_ARGUMENT QUOTE_INVALID",
        "quote_token",
    ),
    _saga_row(
        "foreign quote",
        lambda shop: shop.order(
            shop.goods, shop.quote(shop.goods, token=shop.place.tokens["CUSTOMER"])
        ),
        "FAILED_PRECONDITION QUOTE_OF_ANOTHER_USER",
    ),
    _saga_row(
        "quote redeemed twice",
        lambda shop: shop.redeemed,
        "FAILED_PRECONDITION QUOTE_REDEEMED",
    ),
    _saga_row(
        "other lines than the quote's",
        lambda shop: shop.order(shop.other, shop.quote(shop.goods)),
        "INVALID_ARGUMENT LINES_DIFFER_FROM_QUOTE",
        "lines",
    ),
    _order_row(
        "address without a line",
        lambda shop: shop.order(shop.shirt, **_address(address_lines=[])),
        _FIELD,
        "address.address_lines",
    ),
    _order_row(
        "address with an empty line",
        lambda shop: shop.order(shop.shirt, **_address(address_lines=[""])),
        _FIELD,
        "address.address_lines[0]",
    ),
    _saga_row(
        "shipment to nowhere",
        lambda shop: shop.order(shop.shirt),
        "INVALID_ARGUMENT ADDRESS_MISSING",
        "address",
    ),
    Row(
        "cancel of a paid order",
        "order.CancelOrder",
        _customer,
        lambda shop: {"order_id": shop.paid_order_id},
        "FAILED_PRECONDITION ILLEGAL_TRANSITION",
    ),
    Row(
        "payment of a cancelled order",
        "order.StartPayment",
        _customer,
        lambda shop: {"pay_order_id": shop.cancelled_payment.pay_order_id, "method": "card"},
        "FAILED_PRECONDITION ILLEGAL_TRANSITION",
    ),
    Row(
        "payment by shells",
        "order.StartPayment",
        _customer,
        lambda shop: {"pay_order_id": shop.payment.pay_order_id, "method": "shells"},
        "INVALID_ARGUMENT METHOD_UNKNOWN",
        ("method",),
    ),
    Row(
        "page token of another list of orders",
        "order.ListOrders",
        _customer,
        lambda shop: {
            "page_token": shop.page_token("order.ListOrders", shop.place.customer),
            "status": "ORDER_STATUS_PAID",
        },
        _PAGE,
        ("page_token",),
    ),
)


def _told_row(name: str, told: str, **bent: Any) -> Row:
    return Row(
        name, _TELL, lambda _: None, lambda shop: shop.place.callback(shop.payment, **bent), told
    )


_CALLBACK_ROWS = (
    _told_row("bad signature", "UNAUTHENTICATED SIGNATURE_INVALID", secret=b"not the provider's"),
    _told_row("old timestamp", "UNAUTHENTICATED CALLBACK_TOO_OLD", age_s=600),
    _told_row("timestamp of the future", "UNAUTHENTICATED CALLBACK_TOO_OLD", age_s=-600),
    _told_row("timestamp that is none", "UNAUTHENTICATED SIGNATURE_INVALID", stamp="now"),
    _told_row("unknown payment", "NOT_FOUND PAYMENT_UNKNOWN", payment_id=42),
    _told_row("other amount", "FAILED_PRECONDITION AMOUNT_MISMATCH", minor=1),
    _told_row("other currency", "FAILED_PRECONDITION AMOUNT_MISMATCH", currency="JPY"),
    _told_row("unknown status", "INVALID_ARGUMENT CALLBACK_INVALID", status="PERHAPS"),
    _told_row("no JSON", "INVALID_ARGUMENT CALLBACK_INVALID", body=b"{"),
    _told_row("deep JSON", "INVALID_ARGUMENT CALLBACK_INVALID", body=b"[" * 10_000),
    _told_row("empty JSON", "INVALID_ARGUMENT CALLBACK_INVALID", body=b"{}"),
)

ROWS = (*_LISTING_ROWS, *_PRICE_ROWS, *_ORDER_ROWS, *_CALLBACK_ROWS)


@pytest.fixture(scope="module")
def shop(world: World) -> Iterator[Shop]:
    shop = Shop(world)
    settle(world)
    yield shop
    shop.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_is_refused_and_leaves_nothing(shop: Shop, row: Row) -> None:
    made = row.make(shop)
    fields, headers = made if isinstance(made, tuple) else (made, {})
    token = row.token(shop)
    before = all_tables(shop.world, row.but)
    refused = _refusal(shop, row.method, token, fields, headers)
    assert f"{refused.code} {refused.reason}" == row.told
    assert set(refused.fields) == set(row.fields)
    assert refused.message
    assert all_tables(shop.world, row.but) == before
    assert not shop.half_done_orders()
    assert not shop.souk.sql("order", "SELECT id FROM saga WHERE active = 1")


def _refusal(
    shop: Shop, method: str, token: str | None, fields: Fields, headers: dict[str, str]
) -> Refused:
    described = shop.world.method(method)
    request_id: Fields = {"request_id": shop.souk.request_id()} if described.mutates else {}
    client = shop.souk.client(process_of(described))
    with pytest.raises(Refused) as refused:
        client.call(method, token, headers=headers, **request_id, **fields)
    return refused.value


@pytest.mark.parametrize(
    "body", ["{", "[]", '"text"', "5", '{"lines": 5}', '{"lines": [{"x": 1}]}']
)
def test_json_that_is_not_ours_is_refused(shop: Shop, body: str) -> None:
    method = shop.world.method(_ORDER)
    before = all_tables(shop.world)
    request = shop.world.contracts.message(method.request.full_name)()
    answer = shop.world.rest(method, request, shop.place.customer, data=body)
    assert answer.status_code == 400
    assert f"{refusal_of(answer).reason}" in ("MALFORMED_JSON", "INVALID_FIELD")
    assert all_tables(shop.world) == before


# Emoji of several code points; right to left; beyond 16 bits; held together by what has no width.
_TEXTS = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "\u0634\u0627\u064a \u0628\u0627\u0644\u0646\u0639\u0646\u0627\u0639",
    "\U00020bb7\u91ce\u5bb6 \U0001d573",
    "a\u200bb\u200cc\u200ed\u200fe\u2060f",
    "e\u0301 is not \u00e9",
)


@pytest.mark.parametrize("text", _TEXTS, ids=ascii)
def test_names_are_kept_as_they_are(shop: Shop, text: str) -> None:
    souk, place = shop.souk, shop.place
    draft = _draft(title=text, brand=text)
    made = souk.mutate(_CREATE, place.merchant, **draft).listing
    fields = {"listing_id": made.listing_id}
    kept = souk.call("listing.GetListing", place.merchant, **fields).listing.draft
    assert (kept.title, kept.brand) == (text, text)

    order = shop.order(shop.shirt, **_address(recipient=text, address_lines=[text]), note=text)
    placed = souk.mutate(_ORDER, place.customer, **order).orders[0]
    ordered = souk.json(place.customer).get(f"/v1/orders/{placed.order_id}")["order"]
    assert (ordered["note"], ordered["address"]["recipient"]) == (text, text)
    assert ordered["address"]["address_lines"] == [text]


def test_money_for_a_cancelled_order_is_to_go_back(shop: Shop) -> None:
    shop.tell(shop.cancelled_payment)
    where = f"WHERE payment_id = {shop.cancelled_payment.payment_id}"
    due = shop.souk.sql("order", f"SELECT amount_minor FROM refund {where}")
    assert [int(row["amount_minor"]) for row in due] == [shop.cancelled_payment.amount.minor]


def test_a_callback_twice_at_once_pays_once(shop: Shop) -> None:
    payment = shop.place.started_payment()
    event_id = shop.souk.request_id()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: patient(lambda: shop.tell(payment, event_id=event_id)), range(2)))
    shop.await_paid(payment)


def test_a_callback_may_come_before_the_answer_of_start_payment(shop: Shop) -> None:
    """The provider does not wait for our customer's browser."""
    pay_order = shop.place.placed().pay_order
    method = shop.world.method("order.StartPayment")
    request = shop.world.contracts.message(method.request.full_name)(
        request_id=shop.souk.request_id(), pay_order_id=pay_order.pay_order_id, method="card"
    )
    answer = shop.world.start(method, request, shop.place.customer)
    payment = poll.until(lambda: shop.payment_of(pay_order), 60, "the payment's row")
    shop.tell(payment)
    assert shop.world.result(method, answer).payment.payment_id == payment.payment_id
    shop.await_paid(payment)
