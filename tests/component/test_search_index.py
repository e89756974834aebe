"""The index behind its alias: gone, come back otherwise, or made by another release."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from engine_door import EngineDoor, Held
from search_kit import ALIAS, Feed, running_feed, searching
from soukdev.http import HttpError
from soukdev.poll import until

MANY = 600  # more than two parts
RED = [{"code": "colour", "text": "红色"}]
LOOK = "GET", f"/{ALIAS}?filter_path"


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("index", {"SOUK_SEARCH_TIMEOUT_MS": "900"}) as feed:
        yield feed


@pytest.fixture(scope="module")
def shelf(feed: Feed) -> tuple[int, list[int]]:
    """A category and its items, which are more than one part."""
    category = feed.souk.new_id()
    items = [feed.put(category_id=category, attributes=RED) for _ in range(MANY)]
    feed.settle()
    return category, items


def has_all(feed: Feed, shelf: tuple[int, list[int]]) -> bool:
    feed.engine.call("POST", f"/{ALIAS}/_refresh")
    return bool(feed.search(category_ids=[shelf[0]], query="红色", page_size=1).total == MANY)


def wait_all(feed: Feed, shelf: tuple[int, list[int]]) -> None:
    feed.settle()
    until(lambda: has_all(feed, shelf), 60, "every item of the shelf")


def test_an_index_that_is_gone_is_missed_though_nothing_changes(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    feed.settle()
    feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
    until(feed.has_index, 60, "the index")
    wait_all(feed, shelf)


def test_an_index_that_came_back_empty_is_filled(feed: Feed, shelf: tuple[int, list[int]]) -> None:
    """As from a copy that was taken when it was empty."""
    feed.settle()
    feed.make_index(f"{ALIAS}-copy")
    feed.put_in_place(f"{ALIAS}-copy")
    wait_all(feed, shelf)
    assert feed.live_index()[0] == f"{ALIAS}-copy"


@contextmanager
def behind_a_door(feed: Feed) -> Iterator[EngineDoor]:
    with closing(EngineDoor(feed.engine.port)) as door, feed.restarted(SOUK_SEARCH_URL=door.url):
        yield door


def test_a_late_word_on_an_index_that_is_gone_does_not_count(feed: Feed) -> None:
    """One process has sent a document; it notes so when another has made everything due again."""
    category = feed.souk.new_id()
    goods = feed.new_goods()
    feed.settle()
    with behind_a_door(feed) as door:
        feed.settle()
        sent = door.hold_answers("POST", "/_bulk")
        feed.item(goods, category_id=category)
        feed.wait_taken()
        sent.wait_reached()
        feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
        filled = door.hold_requests("PUT", f"/{ALIAS}-v1/_mapping")
        with feed.another_process():
            filled.wait_reached()
            sent.let_go()
            feed.wait_runs("search.index", 1)
            filled.let_go()
            until(feed.has_index, 60, "the index")
            feed.settle()
    assert feed.found(category_ids=[category]) == [goods.item_id]


def hold_in_the_middle(feed: Feed, door: EngineDoor) -> Held:
    """The index is gone, and the first process has made a part of the documents due again."""
    held = door.hold_requests(*LOOK)
    held.wait_reached()
    feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
    due = "SELECT 1 FROM document WHERE due_at <= UTC_TIMESTAMP(6) LIMIT 1"
    while not feed.rows(due):
        following = door.hold_requests(*LOOK)
        held.let_go()
        following.wait_reached()
        held = following
    return held


def test_an_index_that_another_process_filled_is_filled_when_it_is_lost(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """What one process had begun, another finished: the next time it begins anew."""
    feed.settle()
    with behind_a_door(feed) as door:
        held = hold_in_the_middle(feed, door)
        with feed.another_process(SOUK_SEARCH_URL=feed.engine.url):
            until(feed.has_index, 60, "the index")
            wait_all(feed, shelf)
            held.let_go()
            feed.wait_runs("search.index", 4)
        feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
        until(feed.has_index, 60, "the index")
        wait_all(feed, shelf)


def test_an_index_that_is_lost_twice_is_filled_from_the_beginning(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """What a slow process made due for one index, another sent to the next, which is lost, too."""
    feed.settle()
    with behind_a_door(feed) as door:
        held = hold_in_the_middle(feed, door)
        with feed.another_process(SOUK_SEARCH_URL=feed.engine.url):
            until(feed.has_index, 60, "the index")
            wait_all(feed, shelf)
            until(lambda: is_filled(feed), 60, "an index that is filled")
        feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
        held.let_go()
        until(feed.has_index, 60, "the index")
        until(lambda: is_filled(feed), 60, "an index that is filled")
        wait_all(feed, shelf)


def is_filled(feed: Feed) -> bool:
    _, live = feed.live_index()
    return bool(live["mappings"]["_meta"].get("filled") == live["settings"]["index"]["uuid"])


def test_an_index_that_is_put_back_in_its_place_is_filled(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """It was filled once, and lacks what was sent to another one since."""
    feed.settle()
    feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
    until(feed.has_index, 60, "the index")
    wait_all(feed, shelf)
    first, _ = feed.live_index()
    until(lambda: is_filled(feed), 60, "an index that is filled")
    feed.engine.call("DELETE", f"/{ALIAS}/_doc/{shelf[1][0]}")
    feed.engine.call("DELETE", f"/{first}/_alias/{ALIAS}")
    until(feed.has_index, 60, "the index")
    wait_all(feed, shelf)
    assert feed.live_index()[0] == first


def test_a_reindexing_does_not_call_filled_what_came_back_in_its_place(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """Killed between the switch and its row; then an empty copy came to where its index was."""
    name = f"{ALIAS}-switched"
    feed.settle()
    feed.service.terminate()
    schema = feed.live_index()[1]["mappings"]["_meta"]["schema"]
    feed.make_index(name)
    feed.put_in_place(name)
    feed.rows(
        "INSERT INTO reindex (running, index_name, done_up_to, items, started_at, schema_digest, "
        "index_uuid) VALUES (1, %s, 0, 0, UTC_TIMESTAMP(6), %s, 'lost')",
        *(name, schema),
    )
    credentials = feed.souk.stack.credentials("search")
    with feed.souk.stack.mariadb.connect(credentials) as database, database.cursor() as cursor:
        cursor.execute("SELECT item_id FROM document FOR UPDATE")  # nothing is made due
        cursor.fetchall()
        feed.restart_service()
        ended_reindexings(feed)
        assert not is_filled(feed)
        database.rollback()
    until(lambda: is_filled(feed), 60, "an index that is filled")
    wait_all(feed, shelf)
    assert feed.live_index()[0] == name


# The schema.

OLD = {
    "dynamic": "strict",
    "properties": {
        **{name: {"type": "keyword"} for name in ("category_id", "shop_id", "status", "currency")},
        **{name: {"type": "text"} for name in ("title", "description", "brand", "attributes")},
        **{name: {"type": "long"} for name in ("item_id", "created_us", "price_from")},
        **{name: {"type": "long"} for name in ("price_step", "sku_ids")},
        "in_stock": {"type": "boolean"},
        "media_url": {"type": "keyword"},
    },
}


def put_old_in_place(feed: Feed, name: str) -> None:
    """As a release left it that knew no digests: everything is in it, understood otherwise."""
    feed.make_index(name, OLD)
    feed.copy_documents(name)
    feed.put_in_place(name)


def reindexings(feed: Feed) -> list[dict[str, Any]]:
    return feed.rows("SELECT * FROM reindex ORDER BY reindex_id")


def ended_reindexings(feed: Feed) -> list[dict[str, Any]]:
    """When none runs any more: an index goes live a moment before its row ends."""
    running = "SELECT 1 FROM reindex WHERE running = 1"
    until(lambda: not feed.rows(running), 60, "no reindexing that runs")
    return reindexings(feed)


def begun_since(feed: Feed, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return reindexings(feed)[len(before) :]


def test_a_new_release_makes_an_old_index_anew(feed: Feed, shelf: tuple[int, list[int]]) -> None:
    category, _ = shelf
    feed.settle()
    before = ended_reindexings(feed)
    feed.service.terminate()
    put_old_in_place(feed, f"{ALIAS}-old-1")
    feed.restart_service()
    with searching(feed, category) as totals:
        late = feed.put(category_id=feed.souk.new_id())
        until(lambda: feed.live_index()[0] != f"{ALIAS}-old-1", 60, "another index")
        feed.wait_taken()
    assert totals == {MANY}
    wait_all(feed, shelf)
    assert feed.document(late)
    (row,) = begun_since(feed, before)
    name, index = feed.live_index()
    assert name == row["index_name"].decode()
    assert index["mappings"]["_meta"]["schema"] == row["schema_digest"].decode()
    until(lambda: feed.metric("souk_search_schema_differs") == 0, 60, "no difference")
    assert '"index has another schema, it is made anew"' in feed.service.log_text()


def test_of_several_processes_one_begins(feed: Feed, shelf: tuple[int, list[int]]) -> None:
    feed.settle()
    before = ended_reindexings(feed)
    feed.service.terminate()
    put_old_in_place(feed, f"{ALIAS}-old-2")
    with feed.another_process():
        feed.restart_service()
        until(lambda: feed.live_index()[0] != f"{ALIAS}-old-2", 60, "another index")
        wait_all(feed, shelf)
    assert len(begun_since(feed, before)) == 1


def test_a_start_with_the_right_index_changes_nothing(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    feed.settle()
    before, index = ended_reindexings(feed), feed.live_index()
    versions = "SELECT item_id, doc_version FROM document ORDER BY item_id"
    documents = feed.rows(versions)
    feed.service.terminate()
    feed.restart_service()
    feed.wait_runs("search.index")
    assert (begun_since(feed, before), feed.live_index()) == ([], index)
    assert feed.rows(versions) == documents


def put_anothers_in_place(feed: Feed, name: str) -> None:
    """As another release made and filled it, which has started since."""
    feed.make_index(name)
    feed.copy_documents(name)
    feed.mark_filled(name, "another")
    feed.put_in_place(name)


def test_two_releases_do_not_fight(feed: Feed, shelf: tuple[int, list[int]]) -> None:
    feed.settle()
    before = ended_reindexings(feed)
    put_anothers_in_place(feed, f"{ALIAS}-another-1")
    until(lambda: feed.metric("souk_search_schema_differs") == 1, 60, "the difference seen")
    feed.wait_runs("search.index")
    assert begun_since(feed, before) == []
    # Meanwhile it goes on, and the operator can have it his way.
    item = feed.put()
    feed.settle()
    assert feed.document(item)
    feed.souk.mutate("search.Reindex", feed.souk.operator())
    until(lambda: feed.live_index()[0] != f"{ALIAS}-another-1", 60, "another index")
    until(lambda: feed.metric("souk_search_schema_differs") == 0, 60, "no difference")


@contextmanager
def started_with_anothers(feed: Feed, name: str) -> Iterator[EngineDoor]:
    """As a new release: another one's index is searched."""
    feed.settle()
    put_anothers_in_place(feed, name)
    with closing(EngineDoor(feed.engine.port)) as door:
        yield door


