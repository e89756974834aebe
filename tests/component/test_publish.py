"""From an approved listing to an item on sale: svc-listing's publish, and what it tells."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from listing_kit import (
    APPROVED,
    AUTO,
    CATEGORIES,
    ITEM_HIDDEN,
    ITEM_ONLINE,
    MANUAL,
    ONLINE,
    PENDING,
    REJECTED,
    actions,
    create,
    create_by_merchant,
    draft_of,
    history,
    item_of,
    now,
    publish,
    review,
    sku,
    submit,
    until_status,
    update,
)
from refusals import refusal, why
from soukdev import paths, poll
from soukdev.events import Event, Events
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")


def prices(souk: Souk, item: Any) -> list[Any]:
    ids = [one.sku_id for one in item.skus]
    return list(souk.call("pricing.BatchGetPrices", None, sku_ids=ids).prices)


def stocks(souk: Souk, item: Any) -> list[Any]:
    ids = [one.sku_id for one in item.skus]
    return list(souk.call("inventory.BatchGetStock", souk.operator(), sku_ids=ids).stocks)


def items_of_listing(souk: Souk, listing: Any) -> list[str]:
    """The status of each, as numbers."""
    rows = souk.sql("listing", f"SELECT status FROM item WHERE listing_id = {listing.listing_id}")
    return sorted(row["status"] for row in rows)


@pytest.mark.parametrize("kind", CATEGORIES)
def test_every_kind_comes_onto_the_shelf(souk: Souk, kind: str) -> None:
    shop = souk.new_id()
    listing = publish(souk, kind, shop_id=shop)
    item = item_of(souk, listing)
    draft = draft_of(kind)
    assert (item.status, item.category_id) == (ITEM_ONLINE, CATEGORIES[kind])
    assert [one.amount.minor for one in prices(souk, item)] == [
        one["base_price"]["minor"] for one in draft["skus"]
    ]
    counted = stocks(souk, item)
    assert [one.on_hand for one in counted] == [one["stock_quantity"] for one in draft["skus"]]
    assert [one.model for one in counted] == [one.stock_model for one in item.skus]
    own = souk.call("inventory.GetStock", souk.merchant(shop), sku_id=item.skus[0].sku_id).stock
    assert own.on_hand == counted[0].on_hand
    assert items_of_listing(souk, listing) == ["20"]


def test_goods_are_listed_by_json(souk: Souk) -> None:
    shop = souk.new_id()
    operator = souk.json(souk.operator())
    made = operator.post(
        "/v1/listings",
        request_id=souk.request_id(),
        category_id="1",
        source="SOURCE_TYPE_OPERATOR_FORM",
        shop_id=str(shop),
        draft=draft_of("deal"),
    )["listing"]
    assert (made["status"], made["version"]) == ("LISTING_STATUS_DRAFT", "1")
    path = f"/v1/listings/{made['listing_id']}"
    request = {"request_id": souk.request_id(), "version": made["version"]}
    approved = operator.post(f"{path}:submit", **request)["listing"]
    assert approved["status"] == "LISTING_STATUS_APPROVED"

    def online() -> Any:
        listing = operator.get(path)["listing"]
        return listing if listing["status"] == "LISTING_STATUS_ONLINE" else None

    listing = poll.until(online, 60, "the listing online")
    anybody = souk.json()
    item = anybody.get(f"/v1/items/{listing['item_id']}")["item"]
    assert (item["title"], item["skus"][0]["base_price"]["minor"]) == ("星巴克咖啡券", "4500")
    assert anybody.get("/v1/items", shop_id=shop)["items"] == [item]
    assert anybody.get("/v1/items:batchGet", item_ids=listing["item_id"])["items"] == [item]
    offline = operator.post(
        f"/v1/items/{listing['item_id']}:changeStatus",
        request_id=souk.request_id(),
        status="ITEM_STATUS_OFFLINE",
        version=item["version"],
    )["item"]
    assert offline["status"] == "ITEM_STATUS_OFFLINE"
    refused = why(anybody.get, f"/v1/items/{listing['item_id']}")
    assert refused == "NOT_FOUND ITEM_UNKNOWN"
    assert len(anybody.get("/v1/categories")["categories"]) > 8


def test_a_draft_that_is_wrong_is_explained_in_json(souk: Souk) -> None:
    refused = refusal(
        souk.json(souk.operator()).post,
        "/v1/listings",
        request_id=souk.request_id(),
        category_id="2",
        source="SOURCE_TYPE_OPERATOR_FORM",
        shop_id="5",
        draft=draft_of("hotel", attributes=[]),
    )
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert refused.fields == {
        "draft.attributes[star_rating]": "is required",
        "draft.skus[0].attributes[guest_capacity]": "is required",
    }


# What is told


@pytest.fixture(scope="module")
def events(souk: Souk) -> Iterator[Events]:
    topics = ("listing.task", "listing.item", "listing.audit.pending", "listing.publish.ready")
    with souk.events(*topics) as watching:
        yield watching


def told(events: Events, topic: str, key: int) -> list[Event]:
    """First occurrences, in their order."""
    seen: dict[str, Event] = {}
    for event in events.seen:
        if event.topic == topic and event.key == str(key):
            seen.setdefault(event.id, event)
    return list(seen.values())


def wait_for(events: Events, kind: str, key: int, count: int = 1) -> None:
    def look() -> bool:
        events.read()
        ids = {event.id for event in events.seen if (event.type, event.key) == (kind, str(key))}
        return len(ids) >= count

    poll.until(look, 60, f"{count} {kind} of {key}")
    events.catch_up()  # what came before it in other topics


def test_an_items_life_is_told_in_its_order(souk: Souk, events: Events) -> None:
    listing = publish(souk, "tshirt")
    item = item_of(souk, listing)
    operator = souk.operator()
    for status in ("OFFLINE", "ONLINE", "MAINTAIN"):
        item = souk.mutate(
            "listing.ChangeItemStatus",
            operator,
            item_id=item.item_id,
            version=item.version,
            status=f"ITEM_STATUS_{status}",
        ).item
    wait_for(events, "listing.offline", item.item_id, 2)
    life = told(events, "listing.item", item.item_id)
    assert [(event.type, event.message.version) for event in life] == [
        ("listing.published", 2),
        ("listing.offline", 3),
        ("item.updated", 4),
        ("listing.offline", 5),
    ]
    assert [event.message.item.version for event in life] == [2, 3, 4, 5]
    assert life[-1].message.item == item
    assert life[0].message.listing_id == listing.listing_id
    assert {event.source for event in life} == {"souk/listing"}


def test_a_listings_way_is_told(souk: Souk, events: Events) -> None:
    draft = draft_of("deal")
    draft["skus"][0]["base_price"]["minor"] = 5001
    listing = create(souk, "deal", source="SOURCE_TYPE_API", draft=draft)
    submit(souk, listing)
    rejected = until_status(souk, listing, REJECTED)
    submit(souk, update(souk, rejected, draft_of("deal")))
    until_status(souk, listing, ONLINE)
    wait_for(events, "listing.publish.ready", listing.listing_id)
    task = told(events, "listing.task", listing.listing_id)
    assert [(event.type, event.message.version) for event in task] == [
        ("listing.created", 1),
        ("listing.rejected", 3),
        ("listing.updated", 4),
    ]
    assert (task[0].message.category_id, task[0].message.shop_id) == (1, listing.shop_id)
    assert task[1].message.comment == rejected.comment
    assert task[2].message.title == draft["title"]
    pending = told(events, "listing.audit.pending", listing.listing_id)
    assert [event.message.version for event in pending] == [2, 5]
    ready = told(events, "listing.publish.ready", listing.listing_id)
    assert [event.message.version for event in ready] == [6]


def tell_again(souk: Souk, event: Event, ce_id: str) -> None:
    """The same event under another id, as a relay that lost its mind might."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": souk.stack.kafka.address})
    headers = [(name, value.encode()) for name, value in event.headers.items() if name != "ce_id"]
    producer.produce(
        event.topic,
        event.message.SerializeToString(),
        event.key.encode(),
        headers=[*headers, ("ce_id", ce_id.encode())],
    )
    assert producer.flush(60) == 0


