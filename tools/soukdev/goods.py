"""Puts goods on sale the way an operator does it, for tests that need some."""

from dataclasses import dataclass
from typing import Any

from soukdev import poll
from soukdev.souk import Souk

_DEAL, _TSHIRT = 1, 1003001


@dataclass(frozen=True)
class Goods:
    """An item on sale, and its one SKU."""

    item_id: int
    sku_id: int
    shop_id: int
    price_minor: int

    def line(self, quantity: int = 1) -> dict[str, int]:
        """As carts and orders name it."""
        return {"item_id": self.item_id, "sku_id": self.sku_id, "quantity": quantity}

    def quote_line(self, quantity: int = 1) -> dict[str, int]:
        return {"sku_id": self.sku_id, "quantity": quantity}


def put_on_sale(
    souk: Souk,
    *,
    on_hand: int = 10,
    price_minor: int = 1000,
    currency: str = "EUR",
    shop_id: int = 0,
    physical: bool = False,
    unlimited: bool = False,
    title: str = "Coffee voucher",
) -> Goods:
    """Lists, submits and waits until it is online. A shop of its own unless one is given."""
    shop_id = shop_id or souk.new_id()
    draft = _shirt(title) if physical else _voucher(title, price_minor)
    draft["skus"][0] |= {
        "sku_code": f"S{souk.new_id()}",
        "base_price": {"currency": currency, "minor": price_minor},
        "stock_model": "STOCK_MODEL_UNLIMITED" if unlimited else "STOCK_MODEL_QUANTITY",
        "stock_quantity": 0 if unlimited else on_hand,
    }
    category_id = _TSHIRT if physical else _DEAL
    item = put_draft_on_sale(souk, draft, shop_id=shop_id, category_id=category_id)
    return Goods(item.item_id, item.skus[0].sku_id, shop_id, price_minor)


def put_draft_on_sale(
    souk: Souk, draft: dict[str, Any], *, shop_id: int, category_id: int = _DEAL
) -> Any:
    """Lists, submits and waits until it is online; the item."""
    operator = souk.operator()
    listing = souk.mutate(
        "listing.CreateListing",
        operator,
        category_id=category_id,
        source="SOURCE_TYPE_OPERATOR_FORM",
        draft=draft,
        shop_id=shop_id,
    ).listing
    souk.mutate(
        "listing.SubmitListing",
        operator,
        listing_id=listing.listing_id,
        version=listing.version,
    )

    def online() -> Any:
        now = souk.call("listing.GetListing", operator, listing_id=listing.listing_id).listing
        return now if now.item_id and now.status == 5 else None

    item_id = poll.until(online, 60, "the listing online").item_id
    return souk.call("listing.GetItem", operator, item_id=item_id).item


def _voucher(title: str, price_minor: int) -> dict[str, Any]:
    return {
        "title": title,
        "attributes": [
            {"code": "face_value", "number": price_minor},
            {"code": "valid_days", "number": 90},
        ],
        "skus": [{"title": title}],
    }


def _shirt(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "attributes": [{"code": "material", "text": "cotton"}],
        "skus": [
            {
                "title": f"{title}, black, L",
                "attributes": [
                    {"code": "color", "text": "black"},
                    {"code": "size", "text": "L"},
                ],
            }
        ],
    }
