"""Answers that customers have in hand."""

from pathlib import Path
from typing import Any

from soukdev.contracts import Contracts
from soukdev.invariants.rules import Rows

_METHOD = "/souk.order.v1.OrderService/PlaceOrder"


def lost_orders(descriptor_set: Path, rows: Rows) -> list[dict[str, Any]]:
    """Orders that an answer names and that are not there; pay orders that two answers name."""
    answer_type = Contracts(descriptor_set).message("souk.order.v1.PlaceOrderResponse")
    there = {row["order_id"] for row in rows("SELECT order_id FROM souk_order.orders")}
    pay_orders: set[int] = set()
    found = []
    stored = "SELECT caller, request_id, answer FROM souk_order.request WHERE answer IS NOT NULL"
    for row in rows(f"{stored} AND method = '{_METHOD}'"):
        answer = answer_type.FromString(row["answer"])
        who = {"caller": row["caller"], "request_id": row["request_id"]}
        for order in answer.orders:
            if order.order_id not in there:
                found.append({**who, "lost": order.order_id})
        if answer.pay_order.pay_order_id in pay_orders:
            found.append({**who, "twice": answer.pay_order.pay_order_id})
        pay_orders.add(answer.pay_order.pay_order_id)
    return found
