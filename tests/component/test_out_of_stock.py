"""Items that leave the shelf when their stock is sold, and come back with it."""

import uuid
from typing import Any

from confluent_kafka import Producer
from listing_kit import (
    ITEM_OFFLINE,
    ITEM_ONLINE,
    ITEM_OUT_OF_STOCK,
    OUT_OF_STOCK,
    actions,
    create,
    draft_of,
    history,
    item_of,
    now,
    publish,
    sku,
    submit,
    until_status,
)
from refusals import refusal, why
from soukdev import poll
from soukdev.souk import Souk


def make_item(souk: Souk, *stock: int) -> Any:
    """A gift card with a SKU for each of these counts."""
    listing = publish(souk, "deal", draft=draft_with(*stock))
    return item_of(souk, listing)


def draft_with(*stock: int) -> dict[str, Any]:
    return draft_of("deal", skus=[sku(f"D{i}", 4500, stock=n) for i, n in enumerate(stock)])


def adjust(souk: Souk, item: Any, delta: int, index: int = 0) -> None:
    sku_id = item.skus[index].sku_id
    souk.mutate(
        "inventory.AdjustStock", souk.operator(), sku_id=sku_id, delta=delta, reason="counted"
    )


def get(souk: Souk, item: Any, token: str | None = None) -> Any:
    return souk.call("listing.GetItem", token, item_id=item.item_id).item


def until(souk: Souk, item: Any, status: int) -> Any:
    def look() -> Any:
        found = get(souk, item, souk.operator())
        return found if found.status == status else None

    return poll.until(look, 60, f"the item in status {status}")


def change(souk: Souk, item: Any, status: str) -> Any:
    return souk.mutate(
        "listing.ChangeItemStatus",
        souk.operator(),
        item_id=item.item_id,
        version=item.version,
        status=f"ITEM_STATUS_{status}",
    ).item


def moves(souk: Souk, item: Any) -> list[tuple[str, str, str]]:
    """To which statuses it went since it came onto the shelf, by whom and why."""
    rows = souk.sql(
        "listing",
        "SELECT to_status, CAST(changed_by AS CHAR) AS changed_by, comment FROM item_history "
        f"WHERE item_id = {item.item_id} AND from_status <> 0 ORDER BY version",
    )
    return [(r["to_status"], r["changed_by"].split("/")[0], r["comment"]) for r in rows]


def until_told(souk: Souk, item: Any, on_hand: int, held: int) -> None:
    """What svc-inventory tells of its first SKU has come by."""
    key = str(item.skus[0].sku_id)
    with souk.events("inventory.stock") as events:
        events.wait(
            lambda e: e.key == key and (e.message.on_hand, e.message.held) == (on_hand, held),
            what="the change told",
        )


SOLD_OUT = ("23", "service", "sold out")
AGAIN = ("20", "service", "in stock again")


def test_the_shelf_follows_the_stock_and_the_listing_the_shelf(souk: Souk) -> None:
    listing = publish(souk, "deal", draft=draft_with(3))
    item = item_of(souk, listing)
    adjust(souk, item, -3)
    until(souk, item, ITEM_OUT_OF_STOCK)
    assert now(souk, listing).status == OUT_OF_STOCK
    adjust(souk, item, 2)
    back = until(souk, item, ITEM_ONLINE)
    assert back.version == item.version + 2
    assert moves(souk, item) == [SOLD_OUT, AGAIN]
    assert [action for _, action, _ in actions(souk, listing)][-2:] == ["out_of_stock", "online"]
    assert history(souk, listing)[-1].changed_by == "service/listing"
    with souk.events("listing.item") as events:
        events.wait(
            lambda e: e.key == str(item.item_id) and e.message.version == back.version,
            what="its return",
        )
        mine = {e.message.version: e for e in events.seen if e.key == str(item.item_id)}
    assert [mine[v].type for v in sorted(mine)] == [
        "listing.published",
        "listing.offline",
        "item.updated",
    ]
    assert mine[item.version + 1].message.item.status == ITEM_OUT_OF_STOCK


