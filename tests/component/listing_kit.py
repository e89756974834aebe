"""Listings as tests of svc-listing make them: a draft of each kind, and its way onto the shelf."""

import copy
import time
from typing import Any

from soukdev import poll
from soukdev.souk import Souk

DRAFT, PENDING, APPROVED, REJECTED, ONLINE, OFFLINE, MAINTAIN, OUT_OF_STOCK = range(1, 9)
SKIP, FAST_TRACK, AUTO, MANUAL = range(1, 5)
ITEM_HIDDEN, ITEM_ONLINE, ITEM_OFFLINE, ITEM_MAINTAIN, ITEM_OUT_OF_STOCK = range(1, 6)

CATEGORIES = {
    "deal": 1,
    "hotel": 2,
    "movie": 3,
    "topup": 4,
    "giftcard": 5,
    "opv": 10,
    "package": 1200,
    "tshirt": 1003001,
}


def text(code: str, value: str) -> dict[str, Any]:
    return {"code": code, "text": value}


def number(code: str, value: int) -> dict[str, Any]:
    return {"code": code, "number": value}


def moment(code: str, seconds_from_now: int) -> dict[str, Any]:
    return {"code": code, "time": {"seconds": int(time.time()) + seconds_from_now}}


def json_text(code: str, value: str) -> dict[str, Any]:
    return {"code": code, "json": value}


def sku(code: str, minor: int, *attributes: dict[str, Any], stock: int = 10) -> dict[str, Any]:
    return {
        "sku_code": code,
        "title": f"规格 {code}",
        "attributes": list(attributes),
        "base_price": {"currency": "CNY", "minor": minor},
        "stock_model": "STOCK_MODEL_QUANTITY",
        "stock_quantity": stock,
    }


def unlimited(code: str, minor: int, *attributes: dict[str, Any]) -> dict[str, Any]:
    return sku(code, minor, *attributes, stock=0) | {"stock_model": "STOCK_MODEL_UNLIMITED"}


_PARTS = (
    '[{"name": "锅底", "quantity": 1, "price": 5800}, {"name": "肉", "quantity": 2, "price": 3800}]'
)

_DRAFTS: dict[str, dict[str, Any]] = {
    "deal": {
        "title": "星巴克咖啡券",
        "attributes": [number("face_value", 5000), number("valid_days", 90)],
        "skus": [sku("D1", 4500)],
    },
    "hotel": {
        "title": "希尔顿",
        "attributes": [text("star_rating", "五星"), number("guest_capacity", 2)],
        "skus": [
            sku("H1", 120000, text("bed_type", "大床"), text("breakfast_type", "双早")),
            sku("H2", 100000, text("bed_type", "双床"), number("guest_capacity", 3)),
        ],
    },
    "movie": {
        "title": "复仇者联盟",
        "attributes": [
            text("movie_name", "复仇者联盟"),
            text("cinema_name", "万达影城"),
            moment("session_time", 86400),
        ],
        "skus": [
            sku("M1", 12000, text("ticket_type", "IMAX")),
            sku("M2", 6000, text("ticket_type", "学生")),
        ],
    },
    "topup": {
        "title": "100元话费",
        "attributes": [text("operator_name", "中国移动"), number("denomination", 10000)],
        "skus": [unlimited("T100", 9800)],
    },
    "giftcard": {
        "title": "礼品卡",
        "attributes": [],
        "skus": [sku("G1", 10000, number("face_value", 10000))],
    },
    "opv": {
        "title": "洗车券",
        "attributes": [text("platform", "支付宝")],
        "skus": [sku("O1", 2500)],
    },
    "package": {
        "title": "双人火锅套餐",
        "attributes": [json_text("sub_items", _PARTS), number("valid_days", 30)],
        "skus": [sku("P1", 9900)],
    },
    "tshirt": {
        "title": "经典圆领男士T恤",
        "description": "柔软舒适, 100%纯棉",
        "brand": "NIKE",
        "media_urls": ["https://img.example/1.jpg"],
        "attributes": [text("material", "棉"), text("origin", "中国"), text("sleeve", "短袖")],
        "skus": [
            sku("BL", 7900, text("color", "黑色"), text("size", "L"), stock=100),
            sku("WM", 7900, text("color", "白色"), text("size", "M"), stock=150),
        ],
    },
}


def draft_of(kind: str, **changes: Any) -> dict[str, Any]:
    """A draft that passes every audit, and is the caller's to spoil."""
    return copy.deepcopy(_DRAFTS[kind]) | changes


