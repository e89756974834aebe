"""Prices that change while somebody is buying."""

from datetime import UTC, datetime, timedelta

from journey_kit import Goods, Market, assert_all_holds, reason
from soukdev.market.money import parse, show
from soukdev.poll import until


def set_price(market: Market, goods: Goods, price: str, **more: str) -> None:
    known = market.souk.json().get("/v1/prices", sku_ids=[goods.sku_id])["prices"][0]
    market.sellers.operator.put(
        f"/v1/prices/{goods.sku_id}",
        request_id=market.souk.request_id(),
        amount=parse(price),
        version=known["version"],
        **{"kind": "PRICE_KIND_BASE"} | more,
    )


def test_the_price_that_was_quoted_holds_and_the_next_quote_has_the_new_one(market: Market) -> None:
    goods, customer = market.goods(price="10.00 EUR"), market.customer()
    token = customer.quote([goods.line(2)])["quote_token"]
    set_price(market, goods, "15.00 EUR")
    [order] = customer.place([goods.line(2)], token)["orders"]
    assert show(order["total"]) == "20.00 EUR"
    assert show(customer.quote([goods.line(2)])["quote"]["total"]) == "30.00 EUR"


def test_it_binds_the_customer_too(market: Market) -> None:
    goods, customer = market.goods(price="10.00 EUR"), market.customer()
    token = customer.quote([goods.line()])["quote_token"]
    set_price(market, goods, "5.00 EUR")
    assert show(customer.place([goods.line()], token)["pay_order"]["total"]) == "10.00 EUR"


def test_a_quote_is_for_its_lines_its_customer_and_one_order(market: Market) -> None:
    goods, customer, other = market.goods(), market.customer(), market.customer()
    token = customer.quote([goods.line()])["quote_token"]
    more = reason(lambda: customer.place([goods.line(2)], token))
    assert more == "INVALID_ARGUMENT LINES_DIFFER_FROM_QUOTE"
    stolen = reason(lambda: other.place([goods.line()], token))
    assert stolen == "FAILED_PRECONDITION QUOTE_OF_ANOTHER_USER"
    forged = f"{token[:-4]}{'AAAA' if token[-4:] != 'AAAA' else 'BBBB'}"
    assert (
        reason(lambda: customer.place([goods.line()], forged)) == "INVALID_ARGUMENT QUOTE_INVALID"
    )
    customer.place([goods.line()], token)
    twice = reason(lambda: customer.place([goods.line()], token))
    assert twice == "FAILED_PRECONDITION QUOTE_REDEEMED"


def test_a_cart_says_that_a_price_has_changed(market: Market) -> None:
    goods, customer = market.goods(price="10.00 EUR"), market.customer()
    customer.add(goods.line())
    set_price(market, goods, "12.00 EUR")
    [line] = customer.cart_fresh()["lines"]
    assert show(line["price"]) == "12.00 EUR"
    [change] = line["changes"]
    assert change["kind"] == "CART_CHANGE_KIND_PRICE"
    assert (show(change["old_price"]), show(change["new_price"])) == ("10.00 EUR", "12.00 EUR")


def test_who_changed_a_price_and_why_is_known_to_its_shop(market: Market) -> None:
    goods = market.goods(price="10.00 EUR")
    set_price(market, goods, "12.00 EUR", comment="咖啡涨价")
    shop = market.souk.json(market.souk.merchant(goods.shop_id))
    changed, published = shop.get(f"/v1/prices/{goods.sku_id}/history")["changes"]
    assert (show(changed["old_amount"]), show(changed["price"]["amount"])) == (
        "10.00 EUR",
        "12.00 EUR",
    )
    assert (changed["comment"], changed["changed_by"].split("/")[0]) == ("咖啡涨价", "operator")
    assert published["changed_by"] == "service/listing"
    stranger = market.souk.json(market.souk.merchant(goods.shop_id + 1))
    assert reason(lambda: stranger.get(f"/v1/prices/{goods.sku_id}/history")) == (
        "NOT_FOUND SKU_UNKNOWN"
    )


def test_a_sale_that_is_announced_keeps_nobody_waiting(market: Market) -> None:
    goods = market.goods(price="10.00 EUR")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    set_price(market, goods, "8.00 EUR", kind="PRICE_KIND_SALE", valid_from=tomorrow)
    to_begin = (
        f"SELECT 1 FROM document WHERE item_id = {goods.item['item_id']}"
        " AND due_at > UTC_TIMESTAMP(6) AND indexed_version = doc_version"
    )
    until(lambda: market.souk.sql("search", to_begin), 60, "the document waits for the sale")
    assert_all_holds(market.souk.stack)
