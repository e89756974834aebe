"""Orders and their money: one order a request, and what comes in is goods or a refund."""

from soukdev.invariants.rules import Rule

# Numbers in the database: svc-order/order_status.h, svc-inventory/reservation.h.
_PENDING, _PAID, _FULFILLING, _COMPLETED, _CANCELLED = 2, 3, 4, 5, 6
_PAYMENT_PAID = 3
_HELD, _CONFIRMED, _RELEASED, _EXPIRED = 1, 2, 3, 4
_REDEEMED, _REDEMPTION_CANCELLED = 1, 2
_CLOSED = 5

_LAST_CHANGES = """
    SELECT c.order_id, c.machine, c.to_status FROM souk_order.order_change c
    JOIN (SELECT order_id, machine, MAX(change_id) AS change_id FROM souk_order.order_change
          GROUP BY order_id, machine) last
      ON last.order_id = c.order_id AND last.change_id = c.change_id
"""

RULES = (
    Rule(
        "an order's total is the sum of its lines",
        ("order",),
        """
        SELECT o.order_id, o.subtotal_minor, o.adjustment_minor, o.total_minor,
               l.base, l.adjustment, l.total
        FROM souk_order.orders o LEFT JOIN (
            SELECT order_id, SUM(quantity * base_minor) AS base,
                   SUM(adjustment_minor) AS adjustment, SUM(total_minor) AS total
            FROM souk_order.order_line GROUP BY order_id
        ) l ON l.order_id = o.order_id
        WHERE NOT (o.subtotal_minor <=> l.base AND o.adjustment_minor <=> l.adjustment
                   AND o.total_minor <=> l.total
                   AND o.total_minor = o.subtotal_minor + o.adjustment_minor)
        """,
    ),
    Rule(
        "a pay order has orders of its own customer and currency, and no order is without one",
        ("order",),
        """
        SELECT p.pay_order_id, o.order_id
        FROM souk_order.pay_order p
        LEFT JOIN souk_order.orders o ON o.pay_order_id = p.pay_order_id
        WHERE o.order_id IS NULL OR o.user_id <> p.user_id OR o.currency <> p.currency
        UNION ALL
        SELECT o.pay_order_id, o.order_id
        FROM souk_order.orders o
        LEFT JOIN souk_order.pay_order p ON p.pay_order_id = o.pay_order_id
        WHERE p.pay_order_id IS NULL
        """,
    ),
    Rule(
        "one attempt makes one pay order",
        ("order",),
        """
        SELECT redemption_id, COUNT(*) AS pay_orders FROM souk_order.pay_order
        GROUP BY redemption_id HAVING pay_orders > 1
        """,
    ),
    Rule(
        "an order's statuses are where its history ends",
        ("order",),
        f"""
        SELECT o.order_id, c.machine, c.to_status, o.status, o.payment_status,
               o.fulfilment_status, o.refund_status
        FROM souk_order.orders o JOIN ({_LAST_CHANGES}) c ON c.order_id = o.order_id
        WHERE c.to_status <> CASE c.machine WHEN 1 THEN o.status WHEN 2 THEN o.payment_status
                             WHEN 3 THEN o.fulfilment_status ELSE o.refund_status END
        """,
    ),
    Rule(
        "a payment is of the orders that it was started for",
        ("order",),
        """
        SELECT p.payment_id, p.amount_minor, SUM(o.total_minor) AS orders
        FROM souk_order.payment p
        LEFT JOIN souk_order.payment_order po ON po.payment_id = p.payment_id
        LEFT JOIN souk_order.orders o ON o.order_id = po.order_id
        GROUP BY p.payment_id, p.amount_minor HAVING NOT (orders <=> p.amount_minor)
        """,
    ),
    Rule(
        "money that came is for goods or to be refunded, never both, never neither",
        ("order",),
        f"""
        SELECT p.payment_id, o.order_id, o.status, o.payment_status, r.refund_id
        FROM souk_order.payment p
        JOIN souk_order.payment_order po ON po.payment_id = p.payment_id
        JOIN souk_order.orders o ON o.order_id = po.order_id
        JOIN souk_order.pay_order pay ON pay.pay_order_id = o.pay_order_id
        LEFT JOIN souk_order.refund r
          ON r.payment_id = p.payment_id AND r.order_id = o.order_id
        WHERE p.status = {_PAYMENT_PAID}
          AND (r.refund_id IS NULL) <> (pay.paid_by = p.payment_id
               AND o.payment_status = {_PAYMENT_PAID}
               AND o.status IN ({_PAID}, {_FULFILLING}, {_COMPLETED}))
        """,
    ),
    Rule(
        "a refund is of money that came, as much as the order cost",
        ("order",),
        f"""
        SELECT r.refund_id, r.amount_minor, o.total_minor, p.status
        FROM souk_order.refund r
        LEFT JOIN souk_order.orders o ON o.order_id = r.order_id
        LEFT JOIN souk_order.payment p ON p.payment_id = r.payment_id
        WHERE NOT (r.amount_minor <=> o.total_minor AND r.currency <=> o.currency
                   AND p.status <=> {_PAYMENT_PAID})
        """,
    ),
    Rule(
        "what is delivered was paid",
        ("order",),
        f"""
        SELECT o.order_id, o.status, o.payment_status, p.paid_by
        FROM souk_order.orders o
        JOIN souk_order.pay_order p ON p.pay_order_id = o.pay_order_id
        WHERE (o.status IN ({_PAID}, {_FULFILLING}, {_COMPLETED})
               OR o.payment_status = {_PAYMENT_PAID})
          AND NOT EXISTS (
            SELECT 1 FROM souk_order.payment y JOIN souk_order.payment_order po
              ON po.payment_id = y.payment_id
            WHERE y.payment_id = p.paid_by AND y.status = {_PAYMENT_PAID}
              AND po.order_id = o.order_id)
        """,
    ),
    Rule(
        "an order has the hold that its status wants",
        ("order", "inventory"),
        f"""
        SELECT o.order_id, o.status, r.status AS reservation
        FROM souk_order.orders o
        LEFT JOIN souk_inventory.reservation r ON r.reservation_id = o.order_id
        WHERE NOT COALESCE(CASE
            WHEN o.status = {_PENDING} THEN r.status = {_HELD}
            WHEN o.status IN ({_FULFILLING}, {_COMPLETED}) THEN r.status = {_CONFIRMED}
            WHEN o.status = {_CANCELLED} THEN r.status IN ({_RELEASED}, {_EXPIRED})
            END, 0)
        """,
        quiet=True,
    ),
    Rule(
        "a hold has an order of the same goods",
        ("order", "inventory"),
        f"""
        SELECT r.reservation_id, r.status, r.sku_id, r.quantity, o.quantity AS ordered
        FROM (
            SELECT r.reservation_id, r.status, l.sku_id, l.quantity
            FROM souk_inventory.reservation r
            JOIN souk_inventory.reservation_line l ON l.reservation_id = r.reservation_id
            WHERE r.status IN ({_HELD}, {_CONFIRMED})
        ) r LEFT JOIN souk_order.order_line o
          ON o.order_id = r.reservation_id AND o.sku_id = r.sku_id
        WHERE NOT (o.quantity <=> r.quantity)
        """,
        quiet=True,
    ),
    Rule(
        "a redeemed quote has a pay order that lives",
        ("order", "pricing"),
        f"""
        SELECT r.redemption_id, r.status, p.pay_order_id, p.status AS pay_order
        FROM souk_pricing.redemption r
        LEFT JOIN souk_order.pay_order p ON p.redemption_id = r.redemption_id
        WHERE (r.status = {_REDEEMED}) <> (p.pay_order_id IS NOT NULL AND p.status <> {_CLOSED})
        """,
        quiet=True,
    ),
    Rule(
        "an order line has its snapshot",
        ("order", "listing"),
        """
        SELECT l.order_id, l.line_no, l.snapshot_id
        FROM souk_order.order_line l
        LEFT JOIN souk_listing.snapshot s ON s.snapshot_id = l.snapshot_id
        WHERE NOT (s.item_id <=> l.item_id)
        """,
    ),
)
