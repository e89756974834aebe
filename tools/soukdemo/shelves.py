"""Step: sellers fill the shelves."""

import time
from collections import Counter

from soukdev.market.sellers import Listed
from soukdev.poll import until

from soukdemo.expect import expect
from soukdemo.world import World


def fill(world: World) -> None:
    """Every offer of the catalogue, until it is on sale and search finds it."""
    say, offers = world.narrator, world.catalogue.offers
    say.say(
        f"{len(offers)} items of {len(world.catalogue.shops)} shops and"
        f" {len(world.catalogue.suppliers)} suppliers. Each is created, handed in and"
        " audited the way its source asks for: operators are trusted, suppliers are checked by"
        " rules, and what merchants bring is read by a reviewer."
    )
    say.ask("POST /v1/listings, :submit, :review")
    begin = time.monotonic()
    listed = world.sellers.sell_all(offers)
    online_s = time.monotonic() - begin
    for one in listed:
        _put(world, one)
    _show(world, listed)
    _await_search(world)
    say.good(
        f"All on sale after {online_s:.1f} s,"
        f" found by search {time.monotonic() - begin - online_s:.1f} s later."
    )


def _put(world: World, listed: Listed) -> None:
    item = world.sellers.item(listed)
    offer = listed.offer
    expect(f"status of {offer.title}", item["status"], "ITEM_STATUS_ONLINE")
    expect(f"title of {offer.title}", item["title"], offer.title)
    expect(f"shop of {offer.title}", int(item["shop_id"]), offer.shop_id)
    expect(f"reviewed: {offer.title}", listed.was_reviewed, offer.role == "merchant")
    codes = [sku["sku_code"] for sku in offer.draft["skus"]]
    expect(f"SKUs of {offer.title}", [sku["sku_code"] for sku in item["skus"]], codes)
    for index, code in enumerate(codes):
        world.goods[code] = (item, index)


def _show(world: World, listed: list[Listed]) -> None:
    rows: list[tuple[str, ...]] = [
        ("category", "items", "by operators", "suppliers", "merchants"),
    ]
    by_category = Counter(one.offer.category_id for one in listed)
    for category_id, count in by_category.items():
        roles = Counter(one.offer.role for one in listed if one.offer.category_id == category_id)
        name = world.catalogue.category_name(category_id)
        counts = [roles[role] or "" for role in ("operator", "supplier", "merchant")]
        rows.append((name, str(count), *map(str, counts)))
    world.narrator.rows(rows, "<>>>>", head=True)


def _await_search(world: World) -> None:
    wanted = len(world.catalogue.offers)

    def all_found() -> bool:
        answer = world.souk.json().get("/v1/search", page_size=200)
        return bool(int(answer["total"]) == wanted)

    until(all_found, 60, f"search finds all {wanted} items", every_s=0.05)
