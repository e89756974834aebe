"""Listings and items: what is on sale has all that selling needs."""

from soukdev.invariants.rules import Rule

# Numbers in the database: svc-listing/listing.h.
_PENDING, _APPROVED, _ONLINE = 10, 11, 20
_QUANTITY = 1

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
        "what waits for an audit or a publish is watched, and nothing else",
        ("listing",),
        f"""
        SELECT l.listing_id, l.status
        FROM souk_listing.listing l
        LEFT JOIN souk_listing.listing_watch w ON w.listing_id = l.listing_id
        WHERE (l.status IN ({_PENDING}, {_APPROVED})) <> (w.listing_id IS NOT NULL)
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

# Told by events: it comes true a moment after the last sale.
SOLD_OUT = Rule(
    "what is sold out is not on sale",
    ("listing", "inventory"),
    f"""
    SELECT i.item_id, i.version
    FROM souk_listing.item i
    WHERE i.status = {_ONLINE} AND NOT EXISTS (
        SELECT 1 FROM souk_listing.sku k
        LEFT JOIN souk_inventory.stock s ON s.sku_id = k.sku_id
        WHERE k.item_id = i.item_id
          AND (s.sku_id IS NULL OR s.model <> {_QUANTITY} OR s.free + s.held > 0))
    """,
)