def handled(souk: Souk, ce_id: str) -> bool:
    return bool(souk.sql("listing", f"SELECT at FROM inbox WHERE ce_id = '{ce_id}'"))


def test_an_approval_that_is_told_twice_makes_one_item(souk: Souk, events: Events) -> None:
    listing = publish(souk)
    wait_for(events, "listing.publish.ready", listing.listing_id)
    ready = told(events, "listing.publish.ready", listing.listing_id)[0]
    again = f"again-{listing.listing_id}"
    tell_again(souk, ready, again)
    poll.until(lambda: handled(souk, again), 60, "the second event")
    assert items_of_listing(souk, listing) == ["20"]
    assert now(souk, listing) == listing


def test_an_audit_that_is_asked_for_late_changes_nothing(souk: Souk, events: Events) -> None:
    shop = souk.new_id()
    listing = submit(souk, create_by_merchant(souk, "opv", shop), souk.merchant(shop))
    wait_for(events, "listing.audit.pending", listing.listing_id)
    pending = told(events, "listing.audit.pending", listing.listing_id)[0]
    rejected = review(souk, listing, "REJECT", comment="不行")
    handed_in = submit(souk, rejected, souk.merchant(shop))
    again = f"late-{listing.listing_id}"
    tell_again(souk, pending, again)
    poll.until(lambda: handled(souk, again), 60, "the late event")
    assert now(souk, listing) == handed_in
    assert handed_in.status == PENDING


