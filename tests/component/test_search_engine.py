"""A search engine in trouble: searches are refused with a reason, and no document is lost.

Each answer is UNAVAILABLE within the search's deadline, which would be DEADLINE_EXCEEDED.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from search_kit import ALIAS, Feed, running_feed
from soukdev.http import HttpError
from soukdev.poll import until
from soukdev.refusal import Refused

REFUSED = "UNAVAILABLE DEPENDENCY_UNAVAILABLE"


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with running_feed("engine") as feed:
        yield feed


@contextmanager
def away(feed: Feed) -> Iterator[None]:
    feed.engine.terminate()
    yield
    feed.engine.start()


@contextmanager
def frozen(feed: Feed) -> Iterator[None]:
    """It takes connections and answers none."""
    process = feed.engine.pid
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def red(feed: Feed) -> Iterator[None]:
    """The index has no shard."""
    _, live = feed.live_index()
    name, place = f"{ALIAS}-red", "index.routing.allocation.require._name"
    feed.make_index(name, **{place: "nowhere"})
    feed.mark_filled(name, live["mappings"]["_meta"]["schema"])
    feed.put_in_place(name)
    assert feed.engine.call("GET", "/_cluster/health")["status"] == "red"
    try:
        yield
    finally:
        feed.engine.call("PUT", f"/{name}/_settings", {place: None})


def busy(feed: Feed) -> AbstractContextManager[None]:
    """It has no memory for another search, and says 429."""
    return feed.engine_setting("indices.breaker.request.limit", "1b")


# What it is, and what the refusal says of it.
TROUBLES: list[tuple[Callable[[Feed], AbstractContextManager[None]], str]] = [
    (away, ""),
    (frozen, "did not answer"),
    (red, "answers 503"),
    (busy, "answers 429"),
]


def refusal(feed: Feed, **fields: Any) -> str | None:
    """What it says; None of a search that was not answered in its time."""
    with pytest.raises(Refused) as refused:
        feed.ask(**fields)
    if refused.value.code == "DEADLINE_EXCEEDED":
        return None
    assert f"{refused.value.code} {refused.value.reason}" == REFUSED
    return refused.value.message


@pytest.mark.parametrize(("trouble", "says"), TROUBLES)
def test_searches_are_refused_and_nothing_is_lost(
    feed: Feed, trouble: Callable[[Feed], AbstractContextManager[None]], says: str
) -> None:
    category = feed.souk.new_id()
    feed.settle()

    def is_said() -> bool:
        # A busy machine may be too slow to say it.
        said = [refusal(feed, category_ids=[category], query=query) for query in ("", "an item")]
        return all(text is not None and says in text for text in said)

    with trouble(feed):
        items = [feed.put(category_id=category) for _ in range(20)]
        feed.wait_taken()
        until(is_said, 60, says)
    feed.settle()
    assert sorted(feed.found(category_ids=[category])) == items


def test_an_engine_that_takes_no_documents_gets_them_later(feed: Feed) -> None:
    """Its disk is full: it answers 429 for each document, and is searched meanwhile."""
    category = feed.souk.new_id()
    feed.settle()
    index, _ = feed.live_index()
    block = "index.blocks.read_only_allow_delete"
    feed.engine.call("PUT", f"/{index}/_settings", {block: True})
    before = feed.metric("souk_search_documents_total", outcome="busy")
    items = [feed.put(category_id=category) for _ in range(20)]
    feed.wait_taken()
    until(lambda: feed.metric("souk_search_documents_total", outcome="busy") > before, 60, "a try")
    assert feed.found(category_ids=[category]) == []
    feed.engine.call("PUT", f"/{index}/_settings", {block: None})
    feed.settle()
    assert sorted(feed.found(category_ids=[category])) == items


def test_without_an_index_searches_are_refused(feed: Feed) -> None:
    feed.settle()
    feed.service.terminate()
    feed.engine.call("DELETE", f"/{feed.live_index()[0]}")
    feed.engine.call("PUT", "/filler", {"settings": {"number_of_replicas": 0}})
    with feed.engine_setting("cluster.max_shards_per_node", 1):
        feed.restart_service()
        feed.wait_runs("search.index")
        with pytest.raises(HttpError):
            feed.engine.call("GET", f"/_alias/{ALIAS}")
        # A busy machine may be too slow to say it.
        until(lambda: refusal(feed, query="anything") is not None, 60, REFUSED)
    feed.engine.call("DELETE", "/filler")
    until(feed.has_index, 60, "the index")


def test_it_starts_without_the_engine(feed: Feed) -> None:
    category = feed.souk.new_id()
    feed.settle()
    feed.engine.terminate()
    feed.service.terminate()
    feed.restart_service()
    item = feed.put(category_id=category)
    feed.wait_taken()
    feed.engine.start()
    feed.settle()
    assert feed.found(category_ids=[category]) == [item]
