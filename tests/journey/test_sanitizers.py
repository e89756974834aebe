"""A purchase and its refusals under AddressSanitizer, LeakSanitizer and UBSan."""

import pytest
from journey_kit import Market, Stock, insist, opened, refusal
from soukdev import names
from soukdev.poll import until


def test_nothing_is_leaked_or_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs make MODE=asan. That services end with 0 and without a word is opened()'s to say."""
    missing = [c for c in names.CONTEXTS if not names.binary(c, "asan").exists()]
    assert not missing, f"make MODE=asan first: {missing}"
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0")
    monkeypatch.setenv("UBSAN_OPTIONS", "print_stacktrace=1")
    with opened("asan", mode="asan") as market:
        _buy(market)


def _buy(market: Market) -> None:
    goods, first, second = market.goods(on_hand=3), market.customer(), market.customer()
    first.add(goods.line(2))
    placed = first.order([goods.line(2)])
    refused = refusal(lambda: second.order([goods.line(2)]))
    assert refused.reason == "INSUFFICIENT_STOCK"
    cancelled = second.order([goods.line()])["orders"][0]
    second.cancel(cancelled["order_id"])
    first.pay(placed["pay_order"]["pay_order_id"], say="FAILED,SUCCEEDED", times=2)
    first.await_order(placed["orders"][0]["order_id"], "COMPLETED")
    market.await_stock(goods, Stock(1, 0, 2))
    until(
        lambda: insist(lambda: first.search(goods.item["title"]))["hits"], 60, "the voucher found"
    )
    until(lambda: not first.cart()["lines"], 60, "an empty cart")
