"""Goods as sellers describe them."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Offer:
    """What one seller wants to sell: the body of CreateListing, and whose token sends it."""

    category_id: int
    source: str  # operator_form, merchant_portal, supplier_push ...
    shop_id: int
    draft: Json
    supplier_id: int = 0

    @property
    def role(self) -> str:
        """Who feeds this source."""
        return {"merchant": "merchant", "supplier": "supplier"}.get(
            self.source.split("_", maxsplit=1)[0], "operator"
        )

    @property
    def title(self) -> str:
        title: str = self.draft["title"]
        return title

    def body(self) -> Json:
        return {
            "category_id": str(self.category_id),
            "source": f"SOURCE_TYPE_{self.source.upper()}",
            "shop_id": str(self.shop_id),
            "supplier_id": str(self.supplier_id),
            "draft": self.draft,
        }


def sku(code: str, price: Json, stock: int | None, *, title: str = "", **attributes: Json) -> Json:
    """A SKU; it never runs out where stock is None. attributes: CreateListing's, by code."""
    return {
        "sku_code": code,
        "title": title or code,
        "base_price": price,
        "stock_model": f"STOCK_MODEL_{'UNLIMITED' if stock is None else 'QUANTITY'}",
        "stock_quantity": str(stock or 0),
        "attributes": [{"code": name, **value} for name, value in attributes.items()],
    }