# What goes wrong


def test_what_a_peer_refuses_goes_back_to_its_seller(souk: Souk) -> None:
    free = draft_of("deal", skus=[sku("OK", 100), sku("FREE", 0)])
    listing = submit(souk, create(souk, "deal", draft=free))
    assert listing.status == APPROVED
    rejected = until_status(souk, listing, REJECTED)
    assert rejected.comment.startswith("not published: ")
    assert "price of FREE" in rejected.comment
    assert rejected.item_id == 0
    assert actions(souk, listing)[-1] == (APPROVED, "fail", REJECTED)
    assert history(souk, listing)[-1].comment == rejected.comment
    assert items_of_listing(souk, listing) == ["99"]
    removed = souk.sql(
        "listing", f"SELECT item_id FROM item WHERE listing_id = {listing.listing_id}"
    )
    refused = why(souk.call, "listing.GetItem", souk.operator(), item_id=int(removed[0]["item_id"]))
    assert refused == "NOT_FOUND ITEM_UNKNOWN"

    online = until_status(souk, submit(souk, update(souk, rejected, draft_of("deal"))), ONLINE)
    assert items_of_listing(souk, online) == ["20", "99"]
    assert [one.amount.minor for one in prices(souk, item_of(souk, online))] == [4500]


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Souk]:
    """Three services that may be stopped, and whose leases end soon."""
    folder = paths.BUILD / "tests" / "publish" / str(os.getpid())
    settings = {"listing": {"SOUK_LEASE_MS": "1000"}}
    stack = Stack(
        folder,
        ["listing", "inventory", "pricing"],
        mode=MODE,
        settings=settings,
        caller_limits=False,
    )
    try:
        yield Souk(stack.up(), patience_s=30)
    finally:
        stack.down()
        stack.destroy()


@pytest.fixture
def own(own_stack: Souk) -> Souk:
    """All up, publishing, no saga at work: an item is on sale before its saga has ended."""
    for context in own_stack.stack.services:
        start(own_stack, context)
    publish(own_stack)
    at_work = "SELECT id FROM saga WHERE active = 1"
    poll.until(lambda: not own_stack.sql("listing", at_work), 30, "the sagas' ends")
    return own_stack


def start(souk: Souk, context: str) -> None:
    souk.stack.services[context].start()
    souk.forget_client(context)


def stop_half_way(souk: Souk, missing: str, kind: str = "topup") -> Any:
    """A listing whose publish waits for a service that is down."""
    souk.stack.services[missing].terminate()
    listing = submit(souk, create(souk, kind))
    poll.until(lambda: items_of_listing(souk, listing) == ["0"], 60, "a hidden item")
    return listing


def item_id_of(souk: Souk, listing: Any) -> int:
    """Of an item that is not on sale yet."""
    rows = souk.sql("listing", f"SELECT item_id FROM item WHERE listing_id = {listing.listing_id}")
    return int(rows[0]["item_id"])