def create(souk: Souk, kind: str = "topup", token: str | None = None, **fields: Any) -> Any:
    """By an operator's form for a shop of its own, unless told otherwise."""
    request = {
        "category_id": CATEGORIES.get(kind),
        "source": "SOURCE_TYPE_OPERATOR_FORM",
        "draft": None if "draft" in fields else draft_of(kind),
        **fields,
    }
    if token is None:
        token = souk.operator()
        request.setdefault("shop_id", souk.new_id())
    return souk.mutate("listing.CreateListing", token, **request).listing


def create_by_merchant(souk: Souk, kind: str, shop: int, **fields: Any) -> Any:
    source = fields.pop("source", "SOURCE_TYPE_MERCHANT_PORTAL")
    return create(souk, kind, souk.merchant(shop), source=source, **fields)


def submit(souk: Souk, listing: Any, token: str | None = None, **fields: Any) -> Any:
    request = {"listing_id": listing.listing_id, "version": listing.version, **fields}
    return souk.mutate("listing.SubmitListing", token or souk.operator(), **request).listing


def update(
    souk: Souk, listing: Any, draft: dict[str, Any], token: str | None = None, **fields: Any
) -> Any:
    request = {
        "listing_id": listing.listing_id,
        "version": listing.version,
        "draft": draft,
        **fields,
    }
    return souk.mutate("listing.UpdateListing", token or souk.operator(), **request).listing


def review(souk: Souk, listing: Any, decision: str, token: str | None = None, **fields: Any) -> Any:
    """decision: APPROVE or REJECT."""
    request = {
        "listing_id": listing.listing_id,
        "version": listing.version,
        "decision": f"REVIEW_DECISION_{decision}",
        **fields,
    }
    return souk.mutate("listing.ReviewListing", token or souk.operator(), **request).listing


def now(souk: Souk, listing: Any) -> Any:
    """The listing as it is."""
    operator = souk.operator()
    return souk.call("listing.GetListing", operator, listing_id=listing.listing_id).listing


def until_status(souk: Souk, listing: Any, status: int, timeout_s: float = 60) -> Any:
    """The listing once it has the status."""

    def look() -> Any:
        found = now(souk, listing)
        return found if found.status == status else None

    return poll.until(look, timeout_s, f"the listing in status {status}")


def publish(souk: Souk, kind: str = "topup", **fields: Any) -> Any:
    """The listing, once its item is on sale."""
    if kind != "package":
        return until_status(souk, submit(souk, create(souk, kind, **fields)), ONLINE)
    shop_id = fields.pop("shop_id", souk.new_id())
    listing = create_by_merchant(souk, kind, shop_id, **fields)
    listing = submit(souk, listing, souk.merchant(shop_id))
    return until_status(souk, review(souk, listing, "APPROVE"), ONLINE)


def item_of(souk: Souk, listing: Any) -> Any:
    return souk.call("listing.GetItem", souk.operator(), item_id=listing.item_id).item


def make_category(souk: Souk, active: int = 1, **policies: int) -> int:
    """A category of the test's own, by rows alone; strategies by source, say supplier_push=2."""
    category = souk.new_id()
    sources = {"operator_form": (1, 1), "supplier_push": (5, 3)}
    souk.sql(
        "listing",
        "INSERT INTO category (category_id, code, name, parent_id, level, sort_order, physical, "
        f"active) VALUES ({category}, 'C{category}', '演唱会门票', 0, 1, 0, 0, {active})",
    )
    for name, strategy in policies.items():
        source, user_type = sources[name]
        souk.sql(
            "listing",
            "INSERT INTO audit_policy (category_id, source, user_type, strategy) "
            f"VALUES ({category}, {source}, {user_type}, {strategy})",
        )
    return category


def add_attribute(souk: Souk, category: int, code: str, kind: int, required: int = 1) -> None:
    souk.sql(
        "listing",
        "INSERT INTO category_attribute (category_id, code, name, type, required, sort_order) "
        f"VALUES ({category}, '{code}', '{code}', {kind}, {required}, 1)",
    )


def add_rule(souk: Souk, category: int, kind: int, code: str, *limits: int) -> None:
    least, most = limits or (0, 0)
    souk.sql(
        "listing",
        "INSERT INTO audit_rule (category_id, kind, attribute_code, min_number, max_number) "
        f"VALUES ({category}, {kind}, '{code}', {least}, {most})",
    )


def actions(souk: Souk, listing: Any) -> list[tuple[int, str, int]]:
    """Its history: from which status, by what, to which."""
    changes = history(souk, listing)
    return [(change.from_status, change.action, change.to_status) for change in changes]


def history(souk: Souk, listing: Any) -> list[Any]:
    operator = souk.operator()
    answer = souk.call(
        "listing.ListListingHistory", operator, listing_id=listing.listing_id, page_size=200
    )
    return list(answer.changes)
