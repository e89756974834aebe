"""Reindexings that do not come to their end: the feed goes on, and what is searched stays whole."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from engine_door import EngineDoor
from search_kit import ALIAS, Feed, running_feed
from soukdev.http import HttpError
from soukdev.poll import until

NEXT = f"{ALIAS}-next"
RUNNING, DONE, GIVEN_UP = 1, 2, 3
# Begun in an hour: a minute after that it may be given up, and not on the way there.
NOT_YET_S = -3600


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("broken", {"SOUK_SEARCH_TIMEOUT_MS": "2000"}) as feed:
        yield feed


@pytest.fixture(scope="module")
def shelf(feed: Feed) -> tuple[int, list[int]]:
    """A category and its items."""
    category = feed.souk.new_id()
    items = [feed.put(category_id=category) for _ in range(50)]
    feed.settle()
    return category, items


def begin(feed: Feed) -> Any:
    return feed.souk.mutate("search.Reindex", feed.souk.operator()).reindexing


def begun_by(feed: Feed, schema: str, index: str, **more: Any) -> int:
    """By a process of a release that wants this schema; answers its id."""
    feed.rows(
        "INSERT INTO reindex (running, index_name, done_up_to, items, started_at, schema_digest, "
        "index_uuid) VALUES (1, %s, %s, 0, UTC_TIMESTAMP(6) - INTERVAL %s SECOND, %s, %s)",
        *(index, more.get("done_up_to", 0), more.get("age_s", 0), schema, more.get("uuid", "")),
    )
    return int(feed.rows("SELECT reindex_id FROM reindex WHERE running = 1")[0]["reindex_id"])


def wait_status(feed: Feed, reindex_id: int, wanted: int) -> Any:
    def look() -> Any:
        answer = feed.souk.call(
            "search.GetReindex", feed.souk.operator(), reindex_id=reindex_id
        ).reindexing
        return answer if answer.status == wanted else None

    return until(look, 60, f"status {wanted} of reindexing {reindex_id}")


def check_feed_goes_on(feed: Feed) -> None:
    item = feed.put()
    feed.settle()
    assert feed.document(item)


def check_whole(feed: Feed, shelf: tuple[int, list[int]]) -> None:
    category, items = shelf
    feed.settle()
    assert sorted(feed.found(category_ids=[category], page_size=100)) == items


def live_schema(feed: Feed) -> str:
    _, live = feed.live_index()
    return str(live["mappings"]["_meta"]["schema"])


# Begun, and not gone on with.


def test_a_roll_out_that_was_broken_off_stops_no_feed(feed: Feed) -> None:
    """Its process died before it made the index."""
    reindex_id = begun_by(feed, "another", f"{ALIAS}-never-made", age_s=NOT_YET_S)
    check_feed_goes_on(feed)
    feed.wait_runs("search.reindex")
    wait_status(feed, reindex_id, RUNNING)
    long_ago = "UPDATE reindex SET started_at = started_at - INTERVAL 62 MINUTE WHERE running = 1"
    feed.rows(long_ago)
    wait_status(feed, reindex_id, GIVEN_UP)
    (row,) = feed.rows("SELECT given_up FROM reindex WHERE reindex_id = %s", reindex_id)
    assert row["given_up"] == 1  # whoever wants it still may begin again


def test_what_is_fed_before_the_index_is_made_is_in_it(feed: Feed) -> None:
    """Of the same release: its process died, and comes back."""
    reindex_id = begun_by(feed, "another", f"{ALIAS}-made-late", age_s=NOT_YET_S)
    item = feed.put()
    feed.settle()
    feed.rows("UPDATE reindex SET schema_digest = %s WHERE running = 1", live_schema(feed))
    wait_status(feed, reindex_id, DONE)
    feed.settle()
    assert feed.live_index()[0] == f"{ALIAS}-made-late"
    assert feed.document(item)


def test_a_foreign_index_that_is_lost_stops_no_feed(feed: Feed) -> None:
    reindex_id = begun_by(feed, "another", f"{ALIAS}-lost", done_up_to=5, age_s=120, uuid="lost")
    check_feed_goes_on(feed)
    wait_status(feed, reindex_id, GIVEN_UP)


def test_an_index_that_the_engine_refuses_is_given_up(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    old, _ = feed.live_index()
    with feed.engine_setting("cluster.max_shards_per_node", 1):
        wait_status(feed, begin(feed).reindex_id, GIVEN_UP)
        check_feed_goes_on(feed)
    assert feed.live_index()[0] == old
    wait_status(feed, begin(feed).reindex_id, DONE)
    check_whole(feed, shelf)


# Not what it says it is.


def make_next(feed: Feed, index: str, mappings: Any) -> None:
    settings = {"number_of_replicas": 0}
    body = {"mappings": mappings, "settings": settings, "aliases": {NEXT: {}}}
    feed.engine.call("PUT", f"/{index}", body)


def test_an_index_of_another_schema_does_not_go_live(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    schema, index = live_schema(feed), f"{ALIAS}-of-another-schema"
    make_next(feed, index, {"dynamic": False})
    wait_status(feed, begun_by(feed, schema, index), DONE)
    assert feed.live_index()[0] == index
    assert live_schema(feed) == schema
    check_whole(feed, shelf)


def test_a_new_index_that_was_replaced_in_the_end_does_not_go_live(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """It is whole, as the row says; but it is another one by now."""
    schema, index = live_schema(feed), f"{ALIAS}-replaced"
    make_next(feed, index, {"dynamic": False})
    last = max(row["item_id"] for row in feed.rows("SELECT item_id FROM document"))
    lost = begun_by(feed, schema, index, done_up_to=last, uuid="lost")
    wait_status(feed, lost, DONE)
    assert live_schema(feed) == schema
    check_whole(feed, shelf)


def test_a_document_that_only_the_old_index_has_is_not_lost(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    old, _ = feed.live_index()
    schema, index = live_schema(feed), f"{ALIAS}-refuses"
    make_next(feed, index, {"dynamic": "strict", "_meta": {"schema": schema}})
    reindex_id = begun_by(feed, schema, index)
    until(lambda: "new index refuses item" in feed.service.log_text(), 60, "the operator is told")
    feed.wait_runs("search.reindex")
    assert wait_status(feed, reindex_id, RUNNING).items == 0
    assert feed.live_index()[0] == old
    check_whole(feed, shelf)
    feed.engine.call("DELETE", f"/{index}")
    wait_status(feed, reindex_id, DONE)
    check_whole(feed, shelf)


# Two who take the same index.


@contextmanager
def behind_a_door(feed: Feed) -> Iterator[EngineDoor]:
    with closing(EngineDoor(feed.engine.port)) as door, feed.restarted(SOUK_SEARCH_URL=door.url):
        feed.wait_runs("search.index", 4)
        yield door


def test_what_was_done_for_a_lost_index_does_not_count_for_the_next(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    """A slow process has filled an index; that is lost, and another has just made it again."""
    with behind_a_door(feed) as door, closing(EngineDoor(feed.engine.port)) as other_door:
        finishing = door.hold_requests("POST", "/_refresh")
        ours = begin(feed)
        finishing.wait_reached()
        feed.engine.call("DELETE", f"/{ours.index}")
        filling = other_door.hold_requests("POST", f"/{NEXT}/_bulk")
        with feed.another_process(SOUK_SEARCH_URL=other_door.url):
            filling.wait_reached()
            finishing.let_go()
            feed.wait_runs("search.reindex", 1)
            filling.let_go()
            wait_status(feed, ours.reindex_id, DONE)
            check_whole(feed, shelf)


def put_in_place_as_they_do(feed: Feed, index: str) -> None:
    """As the switch of a release that has just filled it."""
    feed.mark_filled(index, "another")
    old, _ = feed.live_index()
    actions = [
        {"remove": {"index": old, "alias": ALIAS}},
        {"add": {"index": old, "alias": f"{ALIAS}-old"}},
        {"add": {"index": index, "alias": ALIAS}},
        {"remove": {"index": index, "alias": NEXT}},
    ]
    feed.engine.call("POST", "/_aliases", {"actions": actions})


def test_an_index_that_has_just_gone_live_is_not_removed(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    index = f"{ALIAS}-gone-live"
    with behind_a_door(feed) as door:
        feed.make_index(index)
        feed.copy_documents(index)
        feed.engine.call("PUT", f"/{index}/_alias/{NEXT}")
        begun_by(feed, "another", index)
        seen = door.hold_answers("GET", f"/_alias/{NEXT}")
        ours = begin(feed)
        making = door.hold_requests("PUT", f"/{ours.index}")
        seen.wait_reached()
        put_in_place_as_they_do(feed, index)
        seen.let_go()
        making.wait_reached()
        assert feed.live_index()[0] == index
        making.let_go()
        wait_status(feed, ours.reindex_id, DONE)
        assert list(feed.engine.call("GET", f"/{ALIAS}*")) == [ours.index]
        check_whole(feed, shelf)


def test_an_index_that_was_taken_away_does_not_go_live(
    feed: Feed, shelf: tuple[int, list[int]]
) -> None:
    old, _ = feed.live_index()
    with behind_a_door(feed) as door:
        switching = door.hold_requests("POST", "/_aliases")
        ours = begin(feed)
        switching.wait_reached()
        remove = {"remove": {"index": ours.index, "alias": NEXT}}
        feed.engine.call("POST", "/_aliases", {"actions": [remove]})
        feed.rows("UPDATE reindex SET running = NULL, given_up = 1 WHERE running = 1")
        switching.let_go()
        feed.wait_runs("search.reindex")
        assert feed.live_index()[0] == old
    feed.engine.call("DELETE", f"/{ours.index}")
    with pytest.raises(HttpError):
        feed.engine.call("GET", f"/_alias/{NEXT}")
    check_whole(feed, shelf)