def wait_looks(door: EngineDoor) -> None:
    """A whole look that began after now."""
    for _ in range(2):
        held = door.hold_requests(*LOOK)
        held.wait_reached()
        held.let_go()


def test_a_release_that_stands_still_for_long_makes_its_index_after_all(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """Its row was given up meanwhile: nobody else knew whether the index would ever be made."""
    before = ended_reindexings(feed)
    with started_with_anothers(feed, f"{ALIAS}-another-2") as door:
        making = door.hold_requests("PUT", f"/{ALIAS}-v1-")
        with feed.restarted(SOUK_SEARCH_URL=door.url):
            making.wait_reached()
            feed.rows(
                "UPDATE reindex SET running = NULL, given_up = 1, ended_at = UTC_TIMESTAMP(6) "
                "WHERE running = 1"
            )
            making.let_go()
            until(lambda: feed.metric("souk_search_schema_differs") == 0, 60, "no difference")
            wait_all(feed, shelf)
            late, again = begun_since(feed, before)
            assert (late["given_up"], again["given_up"]) == (1, 0)
            assert feed.live_index()[0] == again["index_name"].decode()
            until(lambda: indexes(feed) == [feed.live_index()[0]], 60, "nothing left behind")


def indexes(feed: Feed) -> list[str]:
    return list(feed.engine.call("GET", f"/{ALIAS}*"))


def test_what_the_engine_refuses_is_not_begun_again(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    before = ended_reindexings(feed)
    with (
        started_with_anothers(feed, f"{ALIAS}-another-3") as door,
        feed.engine_setting("cluster.max_shards_per_node", 1),
        feed.restarted(SOUK_SEARCH_URL=door.url),
    ):
        until(lambda: [row["given_up"] for row in begun_since(feed, before)] == [2], 60, "given up")
        wait_looks(door)
        assert len(begun_since(feed, before)) == 1
    feed.service.terminate()
    feed.restart_service()  # now the engine takes it
    until(lambda: feed.live_index()[0] != f"{ALIAS}-another-3", 60, "another index")
    wait_all(feed, shelf)


def test_a_reindexing_of_another_release_is_left_alone_and_given_up(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    ended_reindexings(feed)
    index = f"{ALIAS}-of-another"
    feed.engine.call("PUT", f"/{index}", {"aliases": {f"{ALIAS}-next": {}}})
    feed.rows(
        "INSERT INTO reindex (running, index_name, done_up_to, items, started_at, schema_digest) "
        "VALUES (1, %s, 0, 0, UTC_TIMESTAMP(6), 'another')",
        index,
    )
    feed.wait_runs("search.reindex")
    foreign = reindexings(feed)[-1]
    assert (foreign["items"], foreign["done_up_to"], foreign["running"]) == (0, 0, 1)
    operator = feed.souk.operator()
    ours = feed.souk.mutate("search.Reindex", operator).reindexing

    def status(reindex_id: int) -> int:
        answer = feed.souk.call("search.GetReindex", operator, reindex_id=reindex_id)
        return int(answer.reindexing.status)

    until(lambda: status(ours.reindex_id) == 2, 60, "the index made anew")
    assert status(foreign["reindex_id"]) == 3
    assert indexes(feed) == [feed.live_index()[0]] == [ours.index]
    wait_all(feed, shelf)
    with pytest.raises(HttpError):
        feed.engine.call("GET", f"/{index}")