def test_an_item_is_sold_out_when_the_last_of_its_skus_is(souk: Souk) -> None:
    item = make_item(souk, 2, 2)
    adjust(souk, item, -2, index=1)
    until_sold_out(souk, item, 1)
    assert get(souk, item).status == ITEM_ONLINE
    adjust(souk, item, -2)
    until(souk, item, ITEM_OUT_OF_STOCK)
    adjust(souk, item, 1, index=1)
    until(souk, item, ITEM_ONLINE)
    assert moves(souk, item) == [SOLD_OUT, AGAIN]


def until_sold_out(souk: Souk, item: Any, index: int) -> None:
    """The catalogue knows that the SKU is sold out."""
    query = f"SELECT 1 FROM sku_stock WHERE sku_id = {item.skus[index].sku_id} AND sold_out = 1"
    poll.until(lambda: souk.sql("listing", query), 60, "the SKU sold out")


def test_what_is_held_is_not_sold(souk: Souk) -> None:
    item = make_item(souk, 2)
    hold: dict[str, Any] = {"reservation_id": souk.new_id()}
    lines = [{"sku_id": item.skus[0].sku_id, "quantity": 2}]
    souk.mutate("inventory.ReserveStock", souk.service(), order_id=1, lines=lines, **hold)
    until_told(souk, item, 2, 2)
    souk.mutate("inventory.ConfirmReservation", souk.service(), **hold)
    sold_out = until(souk, item, ITEM_OUT_OF_STOCK)
    assert sold_out.version == item.version + 1  # at the sale, and not at the hold


def test_what_is_published_without_stock_waits_for_it(souk: Souk) -> None:
    listing = submit(souk, create(souk, "deal", draft=draft_with(0)))
    listing = until_status(souk, listing, OUT_OF_STOCK)
    item = item_of(souk, listing)
    assert item.status == ITEM_OUT_OF_STOCK
    adjust(souk, item, 5)
    until(souk, item, ITEM_ONLINE)
    assert moves(souk, item) == [SOLD_OUT, AGAIN]


def test_what_is_put_back_with_nothing_left_is_out_of_stock(souk: Souk) -> None:
    item = make_item(souk, 1)
    offline = change(souk, item, "OFFLINE")
    adjust(souk, item, -1)
    until_sold_out(souk, item, 0)
    assert get(souk, item, souk.operator()) == offline
    back = change(souk, offline, "ONLINE")
    assert (back.status, back.version) == (ITEM_OUT_OF_STOCK, offline.version + 2)
    again = change(souk, back, "ONLINE")
    assert (again.status, again.version) == (ITEM_OUT_OF_STOCK, back.version + 2)
    adjust(souk, item, 1)
    until(souk, item, ITEM_ONLINE)


def test_who_says_out_of_stock_has_it_while_there_is_some(souk: Souk) -> None:
    item = make_item(souk, 3)
    by_hand = change(souk, item, "OUT_OF_STOCK")
    adjust(souk, item, -1)
    until_told(souk, item, 2, 0)
    adjust(souk, item, -2)
    until_sold_out(souk, item, 0)
    assert get(souk, item) == by_hand
    adjust(souk, item, 4)
    until(souk, item, ITEM_ONLINE)
    assert moves(souk, item) == [("23", "operator", ""), AGAIN]


def test_what_is_taken_off_the_shelf_stays_off(souk: Souk) -> None:
    item = make_item(souk, 1)
    offline = change(souk, item, "OFFLINE")
    adjust(souk, item, -1)
    until_sold_out(souk, item, 0)
    adjust(souk, item, 1)
    query = f"SELECT 1 FROM sku_stock WHERE sku_id = {item.skus[0].sku_id} AND sold_out = 0"
    poll.until(lambda: souk.sql("listing", query), 60, "the SKU back")
    assert get(souk, item, souk.operator()) == offline
    assert offline.status == ITEM_OFFLINE


