"""What svc-search-feed makes of events: the way from Kafka into the search engine."""

import itertools
import random
import time
from collections.abc import Iterator

import pytest
from search_kit import ALIAS, Feed, Goods, eur, running_feed, timestamp
from soukdev.poll import until


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("feed") as feed:
        yield feed


ORDERS = list(itertools.permutations(("item", "price", "stock")))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_any_order_makes_the_same_document(feed: Feed, order: tuple[str, ...]) -> None:
    goods = feed.new_goods()
    sku = goods.sku_ids[0]
    attributes = [{"code": "colour", "text": "红色"}]
    tell = {
        "item": lambda: feed.item(goods, title="手机 Phone", category_id=9, attributes=attributes),
        "price": lambda: feed.price(sku, 1999),
        "stock": lambda: feed.stock(sku, 3),
    }
    for stream in order:
        tell[stream]()
        feed.wait_taken()
    feed.settle()
    assert feed.document(goods.item_id) == {
        "item_id": goods.item_id,
        "category_id": 9,
        "shop_id": 5,
        "status": "ONLINE",
        "title": "手机 Phone",
        "brand": "",
        "media_url": "",
        "created_us": 1_700_000_000_000_000,
        "in_stock": True,
        "sku_ids": [sku],
        "price_from": 1999,
        "price_step": 1000,
        "currency": "EUR",
    }
    assert feed.found(query="红色", category_ids=[9], page_size=200).count(goods.item_id) == 1


def state(feed: Feed, goods: Goods) -> object:
    skus = feed.rows("SELECT * FROM document_sku WHERE sku_id = %s", goods.sku_ids[0])
    documents = feed.rows("SELECT * FROM document WHERE item_id = %s", goods.item_id)
    return skus, documents, feed.document(goods.item_id)


def test_repeated_and_old_events_change_nothing(feed: Feed) -> None:
    goods = feed.new_goods()
    sku = goods.sku_ids[0]
    item = feed.item(goods, title="new", version=1000)
    price = feed.price(sku, 1999, version=2000)
    stock = feed.stock(sku, 3, version=3000)
    feed.settle()
    before = state(feed, goods)
    # The same events again, and as they would look if they had been told anew.
    feed.tell("listing.published", goods.item_id, ce_id=item)
    feed.tell("price.changed", sku, ce_id=price)
    feed.tell("inventory.changed", sku, ce_id=stock)
    for version in (999, 1000):
        feed.item(goods, title="old", version=version)
        feed.price(sku, 1, version=version + 1000)
        feed.stock(sku, 0, version=version + 2000)
    feed.settle()
    assert state(feed, goods) == before


def test_a_crowd_of_events_leaves_the_newest(feed: Feed) -> None:
    feed.settle()
    feed.service.terminate()
    shelf = [feed.new_goods() for _ in range(20)]
    chance = random.Random(7)
    versions = list(range(1, 21))
    for goods in shelf:
        sku = goods.sku_ids[0]
        chance.shuffle(versions)
        for version in versions:
            for _ in range(chance.choice((1, 1, 3))):  # relays repeat
                feed.item(goods, title=f"v{version}", version=version, ce_id=f"{sku}-i{version}")
                feed.price(sku, 100 + version, version=version, ce_id=f"{sku}-p{version}")
                feed.stock(sku, version % 2, version=version, ce_id=f"{sku}-s{version}")
    feed.restart_service()
    feed.settle()
    for goods in shelf:
        document = feed.document(goods.item_id)
        assert document
        assert (document["title"], document["price_from"]) == ("v20", 120)
        assert document["in_stock"] is False


def test_offline_is_a_status_and_no_end(feed: Feed) -> None:
    category = feed.souk.new_id()
    goods = feed.new_goods()
    feed.item(goods, category_id=category)
    feed.settle()
    assert feed.found(category_ids=[category]) == [goods.item_id]
    feed.item(goods, "listing.offline", category_id=category, status="ITEM_STATUS_OFFLINE")
    feed.settle()
    assert feed.found(category_ids=[category]) == []
    document = feed.document(goods.item_id)
    assert document
    assert document["status"] == "OFFLINE"
    feed.item(goods, "item.updated", category_id=category)
    feed.settle()
    assert feed.found(category_ids=[category]) == [goods.item_id]


