"""Listings and items: what is on sale has all that selling needs."""

from soukdev.invariants.rules import Rule

# Numbers in the database: svc-listing/listing.h.
_ONLINE = 20

RULES = (
    Rule(
        "a listing's status is where its history ends",
        ("listing",),
        """
        SELECT l.listing_id, l.status, l.version, h.to_status
        FROM souk_listing.listing l
        LEFT JOIN souk_listing.listing_history h
          ON h.listing_id = l.listing_id AND h.version = l.version
        WHERE NOT (h.to_status <=> l.status)
        """,
    ),
    Rule(
        "a listing on sale has its item, and the item one listing",
        ("listing",),
        f"""
        SELECT l.listing_id, l.status, l.item_id, i.listing_id AS of_item
        FROM souk_listing.listing l
        LEFT JOIN souk_listing.item i ON i.item_id = l.item_id
        WHERE l.status >= {_ONLINE} AND NOT (i.listing_id <=> l.listing_id)
        UNION ALL
        SELECT MIN(l.listing_id), COUNT(*), l.item_id, 0
        FROM souk_listing.listing l WHERE l.item_id <> 0
        GROUP BY l.item_id HAVING COUNT(*) > 1
        """,
    ),
    Rule(
        "what is on sale has a price and stock of the same owner",
        ("listing", "pricing", "inventory"),
        f"""
        SELECT l.listing_id, k.sku_id, p.shop_id AS shop_of_price, s.shop_id AS shop_of_stock
        FROM souk_listing.listing l
        JOIN souk_listing.sku k ON k.item_id = l.item_id
        LEFT JOIN souk_pricing.sku_price p ON p.sku_id = k.sku_id
        LEFT JOIN souk_inventory.stock s ON s.sku_id = k.sku_id
        WHERE l.status = {_ONLINE}
          AND NOT (p.shop_id <=> l.shop_id AND s.shop_id <=> l.shop_id
                   AND p.supplier_id <=> l.supplier_id AND s.supplier_id <=> l.supplier_id)
        """,
        quiet=True,
    ),
)
