"""SearchService through its RPC. How documents get there: test_search_feed.py."""

import base64
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from search_kit import CREATED_US, Feed, running_feed, timestamp
from soukdev.refusal import Refused


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("search") as feed:
        yield feed


class Shelf:
    """A category of a test's own, and searches in it."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.category = feed.souk.new_id()

    def put(self, **fields: Any) -> int:
        return self.feed.put(category_id=self.category, **fields)

    def search(self, **fields: Any) -> Any:
        return self.feed.search(category_ids=[self.category], **fields)

    def found(self, **fields: Any) -> list[int]:
        return [hit.item_id for hit in self.search(**fields).hits]


@pytest.fixture
def shelf(feed: Feed) -> Shelf:
    return Shelf(feed)


def test_a_hit_says_what_a_list_shows(feed: Feed, shelf: Shelf) -> None:
    item = shelf.put(
        title="Nova 手机", brand="Nova", media_urls=["http://a/1", "http://a/2"], price=1999, free=2
    )
    feed.settle()
    answer = shelf.search(query="nova")
    (hit,) = answer.hits
    assert hit.item_id == item
    assert hit.category_id == shelf.category
    assert (hit.title, hit.brand, hit.shop_id) == ("Nova 手机", "Nova", 5)
    assert hit.media_url == "http://a/1"
    assert (hit.price_from.currency, hit.price_from.minor) == ("EUR", 1999)
    assert hit.in_stock is True
    assert hit.score > 0
    assert answer.total == 1
    assert answer.partial  # nobody to ask for fresh prices and stock
    assert answer.rank_version == "text-2"
    assert answer.next_page_token == ""


QUERIES = [
    ("手机", {"phone"}),
    ("智能手机", {"phone"}),
    ("手机 智能", {"phone"}),
    ("保护壳", {"case"}),
    ("智能", {"phone", "watch"}),
    ("红色", {"case"}),
    ("phone", {"phone"}),
    ("phones", {"phone"}),
    ("SMART PHONE", {"phone"}),
    ("acme watch", {"watch"}),
    ("acme 手表", {"watch"}),
    ("waterproof", {"watch"}),
    ("128", {"phone"}),
    ("手机 tablet", set()),
    ("the", set()),
    ("!?", set()),
    ('"', set()),
    ("title:phone OR *", set()),
    ("cafe", {"cup"}),
    ("CAFÉ", {"cup"}),
    ("\uff50\uff48\uff4f\uff4e\uff45", {"phone"}),
    ("\uff33\uff2d\uff21\uff32\uff34\u3000\uff50\uff48\uff4f\uff4e\uff45\uff53", {"phone"}),
    ("pho\u200bne", {"phone"}),
    ("\ufeff手\u200b机", {"phone"}),
    ("\u202ephone\u202c", {"phone"}),
    ("zerowidth", {"cup"}),
    ("智能phone", {"phone"}),
    ("phone智能手机", {"phone"}),
    ("“手机”、\uff08智能\uff09\uff01", {"phone"}),
    ("phone*", {"phone"}),
    ("ph*", set()),
    ("+phone -case", set()),
    ('{"match_all": {}}', set()),
    ("phone\\", {"phone"}),
    ("手机 😀", set()),
    ("שלום", {"cup"}),
    ("\u0301" * 50, set()),
]


@pytest.fixture(scope="module")
def things(feed: Feed) -> tuple[Shelf, dict[str, int]]:
    shelf = Shelf(feed)
    items = {
        "phone": shelf.put(
            title="智能手机 Smart Phone", attributes=[{"code": "gb", "number": 128}]
        ),
        "case": shelf.put(title="保护壳", attributes=[{"code": "colour", "text": "红色"}]),
        "watch": shelf.put(
            title="智能手表", brand="Acme", description="A waterproof watch for swimmers"
        ),
        "cup": shelf.put(title="Café cup zero\u200bwidth שלום"),
    }
    feed.settle()
    return shelf, items


@pytest.mark.parametrize(("query", "wanted"), QUERIES)
def test_chinese_and_english_are_found(
    things: tuple[Shelf, dict[str, int]], query: str, wanted: set[str]
) -> None:
    shelf, items = things
    names = {item: name for name, item in items.items()}
    assert {names[item] for item in shelf.found(query=query)} == wanted


# To one analyzer each character is a word, to the other each pair of them.
LONGEST = {
    "chinese": "".join(chr(0x4E00 + 7 * i) for i in range(200)),
    "mixed": "".join(f"{chr(0x4E00 + i)}{chr(0x61 + i % 26)}" for i in range(100)),
    "korean": "".join(chr(0xAC00 + 3 * i) for i in range(200)),
}


@pytest.mark.parametrize("query", LONGEST.values(), ids=LONGEST)
def test_the_longest_query_is_found_as_well(feed: Feed, shelf: Shelf, query: str) -> None:
    item = shelf.put(title=query)
    feed.settle()
    assert shelf.found(query=query) == [item]


def test_titles_go_before_descriptions(feed: Feed, shelf: Shelf) -> None:
    second = shelf.put(title="A cable", description="Fits every camera")
    first = shelf.put(title="A camera", description="With cable")
    feed.settle()
    answer = shelf.search(query="camera")
    assert [hit.item_id for hit in answer.hits] == [first, second]
    assert answer.hits[0].score > answer.hits[1].score


def test_words_side_by_side_go_first(feed: Feed, shelf: Shelf) -> None:
    first = shelf.put(title="red wine glass")
    second = shelf.put(title="glass of wine, red")
    feed.settle()
    assert shelf.found(query="red wine") == [first, second]


def test_categories_are_those_named(feed: Feed) -> None:
    a, b, c = Shelf(feed), Shelf(feed), Shelf(feed)
    in_a, in_b = a.put(), b.put()
    c.put()
    feed.settle()
    assert sorted(feed.found(category_ids=[a.category, b.category])) == [in_a, in_b]


def test_prices_are_of_a_range_and_a_currency(feed: Feed, shelf: Shelf) -> None:
    at = {minor: shelf.put(price=minor) for minor in (100, 200, 300)}
    unpriced = shelf.put(price=None)
    yen = feed.new_goods()
    feed.item(yen, category_id=shelf.category)
    feed.price(yen.sku_ids[0], 200, amount={"currency": "JPY", "minor": 200})
    feed.settle()

    def found(**fields: Any) -> set[int]:
        return set(shelf.found(**fields))

    assert found() == {*at.values(), unpriced, yen.item_id}
    assert found(currency="EUR") == set(at.values())
    assert found(currency="EUR", price_min=200) == {at[200], at[300]}
    assert found(currency="EUR", price_max=200) == {at[100], at[200]}
    assert found(currency="EUR", price_min=101, price_max=299) == {at[200]}
    assert found(currency="JPY", price_min=200, price_max=200) == {yen.item_id}
    assert found(currency="USD") == set()


def test_a_price_range_must_make_sense(shelf: Shelf) -> None:
    for fields in ({"price_min": 1}, {"price_max": 1}):
        assert shelf.feed.refuses(**fields) == "INVALID_ARGUMENT PRICE_RANGE_INVALID"
    upside_down = {"price_min": 2, "price_max": 1, "currency": "EUR"}
    assert shelf.feed.refuses(**upside_down) == "INVALID_ARGUMENT PRICE_RANGE_INVALID"


def test_only_what_can_be_had(feed: Feed, shelf: Shelf) -> None:
    there, gone = shelf.put(free=1), shelf.put(free=0)
    feed.settle()
    assert set(shelf.found()) == {there, gone}
    assert shelf.found(in_stock_only=True) == [there]


def test_each_order(feed: Feed, shelf: Shelf) -> None:
    ages = {10: 300, 30: 100, 20: 200}
    at = {
        minor: shelf.put(price=minor, create_time=timestamp(CREATED_US + age))
        for minor, age in ages.items()
    }
    unpriced = shelf.put(price=None, create_time=timestamp(CREATED_US))
    feed.settle()
    newest = [at[10], at[20], at[30], unpriced]
    assert shelf.found() == newest
    assert shelf.found(sort="SEARCH_SORT_NEWEST") == newest
    assert shelf.found(sort="SEARCH_SORT_PRICE_ASC") == [at[10], at[20], at[30], unpriced]
    assert shelf.found(sort="SEARCH_SORT_PRICE_DESC") == [at[30], at[20], at[10], unpriced]
    # Without words everything is as relevant: the newest id first.
    assert shelf.found(sort="SEARCH_SORT_RELEVANCE") == [unpriced, at[20], at[30], at[10]]


@pytest.fixture(scope="module")
def many(feed: Feed) -> tuple[Shelf, list[int]]:
    """More than a page, a third of them with the same price, some with none."""
    shelf = Shelf(feed)
    prices: list[int | None] = [500, 500, None, 700, 500, 900, 700]
    titles = ["green tea", "tea", "black tea tea", "tea for two"]
    items = [
        shelf.put(
            price=prices[i % 7], title=titles[i % 4], create_time=timestamp(CREATED_US + i // 3)
        )
        for i in range(61)
    ]
    feed.settle()
    return shelf, items


SORTS = ["RELEVANCE", "NEWEST", "PRICE_ASC", "PRICE_DESC"]


@pytest.mark.parametrize("query", ["", "tea"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_have_no_gap_and_no_repeat(
    many: tuple[Shelf, list[int]], sort: str, query: str
) -> None:
    shelf, items = many
    fields = {"sort": f"SEARCH_SORT_{sort}", "query": query}
    whole = shelf.found(page_size=200, **fields)
    assert sorted(whole) == items
    for size in (1, 7, 60, 61):
        pages, token = [], ""
        while True:
            answer = shelf.search(page_size=size, page_token=token, **fields)
            pages.append([hit.item_id for hit in answer.hits])
            assert answer.total == len(items)
            token = answer.next_page_token
            if not token:
                break
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert [item for page in pages for item in page] == whole


def test_pages_stay_whole_while_items_come_and_go(feed: Feed, shelf: Shelf) -> None:
    items = [
        shelf.put(create_time=timestamp(CREATED_US + age), price=100) for age in range(30, 0, -1)
    ]
    feed.settle()
    first = shelf.search(page_size=10)
    shelf.put(create_time=timestamp(CREATED_US + 100))
    feed.settle()
    rest = shelf.search(page_size=200, page_token=first.next_page_token)
    assert [hit.item_id for page in (first, rest) for hit in page.hits] == items


def test_pages_stay_whole_while_words_become_common(feed: Feed, shelf: Shelf) -> None:
    """What others sell is no matter of how well an item fits."""
    items = [shelf.put(title=f"lotus tea {'leaf ' * (i % 3)}") for i in range(30)]
    feed.settle()
    whole = shelf.found(query="lotus tea")
    assert sorted(whole) == items
    pages, token = [], ""
    for _ in range(3):
        page = shelf.search(query="lotus tea", page_size=10, page_token=token)
        pages.append([hit.item_id for hit in page.hits])
        token = page.next_page_token
        for words in ("lotus tea", "unlike anything"):
            for _ in range(20):
                feed.put(title=words)
        feed.settle()
    assert [item for page in pages for item in page] == whole
    assert token == ""


def test_of_equal_ones_what_can_be_had_goes_first(feed: Feed, shelf: Shelf) -> None:
    there = [shelf.put(title="jasmine tea") for _ in range(3)]
    gone = [shelf.put(title="jasmine tea", free=0) for _ in range(3)]
    better = shelf.put(title="jasmine", free=0)
    feed.settle()
    in_order = [*reversed(there), *reversed(gone)]
    assert shelf.found(query="jasmine") == [better, *in_order]
    assert shelf.found(query="jasmine tea") == in_order
    assert shelf.found(sort="SEARCH_SORT_RELEVANCE") == [*reversed(there), better, *reversed(gone)]


def test_the_shorter_title_goes_first(feed: Feed, shelf: Shelf) -> None:
    first = shelf.put(title="Teapot")
    shelf.put(title="Tea cosy for a teapot of any size, knitted by hand", description="teapot " * 9)
    feed.settle()
    assert shelf.found(query="teapot")[0] == first


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u3000", " \u3000\u00a0 "])
def test_nothing_but_blanks_is_browsing(many: tuple[Shelf, list[int]], blank: str) -> None:
    shelf, items = many
    answer = shelf.search(query=blank)
    assert answer.total == len(items)
    assert [hit.item_id for hit in answer.hits] == shelf.found(sort="SEARCH_SORT_NEWEST")


def test_the_page_has_fifty_unless_told(many: tuple[Shelf, list[int]]) -> None:
    shelf, _ = many
    assert len(shelf.search().hits) == 50


def test_a_token_of_another_search_is_refused(many: tuple[Shelf, list[int]]) -> None:
    shelf, _ = many
    token = shelf.search(page_size=5).next_page_token
    wrong = "INVALID_ARGUMENT PAGE_TOKEN_INVALID"
    own = {"category_ids": [shelf.category]}
    refuses = shelf.feed.refuses
    assert refuses(page_token=token) == wrong
    assert refuses(page_token=token, query="tea", **own) == wrong
    assert refuses(page_token=token, sort="SEARCH_SORT_PRICE_ASC", **own) == wrong
    assert refuses(page_token=token, in_stock_only=True, **own) == wrong
    assert refuses(page_token=token[:-1], **own) == wrong
    assert refuses(page_token="x" * 400, **own) == wrong
    assert len(shelf.search(page_size=200, page_token=token).hits) == 56


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_forged_token_is_refused(many: tuple[Shelf, list[int]], score: float) -> None:
    shelf, _ = many
    token = shelf.search(page_size=5, query="tea").next_page_token
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    forged = base64.urlsafe_b64encode(raw[:8] + struct.pack("<d", score) + raw[16:])
    fields = {"category_ids": [shelf.category], "query": "tea"}
    refused = shelf.feed.refuses(page_token=forged.decode().rstrip("="), **fields)
    assert refused == "INVALID_ARGUMENT PAGE_TOKEN_INVALID"


def test_a_token_of_any_place_is_a_place(many: tuple[Shelf, list[int]]) -> None:
    shelf, _ = many
    for sort in ("NEWEST", "PRICE_ASC", "PRICE_DESC"):
        fields = {"sort": f"SEARCH_SORT_{sort}"}
        token = shelf.search(page_size=5, **fields).next_page_token
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        for key in (-(2**63), 0, 2**63 - 1):
            place = base64.urlsafe_b64encode(raw[:8] + struct.pack("<qq", key, key))
            assert shelf.search(page_token=place.decode().rstrip("="), **fields).total == 61


def facet(answer: Any, name: str) -> dict[int, int]:
    (facet,) = [facet for facet in answer.facets if facet.name == name]
    return {bucket.value: bucket.count for bucket in facet.buckets}


def test_facets_count_what_was_found(feed: Feed) -> None:
    tea, coffee = Shelf(feed), Shelf(feed)
    for price in (99, 100, 199, 250, 60_000_000_000_000):
        tea.put(title="facet", price=price)
    coffee.put(title="facet", price=150)
    coffee.put(title="facet", price=None)
    coffee.put(title="other", price=150)
    feed.settle()
    both = {"category_ids": [tea.category, coffee.category]}
    answer = feed.search(query="facet", **both)
    assert facet(answer, "category") == {tea.category: 5, coffee.category: 2}
    assert facet(answer, "price") == {0: 1, 100: 3, 200: 1, 50_000_000_000_000: 1}
    answer = feed.search(query="facet", price_min=100, price_max=199, currency="EUR", **both)
    assert facet(answer, "category") == {tea.category: 2, coffee.category: 1}
    assert facet(answer, "price") == {100: 3}


def test_an_unknown_experiment_ranks_as_always(many: tuple[Shelf, list[int]]) -> None:
    shelf, _ = many
    assert shelf.found(experiment="bucket-7") == shelf.found()


def test_a_request_that_breaks_the_contract_is_refused(feed: Feed) -> None:
    for fields in (
        {"query": "x" * 201},
        {"category_ids": [0]},
        {"category_ids": list(range(1, 52))},
        {"price_min": -1},
        {"currency": "eur"},
        {"page_size": 201},
        {"page_size": -1},
        {"sort": 99},
    ):
        assert feed.refuses(**fields) == "INVALID_ARGUMENT INVALID_FIELD", fields


def test_the_gateway_serves_it_to_everybody(feed: Feed, shelf: Shelf) -> None:
    item = shelf.put(title="网关", price=1234)
    feed.settle()
    answer = feed.souk.json().get("/v1/search", query="网关", category_ids=shelf.category)
    (hit,) = answer["hits"]
    assert hit["item_id"] == str(item)
    assert hit["price_from"] == {"currency": "EUR", "minor": "1234"}


def test_the_gateway_takes_a_plus_for_a_blank(feed: Feed, shelf: Shelf) -> None:
    """As browsers send what is typed into a form."""
    item = shelf.put(title="plus")
    feed.settle()
    path = f"/v1/search?category_ids={shelf.category}&query="

    def found(query: str) -> list[int]:
        answer = feed.souk.json().get(path + query)
        return [int(hit["item_id"]) for hit in answer["hits"]]

    assert found("+") == [item]
    assert found("%2B") == []


def test_ten_thousand_bytes_are_refused(feed: Feed) -> None:
    with pytest.raises(Refused) as refused:
        feed.souk.json().get("/v1/search", query="x" * 10_000)
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
