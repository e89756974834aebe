"""The index made anew behind its alias, while it is searched."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import pytest
from engine_door import EngineDoor
from order_kit import refused
from search_kit import ALIAS, Feed, running_feed, searching
from soukdev.http import HttpError
from soukdev.poll import until

NEXT = f"{ALIAS}-next"
MANY = 600  # more than two parts


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("reindex", {"SOUK_SEARCH_TIMEOUT_MS": "2000"}) as feed:
        yield feed


@pytest.fixture(scope="module")
def shelf(feed: Feed) -> tuple[int, list[int]]:
    """A category and its items, which are more than one part."""
    category = feed.souk.new_id()
    items = [feed.put(category_id=category) for _ in range(MANY)]
    feed.settle()
    return category, items


def begin(feed: Feed, **fields: Any) -> Any:
    return feed.souk.mutate("search.Reindex", feed.souk.operator(), **fields).reindexing


def look(feed: Feed, reindexing: Any) -> Any:
    return feed.souk.call(
        "search.GetReindex", feed.souk.operator(), reindex_id=reindexing.reindex_id
    ).reindexing


def wait_done(feed: Feed, reindexing: Any) -> Any:
    def done() -> Any:
        now = look(feed, reindexing)
        return now if now.status == 2 else None

    return until(done, 60, "the index made anew", every_s=0.02)


def behind(feed: Feed, alias: str) -> list[str]:
    try:
        return list(feed.engine.call("GET", f"/_alias/{alias}"))
    except HttpError as error:
        if error.status == 404:
            return []
        raise


def indexes(feed: Feed) -> list[str]:
    return list(feed.engine.call("GET", f"/{ALIAS}*"))


def wait_in(feed: Feed, index: str, item_id: int, **source: Any) -> None:
    """Until an index has it like this."""

    def there() -> bool:
        try:
            found = feed.engine.call("GET", f"/{index}/_doc/{item_id}")["_source"]
        except HttpError as error:
            # 503: a new index has no shard yet.
            if error.status in (404, 503):
                return False
            raise
        return all(found[name] == value for name, value in source.items())

    until(there, 60, f"{item_id} in {index}: {source}")


def wait_items(feed: Feed, reindexing: Any, items: int) -> None:
    def there() -> bool:
        return bool(look(feed, reindexing).items >= items)

    until(there, 60, f"{items} items", every_s=0.001)


@pytest.fixture(scope="module")
def door(feed: Feed) -> Iterator[EngineDoor]:
    with closing(EngineDoor(feed.engine.port)) as door, feed.restarted(SOUK_SEARCH_URL=door.url):
        yield door


@contextmanager
def held_up(feed: Feed, door: EngineDoor, **fields: Any) -> Iterator[Any]:
    """One that is in the middle: documents are sent, but that they are cannot be noted."""
    feed.settle()
    making = door.hold_requests("PUT", f"/{ALIAS}-")
    reindexing = begin(feed, **fields)
    making.wait_reached()
    credentials = feed.souk.stack.credentials("search")
    row = f"SELECT 1 FROM reindex WHERE reindex_id = {reindexing.reindex_id} FOR UPDATE"
    with feed.souk.stack.mariadb.connect(credentials) as database, database.cursor() as cursor:
        cursor.execute(row)
        cursor.fetchall()
        making.let_go()
        until(lambda: behind(feed, NEXT), 60, "the new index")
        assert look(feed, reindexing).status == 1
        yield reindexing
        database.rollback()


def test_searches_go_on_while_the_index_is_made_anew(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    category, items = shelf
    (old,) = behind(feed, ALIAS)
    with searching(feed, category) as totals:
        done = wait_done(feed, begin(feed))
    assert totals == {MANY}
    assert done.items >= MANY
    assert done.end_time.seconds >= done.start_time.seconds
    assert behind(feed, ALIAS) == [done.index]
    assert indexes(feed) == [done.index] != [old]
    assert behind(feed, NEXT) == []
    assert sorted(all_found(feed, category)) == items


def all_found(feed: Feed, category: int) -> list[int]:
    found: list[int] = []
    token = ""
    while True:
        page = feed.search(category_ids=[category], page_size=200, page_token=token)
        found += [hit.item_id for hit in page.hits]
        token = page.next_page_token
        if not token:
            return found


def test_what_changes_meanwhile_is_in_both(
    feed: Feed, door: EngineDoor, shelf: tuple[int, list[int]]
) -> None:
    category, items = shelf
    (old,) = behind(feed, ALIAS)
    with held_up(feed, door) as reindexing:
        changed = feed.put(title="Before", category_id=feed.souk.new_id())
        feed.settle()
        goods = [row["sku_id"] for row in sku_rows(feed, items[0])]
        feed.price(goods[0], 777)
        feed.wait_taken()
        for index in (old, reindexing.index):
            wait_in(feed, index, changed, title="Before")
            wait_in(feed, index, items[0], price_from=777)
    wait_done(feed, reindexing)
    feed.settle()
    assert indexes(feed) == [reindexing.index]
    assert sorted(all_found(feed, category)) == items
    document = feed.document(items[0])
    assert document
    assert document["price_from"] == 777
    wait_in(feed, ALIAS, changed, title="Before")


def sku_rows(feed: Feed, item_id: int) -> list[dict[str, Any]]:
    return feed.rows("SELECT sku_id FROM document_sku WHERE item_id = %s", item_id)


def test_there_is_one_at_a_time(feed: Feed, door: EngineDoor, shelf: tuple[int, list[int]]) -> None:
    request_id = feed.souk.request_id()
    with held_up(feed, door, request_id=request_id) as first:
        assert begin(feed, request_id=request_id) == first
        error = refused(lambda: begin(feed))
        assert (error.code, error.reason) == ("FAILED_PRECONDITION", "REINDEX_RUNNING")
        assert error.metadata == {"reindex_id": str(first.reindex_id)}
    wait_done(feed, first)
    second = begin(feed)
    assert second.reindex_id > first.reindex_id
    wait_done(feed, second)
    assert look(feed, first).status == 2


def test_kills_at_any_moment_leave_one_whole_index(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    category, items = shelf
    reindexing = begin(feed)
    for items_done in (0, 1, MANY - 100):
        wait_items(feed, reindexing, items_done)
        feed.service.kill9()
        feed.restart_service()
    wait_done(feed, reindexing)
    feed.settle()
    assert indexes(feed) == behind(feed, ALIAS) == [reindexing.index]
    assert sorted(all_found(feed, category)) == items


def test_a_switch_that_was_not_noted_is_noted_later(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """Killed between the engine's switch and the row that says so; another item came since."""
    done = wait_done(feed, begin(feed))
    feed.put(category_id=feed.souk.new_id())
    feed.settle()
    feed.rows("UPDATE reindex SET running = 1 WHERE reindex_id = %s", done.reindex_id)
    again = wait_done(feed, done)
    assert (again.index, again.items) == (done.index, done.items)
    assert indexes(feed) == behind(feed, ALIAS) == [done.index]


