"""svc-search-feed on a stack of its own, fed with events by hand as the relays of others would."""

import itertools
import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest
from confluent_kafka import Producer
from soukdev.http import HttpError, request
from soukdev.json_client import UNKNOWN_OUTCOMES
from soukdev.poll import until
from soukdev.refusal import Refused
from soukdev.run_folder import run_folder
from soukdev.service import Service
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")
ALIAS = "souk-items"
SHOP = 5
CREATED_US = 1_700_000_000_000_000
TOPICS = {
    "listing.published": "listing.item",
    "listing.offline": "listing.item",
    "item.updated": "listing.item",
    "price.changed": "pricing.price",
    "inventory.changed": "inventory.stock",
}


@dataclass(frozen=True)
class Goods:
    """An item that was told of."""

    item_id: int
    sku_ids: Sequence[int]


def eur(minor: int) -> dict[str, Any]:
    return {"currency": "EUR", "minor": minor}


def timestamp(us: int) -> dict[str, int]:
    return {"seconds": us // 1_000_000, "nanos": us % 1_000_000 * 1000}


class Feed:
    """What the other services tell, and what the engine has of it."""

    def __init__(self, souk: Souk) -> None:
        self.souk = souk
        self.engine = souk.stack.opensearch
        self.service = souk.stack.services["search"]
        self._types = souk.contracts.event_types()
        brokers = souk.stack.kafka.address
        self._producer = Producer({"bootstrap.servers": brokers, "linger.ms": 1, "log_level": 0})
        self._told: set[str] = set()
        self._versions = itertools.count(1)
        self._db = souk.stack.mariadb.connect(souk.stack.credentials("search"), autocommit=True)

    def tell(self, event: str, key: int, ce_id: str | None = None, **fields: Any) -> str:
        """One event; answers its ce_id."""
        message = self.souk.contracts.message(self._types[event])(**fields)
        return self.tell_bytes(event, key, message.SerializeToString(), ce_id)

    def tell_bytes(self, event: str, key: int, value: bytes, ce_id: str | None = None) -> str:
        ce_id = ce_id or str(uuid.uuid4())
        self.send(TOPICS[event], event, key, value, ce_id)
        self._told.add(ce_id)
        return ce_id

    def send(self, topic: str, event: str, key: int, value: bytes, ce_id: str) -> None:
        headers = {
            "ce_id": ce_id,
            "ce_type": event,
            "ce_source": "souk/test",
            "ce_specversion": "1.0",
            "ce_subject": str(key),
            "content-type": "application/protobuf",
        }
        self._producer.produce(
            topic,
            key=str(key),
            value=value,
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
        self._producer.poll(0)

    def item(self, goods: Goods, event: str = "listing.published", **more: Any) -> str:
        """The item is online, unless told otherwise."""
        version = more.pop("version", None) or next(self._versions)
        ce_id = more.pop("ce_id", None)
        fields = {
            "item_id": goods.item_id,
            "title": "An item",
            "shop_id": SHOP,
            "status": "ITEM_STATUS_ONLINE",
            "version": version,
            "create_time": timestamp(CREATED_US),
            "skus": [{"sku_id": sku, "title": "one"} for sku in goods.sku_ids],
            **more,
        }
        told = {"item_id": goods.item_id, "item": fields, "version": version}
        return self.tell(event, goods.item_id, ce_id, **told)

    def price(self, sku_id: int, minor: int, **more: Any) -> str:
        told = {name: more.pop(name) for name in ("version", "ce_id") if name in more}
        price = {"sku_id": sku_id, "kind": "PRICE_KIND_BASE", "amount": eur(minor), **more}
        return self.prices(sku_id, [price], **told)

    def prices(self, sku_id: int, prices: Sequence[Any], **more: Any) -> str:
        told = {"version": next(self._versions), **more}
        return self.tell("price.changed", sku_id, sku_id=sku_id, prices=prices, **told)

    def stock(self, sku_id: int, free: int, **more: Any) -> str:
        told = {"model": "STOCK_MODEL_QUANTITY", "version": next(self._versions), **more}
        return self.tell("inventory.changed", sku_id, sku_id=sku_id, free=free, **told)

    def new_goods(self, skus: int = 1) -> Goods:
        return Goods(self.souk.new_id(), [self.souk.new_id() for _ in range(skus)])

    def put(self, price: int | None = 1000, free: int = 1, **item: Any) -> int:
        """An item of one SKU with a price in EUR and stock; answers its id."""
        goods = self.new_goods()
        self.item(goods, **item)
        if price is not None:
            self.price(goods.sku_ids[0], price)
        self.stock(goods.sku_ids[0], free)
        return goods.item_id

    def flush(self) -> None:
        """Everything told is on Kafka."""
        assert self._producer.flush(60) == 0

    def wait_taken(self, timeout_s: float = 60) -> None:
        """Everything told is in the tables."""
        self.flush()
        until(self._all_taken, timeout_s, "events taken", every_s=0.02)

    def settle(self, timeout_s: float = 60) -> None:
        """Everything told is found, or not to be found: no need to wait for either."""
        self.wait_taken(timeout_s)
        until(self._all_indexed, timeout_s, "documents indexed", every_s=0.02)
        self.engine.call("POST", f"/{ALIAS}/_refresh")

    def has_index(self) -> bool:
        try:
            return bool(self.engine.call("GET", f"/{ALIAS}/_count"))
        except HttpError:
            return False

    def live_index(self) -> tuple[str, dict[str, Any]]:
        """The name of the index that is searched, and what it is."""
        ((name, index),) = self.engine.call("GET", f"/{ALIAS}").items()
        return name, index

    def make_index(self, name: str, mappings: Any = None, **settings: Any) -> None:
        """An empty one that understands texts as the one that is searched; not behind the alias."""
        _, live = self.live_index()
        texts = {what: live["settings"]["index"][what] for what in ("analysis", "similarity")}
        body = {
            "settings": {"number_of_replicas": 0, **texts, **settings},
            "mappings": mappings or live["mappings"],
        }
        self.engine.call("PUT", f"/{name}?wait_for_active_shards=0", body)

    def mark_filled(self, name: str, schema: str) -> None:
        uuid = self.engine.call("GET", f"/{name}")[name]["settings"]["index"]["uuid"]
        meta = {"_meta": {"schema": schema, "filled": uuid}}
        self.engine.call("PUT", f"/{name}/_mapping", meta)

    def put_in_place(self, name: str) -> None:
        """Of the index that is searched, which is gone then."""
        old, _ = self.live_index()
        add = {"add": {"index": name, "alias": ALIAS}}
        actions = [{"remove_index": {"index": old}}, add]
        self.engine.call("POST", "/_aliases", {"actions": actions})

    def copy_documents(self, to_index: str) -> None:
        """Of the index that is searched, as far as it keeps them."""
        copy = {"source": {"index": ALIAS}, "dest": {"index": to_index}}
        self.engine.call("POST", "/_reindex?refresh=true", copy)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._db.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def document(self, item_id: int) -> dict[str, Any] | None:
        """As the engine has it."""
        try:
            source: dict[str, Any] = self.engine.call("GET", f"/{ALIAS}/_doc/{item_id}")["_source"]
        except HttpError as error:
            if error.status == 404:
                return None
            raise
        return source

    def ask(self, **fields: Any) -> Any:
        """One search, as it is answered."""
        fields.setdefault("timeout_s", 10)
        return self.souk.call("search.Search", **fields)

    def search(self, **fields: Any) -> Any:
        """A search that is answered, however busy the machine is."""
        return until(lambda: self._ask_or_none(fields), 60, "a search answered")

    def found(self, **fields: Any) -> list[int]:
        return [hit.item_id for hit in self.search(**fields).hits]

    def refuses(self, **fields: Any) -> str:
        with pytest.raises(Refused) as refused:
            self.ask(**fields)
        return f"{refused.value.code} {refused.value.reason}"

    def metric(self, series: str, /, **labels: str) -> float:
        """Of the service; 0 where there is none."""
        page = request(self.service.ports["admin"], "/metrics").decode()
        inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
        pattern = re.escape(series + (f"{{{inside}}}" if inside else ""))
        found = re.search(rf"^{pattern} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0

    def wait_runs(self, periodic: str, runs: int = 2) -> None:
        """So many times from now on: what began before, and what saw what is there now."""

        def count() -> float:
            outcomes = ("ok", "failed")
            series = "souk_periodic_runs_total"
            return sum(self.metric(series, name=periodic, outcome=word) for word in outcomes)

        enough = count() + runs
        until(lambda: count() >= enough, 60, f"{runs} runs of {periodic}")

    @contextmanager
    def restarted(self, **settings: str) -> Iterator[None]:
        """With other settings, and back."""
        told = self.service.settings
        try:
            self.service.terminate()
            self.service.settings = {**told, **settings}
            self.restart_service()
            yield
        finally:
            self.service.terminate()
            self.service.settings = told
            self.restart_service()

    @contextmanager
    def another_process(self, **settings: str) -> Iterator[None]:
        """Of the same service, beside the first one."""
        first = self.service
        folder = first.folder.with_name(f"{first.name}-2")
        told = {**first.settings, **settings}
        with Service(folder, binary=first.binary, environment=told):
            yield

    @contextmanager
    def engine_setting(self, name: str, value: Any) -> Iterator[None]:
        path = "/_cluster/settings"
        self.engine.call("PUT", path, {"transient": {name: value}})
        try:
            yield
        finally:
            self.engine.call("PUT", path, {"transient": {name: None}})

    def close(self) -> None:
        self._producer.purge()
        self._db.close()

    def restart_service(self) -> None:
        """After it was stopped or killed."""
        self.service.start()
        self.souk.forget_client("search")

    def _all_taken(self) -> bool:
        taken = "SELECT COUNT(*) AS n FROM inbox WHERE ce_source = 'souk/test'"
        return bool(self.rows(taken)[0]["n"] == len(self._told))

    def _ask_or_none(self, fields: Mapping[str, Any]) -> Any:
        # An engine that has just started is slower than a search may be.
        try:
            return self.ask(**fields)
        except Refused as refused:
            if refused.code not in UNKNOWN_OUTCOMES:
                raise
            return None

    def _all_indexed(self) -> bool:
        due = "SELECT COUNT(*) AS n FROM document WHERE due_at <= UTC_TIMESTAMP(6)"
        return bool(self.rows(due)[0]["n"] == 0)


@contextmanager
def searching(feed: Feed, category: int) -> Iterator[set[int]]:
    """What searches found that began meanwhile: how many items. Only slowness is no refusal."""
    over = Event()
    totals: set[int] = set()

    def search() -> None:
        while not over.is_set():
            try:
                totals.add(feed.ask(category_ids=[category], page_size=1).total)
            except Refused as refused:
                if "did not answer" not in str(refused) and refused.code != "DEADLINE_EXCEEDED":
                    raise

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(search)
        try:
            yield totals
            until(lambda: running.done() or len(totals) > 0, 60, "a search")
        finally:
            over.set()
        running.result()


@contextmanager
def running_feed(name: str, settings: Mapping[str, str] | None = None) -> Iterator[Feed]:
    """A stack with svc-search-feed alone; the folder stays when something went wrong."""
    stack = Stack(
        run_folder("search") / name,
        ["search"],
        mode=MODE,
        settings={"search": settings or {}},
        caller_limits=False,
    )
    try:
        with closing(Feed(Souk(stack.up(), patience_s=20))) as feed:
            until(feed.has_index, 60, "the index")
            yield feed
    except BaseException:
        stack.down()
        raise
    stack.destroy()
