"""Searching what the other services really tell: from a draft to a hit."""

from typing import Any

from listing_kit import draft_of, item_of, publish
from search_kit import ALIAS
from soukdev.poll import until
from soukdev.refusal import Refused
from soukdev.souk import Souk


def title_of(souk: Souk) -> str:
    """Words that no other test uses."""
    return f"搜索 findable{souk.new_id()}"


def _answer(souk: Souk, fields: dict[str, Any]) -> Any:
    try:
        return souk.call("search.Search", **fields)
    except Refused as refused:
        if refused.code not in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
            raise
        return None


def search(souk: Souk, query: str, **fields: Any) -> Any:
    """Asks again where the engine, on a busy machine, is slower than a search waits."""
    return until(lambda: _answer(souk, {"query": query, **fields}), 60, "an answer")


def search_fresh(souk: Souk, query: str) -> Any:
    """As search, until those who know prices and stock have answered in time."""

    def whole() -> Any:
        answer = search(souk, query)
        return None if answer.partial else answer

    return until(whole, 60, "a whole answer")


def hit(souk: Souk, title: str, **fields: Any) -> Any:
    hits = search(souk, title, **fields).hits
    return hits[0] if hits else None


def hit_now(souk: Souk, title: str) -> Any:
    """With the price and stock of now."""
    (found,) = search_fresh(souk, title).hits
    return found


def on_sale(souk: Souk, title: str) -> Any:
    """The listing, once it is found with price and stock."""
    listing = publish(souk, "tshirt", draft=draft_of("tshirt", title=title))
    until(lambda: hit(souk, title, currency="CNY", in_stock_only=True), 60, "the item found")
    return listing


def test_what_is_published_is_found(souk: Souk) -> None:
    title = title_of(souk)
    listing = on_sale(souk, title)
    (found,) = search_fresh(souk, f"nike {title} 棉").hits
    assert found.item_id == listing.item_id
    assert found.title == title
    assert found.category_id == listing.category_id
    assert found.shop_id == listing.shop_id
    assert (found.price_from.currency, found.price_from.minor) == ("CNY", 7900)
    assert found.in_stock is True


def test_a_new_price_shows_at_once_and_counts_soon(souk: Souk) -> None:
    title = title_of(souk)
    sku = item_of(souk, on_sale(souk, title)).skus[1].sku_id
    version = souk.call("pricing.BatchGetPrices", sku_ids=[sku]).prices[0].version
    souk.mutate(
        "pricing.SetPrice",
        souk.operator(),
        sku_id=sku,
        kind="PRICE_KIND_SALE",
        amount={"currency": "CNY", "minor": 500},
        version=version,
    )
    assert hit_now(souk, title).price_from.minor == 500
    until(lambda: hit(souk, title, currency="CNY", price_max=500), 60, "the index knows it")


def test_what_is_sold_out_shows_at_once(souk: Souk) -> None:
    title = title_of(souk)
    item = item_of(souk, on_sale(souk, title))
    for sku in item.skus:
        stock = souk.call("inventory.GetStock", souk.operator(), sku_id=sku.sku_id).stock
        souk.mutate(
            "inventory.AdjustStock",
            souk.operator(),
            sku_id=sku.sku_id,
            delta=-stock.free,
            reason="counted",
        )
    assert hit_now(souk, title).in_stock is False
    until(lambda: not hit(souk, title, in_stock_only=True), 60, "the index knows it")


def test_what_is_taken_offline_is_found_no_more(souk: Souk) -> None:
    title = title_of(souk)
    item = item_of(souk, on_sale(souk, title))
    for status, is_there in (("OFFLINE", False), ("ONLINE", True)):
        souk.mutate(
            "listing.ChangeItemStatus",
            souk.operator(),
            item_id=item.item_id,
            status=f"ITEM_STATUS_{status}",
            version=item.version,
        )

        def is_so(is_there: bool = is_there) -> bool:
            return bool(hit(souk, title)) is is_there

        until(is_so, 60, status)
        item = souk.call("listing.GetItem", souk.operator(), item_id=item.item_id).item
    assert souk.stack.opensearch.call("GET", f"/{ALIAS}/_doc/{item.item_id}")["found"]


def test_without_inventory_the_index_answers(souk: Souk) -> None:
    title = title_of(souk)
    on_sale(souk, title)
    inventory = souk.stack.services["inventory"]
    inventory.kill9()
    try:
        answer = search(souk, title)
        assert answer.partial
        assert answer.hits[0].in_stock is True
        assert answer.hits[0].price_from.minor == 7900
    finally:
        inventory.start()
        souk.forget_client("inventory")
    search_fresh(souk, title)  # inventory is asked again
