"""Amounts as the API has them, and as people do. Two decimals: what the demo's currencies have."""

from decimal import Decimal
from typing import Any

_CENTS = 100


def minor_of(amount_text: str) -> int:
    """12.90 is 1290. ValueError for what is no such amount."""
    amount = Decimal(amount_text) * _CENTS
    if amount != int(amount):
        raise ValueError(f"{amount_text} has more than two decimals")
    return int(amount)


def parse(price: str) -> dict[str, Any]:
    """12.90 EUR."""
    amount, currency = price.split()
    return {"currency": currency, "minor": str(minor_of(amount))}


def show(money: dict[str, Any]) -> str:
    """The opposite of parse."""
    return text(money["currency"], int(money["minor"]))


def text(currency: str, minor: int) -> str:
    """As show, of an amount that did not come as JSON."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // _CENTS}.{abs(minor) % _CENTS:02} {currency}"
