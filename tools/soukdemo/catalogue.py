"""The demo's goods: deploy/demo/catalogue.json.

What the file writes for people becomes what the API takes: a price is "12.90 EUR", a number in
quotes is an amount of money, a time is so many days from now, stock may be "unlimited". Which type
an attribute has, its category says.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from soukdev import paths
from soukdev.market import Offer
from soukdev.market.goods import Json, sku
from soukdev.market.money import minor_of, parse

FILE = paths.ROOT / "deploy" / "demo" / "catalogue.json"


class Catalogue:
    """Who sells, and what."""

    def __init__(self, categories: list[Json], now: datetime, file: Path = FILE) -> None:
        """`categories`: of ListCategories."""
        content = json.loads(file.read_text())
        self.shops = {int(shop["id"]): str(shop["name"]) for shop in content["shops"]}
        self.suppliers = {int(one["id"]): str(one["name"]) for one in content["suppliers"]}
        self._categories = {category["code"]: category for category in categories}
        self._now = now
        self.offers = [self._offer(item) for item in content["items"]]

    def category_name(self, category_id: int) -> str:
        """In both languages: 酒店 HOTEL."""
        for code, category in self._categories.items():
            if int(category["category_id"]) == category_id:
                return f"{category['name']} {code}"
        raise KeyError(category_id)

    def _offer(self, item: Json) -> Offer:
        category = self._categories[item["category"]]
        types = {one["code"]: one["type"] for one in category["attributes"]}
        draft = {
            "title": item["title"],
            "description": item["description"],
            "brand": item.get("brand", ""),
            "media_urls": [f"https://pictures.souk.example/{item['skus'][0]['code']}.jpg"],
            "attributes": self._attributes(item["attributes"], types),
            "skus": [self._sku(one, types) for one in item["skus"]],
        }
        return Offer(
            category_id=int(category["category_id"]),
            source=item["source"],
            shop_id=item["shop"],
            supplier_id=item.get("supplier", 0),
            draft=draft,
        )

    def _sku(self, one: Json, types: Json) -> Json:
        stock = None if one["stock"] == "unlimited" else int(one["stock"])
        made = sku(one["code"], parse(one["price"]), stock, title=one["title"])
        return {**made, "attributes": self._attributes(one.get("attributes", {}), types)}

    def _attributes(self, attributes: Json, types: Json) -> list[Json]:
        return [
            {"code": code, **self._value(types[code], value)} for code, value in attributes.items()
        ]

    def _value(self, kind: str, value: Any) -> Json:
        match kind.removeprefix("ATTRIBUTE_TYPE_"):
            case "NUMBER":
                return {"number": str(minor_of(value) if isinstance(value, str) else value)}
            case "DATETIME":
                return {"time": self._time(value).isoformat()}
            case "JSON":
                return {"json": json.dumps(value, ensure_ascii=False)}
            case _:
                return {"text": value}

    def _time(self, value: Json) -> datetime:
        day = (self._now + timedelta(days=value["in_days"])).date()
        hour, minute = value["at"].split(":")
        return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=UTC)