def tell_late(souk: Souk, item: Any, version: int, on_hand: int) -> None:
    """An event that was parked, and has been handled after newer ones."""
    sku_id = item.skus[0].sku_id
    message = souk.contracts.message(souk.contracts.event_types()["inventory.changed"])
    value = message(
        sku_id=sku_id, model="STOCK_MODEL_QUANTITY", free=on_hand, on_hand=on_hand, version=version
    )
    producer = Producer({"bootstrap.servers": souk.stack.kafka.address, "log_level": 0})
    ce_id = str(uuid.uuid4())
    headers = {
        "ce_id": ce_id,
        "ce_type": "inventory.changed",
        "ce_source": "souk/test",
        "ce_specversion": "1.0",
        "ce_subject": str(sku_id),
        "content-type": "application/protobuf",
    }
    producer.produce(
        "inventory.stock",
        key=str(sku_id),
        value=value.SerializeToString(),
        headers=[(name, text.encode()) for name, text in headers.items()],
    )
    assert producer.flush(60) == 0
    handled = f"SELECT 1 FROM inbox WHERE consumer = 'listing.stock' AND ce_id = '{ce_id}'"
    poll.until(lambda: souk.sql("listing", handled), 60, "the event handled")


def test_an_older_word_on_the_stock_changes_nothing(souk: Souk) -> None:
    item = make_item(souk, 5)
    until_told(souk, item, 5, 0)
    adjust(souk, item, -1)
    until_told(souk, item, 4, 0)
    query = f"SELECT 1 FROM sku_stock WHERE sku_id = {item.skus[0].sku_id} AND version = 2"
    poll.until(lambda: souk.sql("listing", query), 60, "the change of stock known")
    tell_late(souk, item, version=1, on_hand=0)
    assert get(souk, item) == item
    adjust(souk, item, -4)
    sold_out = until(souk, item, ITEM_OUT_OF_STOCK)
    tell_late(souk, item, version=2, on_hand=4)
    assert get(souk, item) == sold_out


def test_a_shopper_sees_that_it_is_sold_out(souk: Souk) -> None:
    item = make_item(souk, 1)
    sku_id = item.skus[0].sku_id
    buyer = souk.customer(souk.new_id())
    line = {"item_id": item.item_id, "sku_id": sku_id, "quantity": 2}
    quote_line = {"sku_id": sku_id, "quantity": 2}
    quote = souk.call("pricing.CreateQuote", buyer, lines=[quote_line]).quote_token
    adjust(souk, item, -1)
    until(souk, item, ITEM_OUT_OF_STOCK)
    assert get(souk, item).status == ITEM_OUT_OF_STOCK
    found = souk.call("listing.QueryItems", None, shop_id=item.shop_id)
    assert list(found.items) == []

    souk.mutate("cart.AddItem", buyer, **line)
    [shown] = souk.call("cart.GetCart", buyer).lines
    assert [change.kind for change in shown.changes] == [3]  # SOLD_OUT alone
    refused = refusal(souk.mutate, "order.PlaceOrder", buyer, lines=[line], quote_token=quote)
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "SOLD_OUT")
    assert refused.metadata == {"sku": str(sku_id), "wanted": "2", "free": "0"}

    # What is not on sale at all goes before it.
    other = make_item(souk, 1)
    quote_lines = [quote_line, {"sku_id": other.skus[0].sku_id, "quantity": 1}]
    quote = souk.call("pricing.CreateQuote", buyer, lines=quote_lines).quote_token
    change(souk, other, "OFFLINE")
    lines = [line, {"item_id": other.item_id, "sku_id": other.skus[0].sku_id, "quantity": 1}]
    both = why(souk.mutate, "order.PlaceOrder", buyer, lines=lines, quote_token=quote)
    assert both == "FAILED_PRECONDITION NOT_SELLABLE"