def count(souk: Souk, context: str, table: str) -> int:
    return int(souk.sql(context, f"SELECT COUNT(*) AS n FROM {table}")[0]["n"])


def test_a_reviewer_approves_nothing_that_the_machine_would_refuse(own: Souk) -> None:
    own.stack.kafka.terminate()
    shop = own.new_id()
    draft = draft_of("deal")
    draft["skus"][0]["base_price"]["minor"] = 5001  # more than its face value
    listing = create_by_merchant(own, "deal", shop, draft=draft)
    listing = submit(own, listing, own.merchant(shop))
    assert (listing.status, listing.audit_strategy) == (PENDING, MANUAL)
    # The machine has not looked at it, without Kafka.
    refused = refusal(review, own, listing, "APPROVE")
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NOT_FOR_REVIEW")
    assert "above face_value" in refused.message
    assert now(own, listing).status == PENDING
    own.stack.kafka.start()
    until_status(own, listing, REJECTED)


def test_an_audit_that_is_late_is_asked_for_again_and_happens_once(own: Souk) -> None:
    own.stack.kafka.terminate()
    listing = submit(own, create(own, "hotel", source="SOURCE_TYPE_EXCEL_BATCH"))
    assert (listing.status, listing.audit_strategy) == (PENDING, AUTO)
    of_it = f"WHERE listing_id = {listing.listing_id}"
    own.sql("listing", f"UPDATE listing_watch SET due_at = UTC_TIMESTAMP(6) {of_it}")
    told = (
        "SELECT event_id FROM outbox WHERE type = 'listing.audit.pending' "
        f"AND aggregate_id = {listing.listing_id}"
    )
    poll.until(lambda: len(own.sql("listing", told)) == 2, 60, "the audit asked for again")
    watch = f"SELECT retries, due_at > UTC_TIMESTAMP(6) AS later FROM listing_watch {of_it}"
    assert own.sql("listing", watch) == [{"retries": "1", "later": "1"}]
    assert now(own, listing) == listing
    both = [row["event_id"] for row in own.sql("listing", told)]
    own.stack.kafka.start()
    until_status(own, listing, ONLINE)
    poll.until(lambda: all(handled(own, event) for event in both), 60, "both events")
    assert [action for _, action, _ in actions(own, listing)].count("approve") == 1
    assert own.sql("listing", watch) == []


def test_a_publish_survives_a_crash_and_happens_once(own: Souk) -> None:
    before = count(own, "pricing", "price"), count(own, "inventory", "stock")
    listing = stop_half_way(own, "pricing", "tshirt")
    own.stack.services["listing"].kill9()
    start(own, "pricing")
    start(own, "listing")
    item = item_of(own, until_status(own, listing, ONLINE))
    assert items_of_listing(own, listing) == ["20"]
    assert [(one.amount.minor, one.version) for one in prices(own, item)] == [(7900, 1)] * 2
    assert [(one.on_hand, one.version) for one in stocks(own, item)] == [(100, 1), (150, 1)]
    after = count(own, "pricing", "price"), count(own, "inventory", "stock")
    assert after == (before[0] + 2, before[1] + 2)
    assert [action for _, action, _ in actions(own, listing)].count("publish") == 1
    with own.events("listing.item") as events:
        wait_for(events, "listing.published", item.item_id)
        assert len(told(events, "listing.item", item.item_id)) == 1


def test_a_peer_that_is_away_is_waited_for(own: Souk) -> None:
    listing = stop_half_way(own, "inventory")
    item_id = item_id_of(own, listing)
    assert why(own.call, "listing.GetItem", None, item_id=item_id) == "NOT_FOUND ITEM_UNKNOWN"
    hidden = own.call("listing.GetItem", own.operator(), item_id=item_id).item
    refused = why(
        own.mutate,
        "listing.ChangeItemStatus",
        own.operator(),
        item_id=item_id,
        version=hidden.version,
        status="ITEM_STATUS_ONLINE",
    )
    assert (hidden.status, refused) == (ITEM_HIDDEN, "FAILED_PRECONDITION ILLEGAL_TRANSITION")
    assert now(own, listing).status == APPROVED
    (kept,) = own.sql("listing", f"SELECT snapshot_id FROM snapshot WHERE item_id = {item_id}")
    snapshot = {"snapshot_id": int(kept["snapshot_id"])}
    assert why(own.call, "listing.GetSnapshot", None, **snapshot) == "NOT_FOUND SNAPSHOT_UNKNOWN"
    start(own, "inventory")
    until_status(own, listing, ONLINE)
    assert own.call("listing.GetSnapshot", None, **snapshot).item.item_id == item_id


