"""The search engine's documents against the databases that they were made of."""

from typing import Any

from soukdev.http import HttpError
from soukdev.invariants.rules import Rows
from soukdev.stack import Stack

_ALIAS = "souk-items"
_ONLINE = 20
_OUT_OF_STOCK = 23

# What a document should say. Of the price: a sale that is valid now, else the base price. Of the
# stock: none of an item that was taken out of stock by hand, whatever is left.
_TRUTH = f"""
SELECT l.item_id, MAX(l.status = {_ONLINE}) AS online, MIN(k.price) AS price_from,
       MAX(k.in_stock AND i.status <> {_OUT_OF_STOCK}) AS in_stock
FROM souk_listing.listing l JOIN souk_listing.item i ON i.item_id = l.item_id JOIN (
    SELECT u.item_id, u.sku_id, s.model = 2 OR s.free > 0 AS in_stock,
           COALESCE(MIN(IF(p.kind = 2, p.amount_minor, NULL)),
                    MIN(IF(p.kind = 1, p.amount_minor, NULL))) AS price
    FROM souk_listing.sku u
    LEFT JOIN souk_inventory.stock s ON s.sku_id = u.sku_id
    LEFT JOIN souk_pricing.price p ON p.sku_id = u.sku_id AND p.ended_version = 0
      AND p.valid_from <= UTC_TIMESTAMP(6) AND p.valid_to > UTC_TIMESTAMP(6)
    GROUP BY u.item_id, u.sku_id, s.model, s.free
) k ON k.item_id = l.item_id
WHERE l.item_id <> 0 AND l.status >= {_ONLINE}
GROUP BY l.item_id
"""


def differences(stack: Stack, rows: Rows) -> list[dict[str, Any]]:
    """Items of which the index says something else."""
    indexed = _documents(stack)
    found = []
    for row in rows(_TRUTH):
        truth = {
            "online": bool(row["online"]),
            "price_from": row["price_from"],
            "in_stock": bool(row["in_stock"]),
        }
        document = indexed.get(row["item_id"])
        if document != truth:
            found.append({"item_id": row["item_id"], "indexed": document, "truth": truth})
    return found


def _documents(stack: Stack) -> dict[int, dict[str, Any]]:
    try:
        stack.opensearch.call("POST", f"/{_ALIAS}/_refresh")
        answer = stack.opensearch.call("POST", f"/{_ALIAS}/_search", {"size": 10_000})
    except HttpError:
        return {}
    return {
        int(hit["_id"]): {
            "online": hit["_source"]["status"] == "ONLINE",
            "price_from": hit["_source"].get("price_from"),
            "in_stock": hit["_source"]["in_stock"],
        }
        for hit in answer["hits"]["hits"]
    }
