"""Stock: nothing is sold that was not there."""

from soukdev.invariants.rules import Rule

_SET, _ADJUST, _HOLD, _RELEASE, _CONFIRM, _EXPIRE = 1, 2, 3, 4, 5, 6
_QUANTITY = 1
_HELD, _CONFIRMED = 1, 2

RULES = (
    Rule(
        "the ledger's sum is the stock",
        ("inventory",),
        """
        SELECT s.sku_id, s.free, s.held, s.sold, m.free AS sum_free, m.held AS sum_held,
               m.sold AS sum_sold
        FROM souk_inventory.stock s LEFT JOIN (
            SELECT sku_id, SUM(free_delta) AS free, SUM(held_delta) AS held, SUM(sold_delta) AS sold
            FROM souk_inventory.movement GROUP BY sku_id
        ) m ON m.sku_id = s.sku_id
        WHERE CAST(s.free AS SIGNED) <> COALESCE(m.free, 0)
           OR CAST(s.held AS SIGNED) <> COALESCE(m.held, 0)
           OR CAST(s.sold AS SIGNED) <> COALESCE(m.sold, 0)
        """,
    ),
    Rule(
        "received = on hand + sold",
        ("inventory",),
        f"""
        SELECT s.sku_id, s.free, s.held, s.sold, COALESCE(m.received, 0) AS received
        FROM souk_inventory.stock s LEFT JOIN (
            SELECT sku_id, SUM(free_delta + held_delta + sold_delta) AS received
            FROM souk_inventory.movement WHERE kind IN ({_SET}, {_ADJUST}) GROUP BY sku_id
        ) m ON m.sku_id = s.sku_id
        WHERE s.model = {_QUANTITY}
          AND CAST(s.free + s.held + s.sold AS SIGNED) <> COALESCE(m.received, 0)
        """,
    ),
    Rule(
        "what is held and sold is what reservations say",
        ("inventory",),
        f"""
        SELECT s.sku_id, s.held, s.sold, COALESCE(r.held, 0) AS reserved,
               COALESCE(r.sold, 0) AS confirmed
        FROM souk_inventory.stock s LEFT JOIN (
            SELECT l.sku_id, SUM(IF(r.status = {_HELD}, l.quantity, 0)) AS held,
                   SUM(IF(r.status = {_CONFIRMED}, l.quantity, 0)) AS sold
            FROM souk_inventory.reservation r
            JOIN souk_inventory.reservation_line l ON l.reservation_id = r.reservation_id
            GROUP BY l.sku_id
        ) r ON r.sku_id = s.sku_id
        WHERE s.held <> COALESCE(r.held, 0) OR s.sold <> COALESCE(r.sold, 0)
        """,
    ),
    Rule(
        "a hold begins once and ends once",
        ("inventory",),
        f"""
        SELECT reservation_id, sku_id, SUM(kind = {_HOLD}) AS begun,
               SUM(kind IN ({_RELEASE}, {_CONFIRM}, {_EXPIRE})) AS ended
        FROM souk_inventory.movement WHERE reservation_id <> 0
        GROUP BY reservation_id, sku_id HAVING begun <> 1 OR ended > 1
        """,
    ),
)