def test_what_is_sold_out_is_found(feed: Feed) -> None:
    category = feed.souk.new_id()
    goods = feed.new_goods()
    feed.item(goods, category_id=category, status="ITEM_STATUS_OUT_OF_STOCK")
    feed.settle()
    assert feed.found(category_ids=[category]) == [goods.item_id]


@pytest.mark.parametrize("status", ["HIDDEN", "MAINTAIN", "UNSPECIFIED"])
def test_what_is_not_on_the_shelf_is_not_found(feed: Feed, status: str) -> None:
    category = feed.souk.new_id()
    goods = feed.new_goods()
    feed.item(goods, category_id=category, status=f"ITEM_STATUS_{status}")
    feed.settle()
    assert feed.document(goods.item_id)
    assert feed.found(category_ids=[category]) == []


def test_a_sku_that_left_the_item_does_not_count(feed: Feed) -> None:
    goods = feed.new_goods(skus=2)
    cheap, dear = goods.sku_ids
    feed.item(goods)
    feed.price(cheap, 100)
    feed.price(dear, 900)
    feed.stock(cheap, 5)
    feed.settle()
    document = feed.document(goods.item_id)
    assert document
    assert (document["price_from"], document["in_stock"]) == (100, True)
    feed.item(Goods(goods.item_id, [dear]), "item.updated")
    feed.settle()
    document = feed.document(goods.item_id)
    assert document
    assert (document["price_from"], document["in_stock"]) == (900, False)


def test_stock_touches_a_document_only_when_it_begins_or_ends(feed: Feed) -> None:
    goods = feed.new_goods()
    feed.item(goods)
    feed.settle()
    versions = []
    for free in (5, 4, 0, 0, 7):
        feed.stock(goods.sku_ids[0], free)
        feed.settle()
        row = feed.rows("SELECT doc_version FROM document WHERE item_id = %s", goods.item_id)[0]
        document = feed.document(goods.item_id)
        assert document
        assert document["in_stock"] is (free > 0)
        versions.append(row["doc_version"])
    assert versions == [2, 2, 3, 3, 4]


def test_an_unlimited_sku_is_in_stock(feed: Feed) -> None:
    goods = feed.new_goods()
    feed.item(goods)
    feed.stock(goods.sku_ids[0], 0, model="STOCK_MODEL_UNLIMITED")
    feed.settle()
    document = feed.document(goods.item_id)
    assert document
    assert document["in_stock"] is True


def priced(feed: Feed, goods: Goods) -> int:
    document = feed.document(goods.item_id)
    assert document
    return int(document["price_from"])


def sale(sku: int, valid_from_us: int, valid_to_us: int) -> list[dict[str, object]]:
    """At 7.00 EUR instead of 9.00."""
    window = {"valid_from": timestamp(valid_from_us), "valid_to": timestamp(valid_to_us)}
    return [
        {"sku_id": sku, "kind": "PRICE_KIND_BASE", "amount": eur(900)},
        {"sku_id": sku, "kind": "PRICE_KIND_SALE", "amount": eur(700), **window},
    ]