def test_a_stop_in_the_middle_hands_the_publish_over(own: Souk) -> None:
    listing = stop_half_way(own, "pricing")
    own.stack.services["listing"].terminate()
    assert own.stack.services["listing"].exit_code == 0
    start(own, "pricing")
    start(own, "listing")
    until_status(own, listing, ONLINE)
    assert items_of_listing(own, listing) == ["20"]


def test_a_publish_that_takes_too_long_goes_back_to_its_seller(own: Souk) -> None:
    listing = stop_half_way(own, "pricing")
    own.stack.services["listing"].kill9()
    own.sql("listing", "UPDATE saga SET deadline_at = '2020-01-01' WHERE active = 1")
    start(own, "listing")
    rejected = until_status(own, listing, REJECTED)
    assert rejected.comment.startswith("not published: DEADLINE_EXCEEDED")
    assert items_of_listing(own, listing) == ["99"]
    start(own, "pricing")
    until_status(own, submit(own, rejected), ONLINE)
    assert items_of_listing(own, listing) == ["20", "99"]


def test_an_operator_gives_up_a_publish_that_does_not_get_on(own: Souk) -> None:
    listing = stop_half_way(own, "pricing")
    (saga,) = own.sql("listing", "SELECT id FROM saga WHERE active = 1")
    listing_service = own.client("listing")

    def shown() -> Any:
        return listing_service.call("ops.GetSaga", own.operator(), saga_id=int(saga["id"])).saga

    poll.until(lambda: shown().trouble.startswith("act set_prices: UNAVAILABLE"), 60, "its trouble")
    listing_service.call(
        "ops.AbandonSaga",
        own.operator(),
        request_id=own.request_id(),
        saga_id=int(saga["id"]),
        why="pricing moves house",
    )
    rejected = until_status(own, listing, REJECTED)
    assert rejected.comment == "not published: SAGA_ABANDONED: pricing moves house"
    assert items_of_listing(own, listing) == ["99"]


def test_an_undo_accepts_that_nothing_was_done(own: Souk) -> None:
    listing = stop_half_way(own, "pricing")
    own.stack.services["listing"].kill9()
    own.sql(
        "listing",
        "UPDATE saga SET phase = 3, outcome_code = 14, outcome_reason = 'X' WHERE active = 1",
    )
    item_id = item_id_of(own, listing)
    for table in ("sku", "snapshot", "item"):
        own.sql("listing", f"DELETE FROM {table} WHERE item_id = {item_id}")
    start(own, "listing")
    rejected = until_status(own, listing, REJECTED)
    assert rejected.comment.startswith("not published: ")
    assert items_of_listing(own, listing) == ["99"]  # in the way of a step that comes late


@pytest.mark.parametrize("phase", [1, 3])
def test_a_process_that_comes_back_late_changes_nothing(own: Souk, phase: int) -> None:
    """As if it had not heard of the undo: it does its steps again, or undoes them once more."""
    listing = stop_half_way(own, "pricing")
    own.stack.services["listing"].kill9()
    own.sql("listing", "UPDATE saga SET deadline_at = '2020-01-01' WHERE active = 1")
    start(own, "listing")
    rejected = until_status(own, listing, REJECTED)
    start(own, "pricing")
    (saga,) = own.sql("listing", "SELECT id FROM saga ORDER BY updated_at DESC LIMIT 1")
    own.sql(
        "listing",
        f"UPDATE saga SET phase = {phase}, active = 1, owner = '', until_at = '2000-01-01',"
        f" deadline_at = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND WHERE id = {saga['id']}",
    )
    ended = f"SELECT id FROM saga WHERE id = {saga['id']} AND active = 0 AND phase = 5"
    poll.until(lambda: own.sql("listing", ended), 60, "the saga's end")
    assert now(own, listing).version == rejected.version
    assert items_of_listing(own, listing) == ["99"]
