#!/usr/bin/env python3
"""How fast items become searchable, and how fast they are found.

bench.py [ITEMS]: feeds items by three events each through Kafka, against the ceiling of the same
documents sent straight to _bulk; then searches with one client and with sixteen. MODE as for make.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path[:0] = [
    str(Path(__file__).parents[2] / "component"),
    str(Path(__file__).parents[3] / "tools"),
]

from search_kit import ALIAS, Feed, running_feed  # noqa: E402
from soukdev.grpc_client import GrpcClient  # noqa: E402
from soukdev.http import request  # noqa: E402
from soukdev.poll import until  # noqa: E402
from soukdev.refusal import Refused  # noqa: E402

WORDS = (
    "red blue green smart phone case watch tea coffee camera 手机 智能 手表 保护壳 红色 蓝色"
).split()
BATCH = 1000


def title(number: int) -> str:
    return (
        " ".join(WORDS[(number * step + step) % len(WORDS)] for step in (1, 3, 5, 7)) + f" {number}"
    )


def tell(feed: Feed, number: int) -> int:
    return feed.put(
        price=100 + number % 1000,
        free=number % 5,
        title=title(number),
        description=f"{title(number + 1)}. " * 8,
        category_id=1 + number % 20,
        brand=WORDS[number % len(WORDS)],
    )


def feed_all(feed: Feed, count: int) -> tuple[float, list[int]]:
    """Seconds from the first event taken to the last document searchable.

    The events are on Kafka before: a Python producer is slower than what it measures.
    """
    feed.settle()
    feed.service.stop()
    items = [tell(feed, number) for number in range(count)]
    feed.flush()
    before = taken(feed)
    feed.restart_service()
    until(lambda: taken(feed) > before, 60, "the first event")
    began = time.monotonic()
    feed.settle(600)
    return time.monotonic() - began, items


def taken(feed: Feed) -> int:
    return int(feed.rows("SELECT COUNT(*) AS n FROM inbox")[0]["n"])


def sources(feed: Feed, items: Sequence[int]) -> list[Any]:
    documents = []
    for at in range(0, len(items), BATCH):
        body = {"ids": [str(item) for item in items[at : at + BATCH]]}
        answer = feed.engine.call("POST", f"/{ALIAS}/_mget", body)
        documents += [found["_source"] for found in answer["docs"]]
    return documents


def ceiling(feed: Feed, documents: Sequence[Any]) -> float:
    """Seconds for the same documents straight into an index like ours."""
    ours = feed.engine.call("GET", f"/{ALIAS}/_mapping")[f"{ALIAS}-v1"]["mappings"]
    settings = {"number_of_replicas": 0, "refresh_interval": "1s"}
    feed.engine.call("PUT", "/ceiling", {"settings": settings, "mappings": ours})
    bodies = []
    for at in range(0, len(documents), BATCH):
        lines = []
        for document in documents[at : at + BATCH]:
            head = {"_id": str(document["item_id"]), "version": 1, "version_type": "external_gte"}
            lines += [json.dumps({"index": head}), json.dumps(document, ensure_ascii=False)]
        bodies.append(("\n".join(lines) + "\n").encode())
    began = time.monotonic()
    headers = {"content-type": "application/json"}
    for body in bodies:
        request(feed.engine.port, "/ceiling/_bulk", method="POST", body=body, headers=headers)
    feed.engine.call("POST", "/ceiling/_refresh")
    took = time.monotonic() - began
    feed.engine.call("DELETE", "/ceiling")
    return took


QUERIES: dict[str, Callable[[int], dict[str, Any]]] = {
    "text": lambda n: {"query": f"{WORDS[n % len(WORDS)]} {WORDS[(n + 2) % len(WORDS)]}"},
    "category": lambda n: {"category_ids": [1 + n % 20]},
    "price": lambda n: {"sort": "SEARCH_SORT_PRICE_ASC", "currency": "EUR", "price_min": n % 500},
}


def latencies(
    feed: Feed, clients: int, seconds: float, fields: Callable[[int], Any]
) -> list[float]:
    address = f"127.0.0.1:{feed.service.port}"
    refusals: list[str] = []

    def work(number: int) -> list[float]:
        client = GrpcClient(feed.souk.contracts, address)
        took, end = [], time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            try:
                client.call("search.Search", page_size=20, **fields(number))
                took.append(time.monotonic() - began)
            except Refused as refused:
                refusals.append(refused.code)
            number += clients
        client.close()
        return took

    with ThreadPoolExecutor(clients) as pool:
        answered = [one for took in pool.map(work, range(clients)) for one in took]
    if refusals:
        print(f"  {len(refusals)} refused, say {refusals[0]}")
    return answered


def show_search(feed: Feed, seconds: float = 4) -> None:
    for name, fields in QUERIES.items():
        latencies(feed, 4, 1, fields)
        for clients in (1, 16):
            took = latencies(feed, clients, seconds, fields)
            cuts = statistics.quantiles(took, n=100)
            print(
                f"search {name:9} {clients:2} clients: {len(took) / seconds:6.0f}/s"
                f"  p50 {cuts[49] * 1000:6.1f} ms  p99 {cuts[98] * 1000:6.1f} ms"
            )


def ready_ms(feed: Feed) -> int:
    lines = [json.loads(line) for line in feed.service.log_text().splitlines()]
    return next(int(line["took_ms"]) for line in lines if line["message"] == "ready")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with running_feed("bench") as feed:
        print(f"ready in {ready_ms(feed)} ms, again in", end=" ")
        feed.service.restart()
        print(f"{ready_ms(feed)} ms")
        print(f"RSS idle: {feed.service.rss_kb() / 1024:.0f} MB")
        feed_all(feed, 500)  # the engine's JVM warms up
        took, items = feed_all(feed, count)
        direct = ceiling(feed, sources(feed, items))
        print(f"feed:    {count / took:6.0f} docs/s, {3 * count / took:6.0f} events/s")
        print(f"ceiling: {count / direct:6.0f} docs/s by _bulk alone; ratio {direct / took:.2f}")
        show_search(feed)
        print(f"RSS after: {feed.service.rss_kb() / 1024:.0f} MB")


main()