def test_a_price_begins_and_ends_without_an_event(feed: Feed) -> None:
    """However long a machine takes to index it first, it is not too early, and comes."""
    hour_us = 3_600_000_000
    soon_us = time.time_ns() // 1000 + 2_500_000
    begins, ends = feed.new_goods(), feed.new_goods()
    feed.item(begins)
    feed.prices(begins.sku_ids[0], sale(begins.sku_ids[0], soon_us, soon_us + hour_us))
    feed.item(ends)
    feed.prices(ends.sku_ids[0], sale(ends.sku_ids[0], soon_us - hour_us, soon_us))
    feed.settle()
    before = (priced(feed, begins), priced(feed, ends))
    assert before == (900, 700) or time.time_ns() // 1000 >= soon_us
    until(lambda: priced(feed, begins) == 700, 60, "the sale")
    until(lambda: priced(feed, ends) == 900, 60, "the end of the sale")
    assert time.time_ns() // 1000 >= soon_us
    due = "SELECT due_at FROM document WHERE item_id = %s"
    until(lambda: not feed.rows(due, ends.item_id)[0]["due_at"], 60, "nothing left to wait for")


def test_a_document_that_cannot_be_indexed_stops_no_other(feed: Feed) -> None:
    poison, sound = feed.new_goods(), feed.new_goods()
    event = feed.souk.contracts.message("souk.listing.v1.ListingPublished")(
        item_id=poison.item_id,
        item={"item_id": poison.item_id, "title": "no UTF-8: XX", "version": 1},
        version=1,
    )
    broken = event.SerializeToString().replace(b"XX", b"\xff\xfe")
    feed.tell_bytes("listing.published", poison.item_id, broken)
    feed.item(sound)
    feed.settle()
    assert feed.document(sound.item_id)
    assert feed.document(poison.item_id) is None
    failures = "SELECT failures FROM document WHERE item_id = %s"
    until(lambda: feed.rows(failures, poison.item_id)[0]["failures"] >= 2, 60, "another try")
    assert '"document refused, it is tried again later"' in feed.service.log_text()
    # Once it is mended it is not left alone any longer.
    feed.item(Goods(poison.item_id, poison.sku_ids), version=2)
    feed.settle()
    assert feed.document(poison.item_id)
    assert feed.rows(failures, poison.item_id)[0]["failures"] == 0


def test_events_of_others_are_passed_over(feed: Feed) -> None:
    goods = feed.new_goods()
    feed.send("listing.item", "listing.praised", goods.item_id, b"whatever", "praise-1")
    feed.item(goods)
    feed.settle()
    assert feed.document(goods.item_id)
    assert feed.rows("SELECT ce_id FROM inbox WHERE ce_id = 'praise-1'") == []


def test_an_index_that_is_gone_is_made_anew(feed: Feed) -> None:
    category = feed.souk.new_id()
    items = [feed.put(category_id=category) for _ in range(5)]
    feed.settle()
    feed.engine.call("DELETE", f"/{ALIAS}-v1")
    items.append(feed.put(category_id=category))
    until(feed.has_index, 60, "the index")
    feed.settle()
    assert sorted(feed.found(category_ids=[category])) == items


def test_a_kill_between_event_and_index_loses_nothing(feed: Feed) -> None:
    category = feed.souk.new_id()
    feed.settle()
    feed.engine.terminate()
    items = [feed.put(category_id=category) for _ in range(50)]
    feed.wait_taken()
    feed.service.kill9()
    feed.engine.start()
    feed.restart_service()
    feed.settle()
    assert sorted(feed.found(category_ids=[category], page_size=200)) == items


def wait_known(feed: Feed, category: int, count: int) -> None:
    known = "SELECT COUNT(*) AS n FROM document WHERE category_id = %s"
    until(lambda: feed.rows(known, category)[0]["n"] >= count, 60, f"{count} items")


def test_kills_at_any_moment_lose_nothing(feed: Feed) -> None:
    category = feed.souk.new_id()
    items = []
    for round_ in range(2):
        items += [feed.put(category_id=category, price=100 + round_) for _ in range(40)]
        feed.flush()
        wait_known(feed, category, 40 * round_ + 10)
        feed.service.kill9()
        feed.restart_service()
    feed.settle(60)
    assert sorted(feed.found(category_ids=[category], page_size=200)) == items
    for item in items:
        document = feed.document(item)
        assert document
        assert document["in_stock"] is True
        assert document["price_from"] == 100 + items.index(item) // 40
