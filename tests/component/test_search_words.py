"""What a search says of its words: where they were found, and what was meant instead."""

from collections.abc import Iterator
from typing import Any

import pytest
from search_kit import Feed, running_feed
from soukdev.poll import until


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("words") as feed:
        yield feed


@pytest.fixture(scope="module")
def category(feed: Feed) -> int:
    category = feed.souk.new_id()
    for title, brand in (
        ("星巴克咖啡券 Coffee Vouchers", "Starbucks"),
        ("港湾咖啡礼品卡", "港湾"),
        ("Running shoes <b>for</b> everybody", "Acme & Sons"),
        ("青岛啤酒 12 瓶", ""),
    ):
        feed.put(category_id=category, title=title, brand=brand)
    offline = feed.new_goods()
    feed.item(offline, title="Umbrella", category_id=category, status="ITEM_STATUS_OFFLINE")
    feed.settle()
    return category


def shown(parts: Any) -> str:
    return "".join(f"[{part.text}]" if part.is_match else part.text for part in parts)


HIGHLIGHTS = [
    ("咖啡券", ["星巴克[咖啡券] Coffee Vouchers"]),
    ("港湾咖啡", ["[港湾咖啡]礼品卡"]),
    ("coffee voucher", ["星巴克咖啡券 [Coffee] [Vouchers]"]),
    ("咖啡 COFFEE", ["星巴克[咖啡]券 [Coffee] Vouchers"]),
    ("run", ["[Running] shoes <b>for</b> everybody"]),
    ("券", ["星巴克咖啡[券] Coffee Vouchers"]),
]


@pytest.mark.parametrize(("query", "titles"), HIGHLIGHTS)
def test_what_was_found_is_marked(feed: Feed, category: int, query: str, titles: list[str]) -> None:
    answer = feed.search(query=query, category_ids=[category], highlight=True)
    assert [shown(hit.title_parts) for hit in answer.hits] == titles
    for hit in answer.hits:
        assert "".join(part.text for part in hit.title_parts) == hit.title
        assert "".join(part.text for part in hit.brand_parts) == hit.brand


def test_brands_are_marked_as_well(feed: Feed, category: int) -> None:
    (hit,) = feed.search(query="acme shoe", category_ids=[category], highlight=True).hits
    assert shown(hit.brand_parts) == "[Acme] & Sons"
    assert shown(hit.title_parts) == "Running [shoes] <b>for</b> everybody"


def test_nothing_is_marked_unless_asked_for(feed: Feed, category: int) -> None:
    (hit,) = feed.search(query="acme", category_ids=[category]).hits
    assert not hit.title_parts
    assert not hit.brand_parts


def test_browsing_finds_everything_and_marks_nothing(feed: Feed, category: int) -> None:
    answer = feed.search(category_ids=[category], highlight=True)
    assert answer.total == 4
    assert [hit.title for hit in answer.hits] == [shown(hit.title_parts) for hit in answer.hits]
    assert answer.did_you_mean == ""


def test_the_longest_query_is_marked_as_well(feed: Feed) -> None:
    title = "".join(chr(0xAC00 + 3 * i) for i in range(200))
    feed.put(title=title)
    feed.settle()
    (hit,) = feed.search(query=title, highlight=True).hits
    assert shown(hit.title_parts) == f"[{title[:100]}]{title[100:]}"


TRADITIONAL_AND_SIMPLIFIED = [
    ("電影", "电影"),
    ("酒店", "酒店"),
    ("禮品卡", "礼品卡"),
    ("遊戲點數充值", "游戏点数充值"),
    ("優惠券", "优惠券"),
    ("臺灣牛肉麵", "台湾牛肉面"),
    ("護髮產品", "护发产品"),
    ("裏", "里"),
    ("儲值卡 Gift Cards", "储值卡 gift card"),
    ("鱄魚乾", "𫚋鱼干"),  # written with and without surrogates in UTF-16
]


def title_of(words: str) -> str:
    return f"新 {words} 100"


def marked(words: str) -> str:
    return title_of(" ".join(f"[{word}]" for word in words.split()))


@pytest.fixture(scope="module")
def written_twice(feed: Feed) -> int:
    """A category with each of them in both writings."""
    category = feed.souk.new_id()
    for pair in TRADITIONAL_AND_SIMPLIFIED:
        for words in pair:
            feed.put(category_id=category, title=title_of(words))
    feed.settle()
    return category


@pytest.mark.parametrize("pair", TRADITIONAL_AND_SIMPLIFIED)
def test_each_writing_finds_both_and_shows_what_was_written(
    feed: Feed, written_twice: int, pair: tuple[str, str]
) -> None:
    for query in pair:
        answer = feed.search(query=query, category_ids=[written_twice], highlight=True)
        assert {shown(hit.title_parts) for hit in answer.hits} == {marked(words) for words in pair}
        assert {hit.title for hit in answer.hits} == {title_of(words) for words in pair}
        assert answer.did_you_mean == ""


MEANT = [
    ("cofee", "coffee"),
    ("Starbuks", "starbucks"),
    ("starbuks cofee", "starbucks coffee"),
    ("runing, shos", "running, shoes"),
    ("咖啡 cofee", "咖啡 coffee"),
    ("港弯咖啡", "港湾咖啡"),
    ("星八克", "星巴克"),
    ("青到啤酒", "青岛啤酒"),
]


@pytest.mark.parametrize(("query", "meant"), MEANT)
def test_a_slip_is_noticed(feed: Feed, category: int, query: str, meant: str) -> None:

    def corrected() -> Any:
        # A search that is late goes without.
        answer = feed.search(query=query, category_ids=[category])
        return answer if answer.did_you_mean else None

    answer = until(corrected, 60, meant)
    assert (list(answer.hits), answer.did_you_mean) == ([], meant)
    assert feed.search(query=meant, category_ids=[category]).hits


@pytest.mark.parametrize("query", ["coffee", "咖啡", "xylophone", "热水器", "!?", "umbrela", "😀"])
def test_where_there_is_nothing_better_nothing_is_said(
    feed: Feed, category: int, query: str
) -> None:
    assert feed.search(query=query, category_ids=[category]).did_you_mean == ""


def test_what_is_meant_is_found_under_the_same_filters(feed: Feed, category: int) -> None:
    until(lambda: feed.search(query="cofee").did_you_mean == "coffee", 60, "a correction")
    assert feed.search(query="cofee", category_ids=[category + 1]).did_you_mean == ""
    assert feed.search(query="cofee", price_max=1, currency="EUR").did_you_mean == ""
