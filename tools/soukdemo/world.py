"""What the steps of the demo share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from soukdev.market.goods import Json
from soukdev.market.sellers import Sellers
from soukdev.souk import Souk

from soukdemo.catalogue import Catalogue
from soukdemo.narrator import Narrator


@dataclass(frozen=True)
class Stock:
    """How much there is of a SKU."""

    free: int
    held: int
    sold: int

    def after_hold(self, quantity: int) -> "Stock":
        return Stock(self.free - quantity, self.held + quantity, self.sold)

    def after_sale(self, quantity: int) -> "Stock":
        return Stock(self.free, self.held - quantity, self.sold + quantity)


@dataclass
class World:
    """The stack, what is for sale in it, and who tells of it."""

    souk: Souk
    narrator: Narrator
    sellers: Sellers
    catalogue: Catalogue
    # By SKU code: the item as everybody sees it, and which of its SKUs.
    goods: dict[str, tuple[Json, int]] = field(default_factory=dict)

    def line(self, code: str, quantity: int) -> Json:
        """An order line."""
        item, index = self.goods[code]
        sku_id = item["skus"][index]["sku_id"]
        return {"item_id": item["item_id"], "sku_id": sku_id, "quantity": str(quantity)}

    def title(self, code: str) -> str:
        title: str = self.goods[code][0]["title"]
        return title

    def stocks(self, lines: Sequence[Json]) -> list[Stock]:
        """As an operator sees them, in the order of the lines."""
        sku_ids = [line["sku_id"] for line in lines]
        answer = self.sellers.operator.get("/v1/stock", sku_ids=sku_ids)
        return [
            Stock(int(stock["free"]), int(stock["held"]), int(stock["sold"]))
            for stock in answer["stocks"]
        ]