def test_a_new_index_that_is_lost_is_filled_again(
    feed: Feed, door: EngineDoor, shelf: tuple[int, list[int]]
) -> None:
    category, items = shelf
    with held_up(feed, door) as reindexing:
        feed.engine.call("DELETE", f"/{reindexing.index}")
        late = feed.put(category_id=feed.souk.new_id())
        feed.wait_taken()
    wait_done(feed, reindexing)
    feed.settle()
    assert indexes(feed) == behind(feed, ALIAS) == [reindexing.index]
    assert sorted(all_found(feed, category)) == items
    assert feed.document(late)


def test_an_index_that_comes_late_does_not_stop_the_one_that_is_filled(
    feed: Feed, door: EngineDoor, shelf: tuple[int, list[int]]
) -> None:
    """A process that stood still makes the index of a reindexing that was given up long ago."""
    category, items = shelf
    feed.settle()
    sent = door.hold_requests("POST", "/_bulk")
    reindexing = begin(feed)
    sent.wait_reached()
    late = f"{ALIAS}-late"
    feed.make_index(late)
    add = {"add": {"index": late, "alias": NEXT}}
    feed.engine.call("POST", "/_aliases", {"actions": [add]})
    sent.let_go()
    wait_done(feed, reindexing)
    feed.settle()
    assert indexes(feed) == behind(feed, ALIAS) == [reindexing.index]
    assert sorted(all_found(feed, category)) == items


def test_an_engine_that_is_away_holds_it_up_and_no_more(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    category, items = shelf
    feed.engine.terminate()
    reindexing = begin(feed)
    assert look(feed, reindexing).status == 1
    feed.engine.start()
    wait_done(feed, reindexing)
    feed.settle()
    assert sorted(all_found(feed, category)) == items


def test_operators_reindex_and_nobody_else(feed: Feed) -> None:
    for token in (None, feed.souk.customer(), feed.souk.merchant(1), feed.souk.service()):
        for method, fields in (
            ("Reindex", {"request_id": feed.souk.request_id()}),
            ("GetReindex", {"reindex_id": 1}),
        ):
            call = partial(feed.souk.call, f"search.{method}", token, **fields)
            assert refused(call).code in {"PERMISSION_DENIED", "UNAUTHENTICATED"}
    operator = feed.souk.operator()
    error = refused(lambda: feed.souk.call("search.GetReindex", operator, reindex_id=1_000_000))
    assert (error.code, error.reason) == ("NOT_FOUND", "REINDEX_UNKNOWN")
    error = refused(lambda: feed.souk.call("search.GetReindex", operator))
    assert set(error.fields) == {"reindex_id"}
