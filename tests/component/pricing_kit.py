"""Prices and quotes as tests of several services make them."""

import time
from typing import Any

from soukdev.souk import Souk

SHOP, SUPPLIER = 5, 6


def eur(minor: int) -> dict[str, Any]:
    return {"currency": "EUR", "minor": minor}


def from_now(seconds: float) -> dict[str, int]:
    """A timestamp."""
    us = int((time.time() + seconds) * 1_000_000)
    return {"seconds": us // 1_000_000, "nanos": us % 1_000_000 * 1000}


def set_price(souk: Souk, sku_id: int, minor: int, token: str | None = None, **more: Any) -> Any:
    """A base price in EUR by svc-listing, unless told otherwise."""
    fields = {
        "sku_id": sku_id,
        "kind": "PRICE_KIND_BASE",
        "amount": eur(minor),
        "shop_id": SHOP,
        "supplier_id": SUPPLIER,
        **more,
    }
    return souk.mutate("pricing.SetPrice", token or souk.service("listing"), **fields).price


def set_sale(souk: Souk, sku_id: int, minor: int, version: int, **more: Any) -> Any:
    return set_price(souk, sku_id, minor, kind="PRICE_KIND_SALE", version=version, **more)


def make_priced_sku(souk: Souk, minor: int = 1000, **more: Any) -> int:
    sku_id = souk.new_id()
    set_price(souk, sku_id, minor, **more)
    return sku_id


def price_of(souk: Souk, sku_id: int, **more: Any) -> Any:
    token = souk.operator()
    return souk.call("pricing.BatchGetPrices", token, sku_ids=[sku_id], **more).prices[0]


def make_quote(souk: Souk, user: int, *lines: tuple[int, int], **more: Any) -> Any:
    """A quote for a customer, or for whom `token` says; lines are (SKU, quantity)."""
    wanted = [{"sku_id": sku, "quantity": quantity} for sku, quantity in lines]
    token = more.pop("token", None) or souk.customer(user)
    return souk.call("pricing.CreateQuote", token, lines=wanted, **more)


def redeem(souk: Souk, quote_token: str, user_id: int, **more: Any) -> Any:
    fields = {
        "redemption_id": souk.new_id(),
        "pay_order_id": souk.new_id(),
        "user_id": user_id,
        "quote_token": quote_token,
        **more,
    }
    return souk.mutate("pricing.RedeemQuote", souk.service(), **fields)
