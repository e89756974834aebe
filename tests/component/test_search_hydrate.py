"""Prices and stock of hits as of now: asked of peers that answer, are silent, or are gone."""

from collections.abc import Iterator
from typing import Any

import pytest
from fake_peers import PRICES, STOCK, FakePeers
from search_kit import Feed, Goods, running_feed
from soukdev import paths
from soukdev.poll import until


@pytest.fixture(scope="module")
def all_peers() -> Iterator[FakePeers]:
    peers = FakePeers(paths.DESCRIPTOR_SET)
    yield peers
    peers.close()


@pytest.fixture(scope="module")
def feed(all_peers: FakePeers) -> Iterator[Feed]:
    target = f"ipv4:127.0.0.1:{all_peers.port}"
    settings = {"SOUK_PEER_PRICING": target, "SOUK_PEER_INVENTORY": target}
    with running_feed("hydrate", settings) as feed:
        yield feed


@pytest.fixture
def peers(all_peers: FakePeers) -> FakePeers:
    all_peers.forget()
    return all_peers


def indexed(feed: Feed, skus: int = 1, **item: Any) -> tuple[int, Goods]:
    """An item that the index knows at 10.00 EUR, in stock, in a category of its own."""
    category = feed.souk.new_id()
    goods = feed.new_goods(skus)
    feed.item(goods, category_id=category, **item)
    for sku in goods.sku_ids:
        feed.price(sku, 1000)
        feed.stock(sku, 1)
    feed.settle()
    return category, goods


def wait_hit(feed: Feed, category: int, wanted: tuple[bool, int | None, bool]) -> None:
    """Whether the answer is partial, and the hit's price and stock.

    On a busy machine peers are late that have an answer.
    """

    def is_so() -> bool:
        answer = feed.search(category_ids=[category])
        (hit,) = answer.hits
        price = hit.price_from.minor if hit.HasField("price_from") else None
        return (answer.partial, price, hit.in_stock) == wanted

    until(is_so, 60, f"{wanted}")


def test_hits_are_as_of_now(feed: Feed, peers: FakePeers) -> None:
    category, goods = indexed(feed, skus=3)
    peers.prices = dict(zip(goods.sku_ids, (900, 800, 850), strict=True))
    peers.free = dict.fromkeys(goods.sku_ids, 0)
    wait_hit(feed, category, (False, 800, False))
    peers.free[goods.sku_ids[1]] = None
    wait_hit(feed, category, (False, 800, True))


def test_what_nobody_knows_has_no_price_and_no_stock(feed: Feed, peers: FakePeers) -> None:
    category, goods = indexed(feed, skus=2)
    wait_hit(feed, category, (False, None, False))
    peers.prices = {goods.sku_ids[1]: 700}
    peers.free = {goods.sku_ids[0]: 5}
    wait_hit(feed, category, (False, 700, True))


def test_what_its_seller_calls_sold_out_is_sold_out(feed: Feed, peers: FakePeers) -> None:
    category, goods = indexed(feed, status="ITEM_STATUS_OUT_OF_STOCK")
    peers.prices = {goods.sku_ids[0]: 900}
    peers.free = {goods.sku_ids[0]: 5}
    wait_hit(feed, category, (False, 900, False))
    peers.free = {goods.sku_ids[0]: None}
    wait_hit(feed, category, (False, 900, False))


def test_a_peer_that_never_answers_is_done_without(feed: Feed, peers: FakePeers) -> None:
    category, goods = indexed(feed)
    peers.prices = {goods.sku_ids[0]: 500}
    peers.free = {goods.sku_ids[0]: 0}
    peers.silent = {STOCK}
    wait_hit(feed, category, (True, 500, True))
    peers.forget()
    peers.prices = {goods.sku_ids[0]: 500}
    peers.free = {goods.sku_ids[0]: 0}
    peers.silent = {PRICES}
    wait_hit(feed, category, (True, 1000, False))
    assert max(peers.limits_s) < 0.2


def test_a_caller_in_a_hurry_gets_what_the_index_knows(feed: Feed, peers: FakePeers) -> None:
    """A search may wait for its peers longer than its caller does: it leaves him some time."""
    category, _ = indexed(feed)
    peers.silent = {PRICES, STOCK}
    with feed.restarted(SOUK_HYDRATE_TIMEOUT_MS="1000"):

        def answered() -> Any:
            # A busy machine may leave no time to ask anybody.
            answer = feed.search(category_ids=[category], timeout_s=0.9)
            return answer if peers.asked[PRICES] and peers.asked[STOCK] else None

        answer = until(answered, 60, "an answer after both were asked")
        assert answer.partial
        assert [hit.price_from.minor for hit in answer.hits] == [1000]
    assert max(peers.limits_s) < 0.7


def test_a_broken_peer_is_done_without(feed: Feed, peers: FakePeers) -> None:
    category, goods = indexed(feed)
    peers.prices = {goods.sku_ids[0]: 500}
    peers.free = {goods.sku_ids[0]: 0}
    peers.broken = {PRICES}
    wait_hit(feed, category, (True, 1000, False))
    peers.broken = {PRICES, STOCK}
    wait_hit(feed, category, (True, 1000, True))
    peers.broken = set()
    wait_hit(feed, category, (False, 500, False))


def test_many_skus_are_asked_in_few_calls(feed: Feed, peers: FakePeers) -> None:
    category = feed.souk.new_id()
    shelf = [feed.new_goods(skus=45) for _ in range(30)]
    for goods in shelf:
        feed.item(goods, category_id=category)
        feed.price(goods.sku_ids[0], 1000)
        feed.stock(goods.sku_ids[0], 1)
    feed.settle()
    skus = [sku for goods in shelf for sku in goods.sku_ids]
    peers.prices = dict.fromkeys(skus, 300)
    peers.free = dict.fromkeys(skus, 0)

    def answered() -> Any:
        for calls in peers.asked.values():
            calls.clear()
        answer = feed.search(category_ids=[category], page_size=200)
        # 1350 SKUs: the first thousand are asked for, the rest stays as indexed.
        prices = [hit.price_from.minor for hit in answer.hits]
        asked = sorted(peers.asked[PRICES]) == sorted(peers.asked[STOCK]) == [200] * 5
        return answer if asked and prices == [300] * 22 + [1000] * 8 else None

    answer = until(answered, 60, "the first thousand, in five calls each")
    assert answer.partial


def test_a_page_without_hits_asks_nobody(feed: Feed, peers: FakePeers) -> None:
    answer = feed.search(category_ids=[feed.souk.new_id()])
    assert (len(answer.hits), answer.total, answer.partial) == (0, 0, False)
    assert peers.asked == {PRICES: [], STOCK: []}


def test_an_item_without_skus_needs_nobody(feed: Feed, peers: FakePeers) -> None:
    category, _ = indexed(feed, skus=0)
    wait_hit(feed, category, (False, None, False))
    assert peers.asked == {PRICES: [], STOCK: []}
