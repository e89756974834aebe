"""What is on the shelves, through svc-listing's CatalogService and CategoryService."""

from typing import Any

import pytest
from listing_kit import (
    CATEGORIES,
    ITEM_MAINTAIN,
    ITEM_OFFLINE,
    ITEM_ONLINE,
    ITEM_OUT_OF_STOCK,
    MAINTAIN,
    OFFLINE,
    ONLINE,
    OUT_OF_STOCK,
    actions,
    draft_of,
    item_of,
    now,
    publish,
    sku,
)
from refusals import at_once, refusal, why
from soukdev.refusal import Refused
from soukdev.souk import Souk

UNKNOWN, OTHER_ITEM, NOT_ONLINE = 1, 2, 3


def make_item(souk: Souk, kind: str = "topup", **fields: Any) -> Any:
    return item_of(souk, publish(souk, kind, **fields))


def change(souk: Souk, item: Any, status: str, token: str | None = None, **fields: Any) -> Any:
    request = {
        "item_id": item.item_id,
        "version": item.version,
        "status": f"ITEM_STATUS_{status}",
        **fields,
    }
    return souk.mutate("listing.ChangeItemStatus", token or souk.operator(), **request).item


def get(souk: Souk, item: Any, token: str | None = None) -> Any:
    return souk.call("listing.GetItem", token, item_id=item.item_id).item


# Items


def test_an_item_is_what_was_listed(souk: Souk) -> None:
    shop = souk.new_id()
    listing = publish(souk, "tshirt", shop_id=shop, supplier_id=4)
    item = get(souk, item_of(souk, listing))
    assert (item.category_id, item.shop_id, item.supplier_id) == (1003001, shop, 4)
    assert (item.title, item.brand) == ("经典圆领男士T恤", "NIKE")
    assert list(item.media_urls) == ["https://img.example/1.jpg"]
    assert (item.status, item.version, item.delivery, item.source) == (ITEM_ONLINE, 2, 2, 1)
    assert [attribute.text for attribute in item.attributes] == ["棉", "中国", "短袖"]
    assert [(one.sku_code, one.title) for one in item.skus] == [
        ("BL", "规格 BL"),
        ("WM", "规格 WM"),
    ]
    assert item.skus[1].attributes[1].text == "M"
    assert (item.skus[0].base_price.currency, item.skus[0].base_price.minor) == ("CNY", 7900)
    assert item.skus[0].stock_model == 1
    assert len({item.item_id, *(one.sku_id for one in item.skus)}) == 3
    assert item.create_time.ToMicroseconds() <= item.update_time.ToMicroseconds()


def test_what_is_not_on_sale_only_its_owner_sees(souk: Souk) -> None:
    shop, supplier = souk.new_id(), souk.new_id()
    item = make_item(souk, shop_id=shop, supplier_id=supplier)
    change(souk, item, "OFFLINE")
    owners = (souk.merchant(shop), souk.supplier(supplier), souk.operator(), souk.service())
    for owner in owners:
        assert get(souk, item, owner).status == ITEM_OFFLINE
    strangers = (None, souk.customer(), souk.merchant(shop + 1), souk.supplier(supplier + 1))
    for stranger in strangers:
        assert why(get, souk, item, stranger) == "NOT_FOUND ITEM_UNKNOWN"
        answer = souk.call("listing.BatchGetItems", stranger, item_ids=[item.item_id])
        assert list(answer.missing_item_ids) == [item.item_id]


def test_many_items_come_in_the_order_asked_for(souk: Souk) -> None:
    first, second = make_item(souk), make_item(souk, "hotel")
    ids = [second.item_id, 77, first.item_id, second.item_id]
    answer = souk.call("listing.BatchGetItems", None, item_ids=ids)
    assert list(answer.items) == [second, first, second]
    assert list(answer.missing_item_ids) == [77]


def test_an_answer_has_a_limit(souk: Souk) -> None:
    stores = {"code": "applicable_stores", "json": '["' + "店" * 7900 + '"]'}
    large = draft_of("deal", skus=[sku(f"S{i}", 1, stores) for i in range(2)])
    item = make_item(souk, "deal", draft=large)
    refused = refusal(souk.call, "listing.BatchGetItems", None, item_ids=[item.item_id] * 70)
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "ANSWER_TOO_LARGE")
    answer = souk.call("listing.BatchGetItems", None, item_ids=[item.item_id] * 60)
    assert len(answer.items) == 60


# Queries


def query(souk: Souk, token: str | None, **fields: Any) -> tuple[list[int], str]:
    answer = souk.call("listing.QueryItems", token, **fields)
    return [item.item_id for item in answer.items], answer.next_page_token


def all_of(souk: Souk, token: str | None, **fields: Any) -> list[int]:
    """Every page."""
    found, page = query(souk, token, **fields)
    while page:
        more, page = query(souk, token, page_token=page, **fields)
        found += more
    return found


def test_items_are_found_by_what_they_are(souk: Souk) -> None:
    shop, supplier = souk.new_id(), souk.new_id()
    phone = make_item(souk, shop_id=shop, supplier_id=supplier)
    room = make_item(souk, "hotel", shop_id=shop)
    change(souk, room, "MAINTAIN")
    operator = souk.operator()
    both = [room.item_id, phone.item_id]
    mine: dict[str, Any] = {"shop_id": shop}
    assert query(souk, operator, **mine) == (both, "")
    cases: list[tuple[dict[str, Any], list[Any]]] = [
        ({"category_ids": [4]}, [phone]),
        ({"category_ids": [4, 2]}, [room, phone]),
        ({"category_ids": [1]}, []),
        ({"status": "ITEM_STATUS_ONLINE"}, [phone]),
        ({"status": "ITEM_STATUS_MAINTAIN"}, [room]),
        ({"source": "SOURCE_TYPE_OPERATOR_FORM"}, [room, phone]),
        ({"source": "SOURCE_TYPE_API"}, []),
        ({"supplier_id": supplier}, [phone]),
        ({"create_time_from": room.create_time}, [room]),
        ({"create_time_to": room.create_time}, [phone]),
        ({"create_time_to": {"seconds": 0}}, []),
        ({"keyword": "话费"}, [phone]),
        ({"keyword": "希尔"}, [room]),
    ]
    for fields, found in cases:
        wanted = [item.item_id for item in found]
        assert query(souk, operator, **mine, **fields) == (wanted, ""), fields
    assert query(souk, operator, supplier_id=supplier) == ([phone.item_id], "")
    assert phone.item_id in all_of(souk, operator, category_ids=[4], keyword="100元话费")
    assert phone.item_id in all_of(souk, operator, category_ids=[4, 5], supplier_id=supplier)


def test_everybody_finds_what_is_his_to_find(souk: Souk) -> None:
    shop, supplier = souk.new_id(), souk.new_id()
    seen = make_item(souk, shop_id=shop, supplier_id=supplier)
    hidden = make_item(souk, shop_id=shop, supplier_id=supplier)
    change(souk, hidden, "OFFLINE")
    both = [hidden.item_id, seen.item_id]
    for owner in (souk.merchant(shop), souk.supplier(supplier)):
        assert query(souk, owner) == (both, "")
    for anybody in (None, souk.customer()):
        assert query(souk, anybody, shop_id=shop) == ([seen.item_id], "")
        assert query(souk, anybody, shop_id=shop, status="ITEM_STATUS_OFFLINE") == ([], "")
    assert query(souk, souk.merchant(shop + 1), shop_id=shop) == ([], "")
    assert query(souk, souk.supplier(1), supplier_id=supplier) == ([], "")


def test_a_keyword_is_taken_literally(souk: Souk) -> None:
    shop = souk.new_id()
    titles = ["50% off_Coffee!", "50 off", "COFFEE"]
    items = {t: make_item(souk, draft=draft_of("topup", title=t), shop_id=shop) for t in titles}
    for keyword, found in [
        ("50%", ["50% off_Coffee!"]),
        ("f_c", ["50% off_Coffee!"]),
        ("e!", ["50% off_Coffee!"]),
        ("coffee", ["COFFEE", "50% off_Coffee!"]),
        ("%", ["50% off_Coffee!"]),
    ]:
        wanted = [items[title].item_id for title in found]
        assert query(souk, souk.merchant(shop), keyword=keyword) == (wanted, ""), keyword


def test_a_keyword_is_looked_for_in_the_description_too(souk: Souk) -> None:
    shop = souk.new_id()
    texts = {"Tee": "soft COTTON, 100%", "Cotton tee": "", "Cap": "wool"}
    drafts = {t: draft_of("topup", title=t, description=text) for t, text in texts.items()}
    items = {t: make_item(souk, draft=draft, shop_id=shop) for t, draft in drafts.items()}
    for keyword, found in [
        ("cotton", ["Cotton tee", "Tee"]),
        ("100%", ["Tee"]),
        ("1%", []),
        ("wool", ["Cap"]),
        ("silk", []),
    ]:
        wanted = [items[title].item_id for title in found]
        assert query(souk, souk.merchant(shop), keyword=keyword) == (wanted, ""), keyword


def test_queries_have_pages(souk: Souk) -> None:
    shop = souk.new_id()
    made = [make_item(souk, shop_id=shop).item_id for _ in range(5)]
    customer, merchant = souk.customer(), souk.merchant(shop)
    assert all_of(souk, merchant, page_size=2) == made[::-1]
    assert all_of(souk, customer, shop_id=shop, page_size=2) == made[::-1]
    first, token = query(souk, merchant, page_size=2)
    assert first == made[:2:-1]
    late = make_item(souk, shop_id=shop).item_id
    second, _ = query(souk, merchant, page_size=2, page_token=token)
    assert (second, late in second) == ([made[2], made[1]], False)
    for page in (token, "nonsense"):
        refused = why(query, souk, merchant, page_token=page, keyword="x")
        assert refused == "INVALID_ARGUMENT PAGE_TOKEN_INVALID"


def test_a_page_is_a_bounded_search(souk: Souk) -> None:
    shop = souk.new_id()
    wanted = make_item(souk, draft=draft_of("topup", title="针"), shop_id=shop)
    rows = ", ".join(
        f"({wanted.item_id + 1 + i}, 0, 4, 1, {shop}, 0, 0, 20, 1, '干草', REPEAT('0', 16), '', "
        "UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"
        for i in range(1100)
    )
    souk.sql("listing", f"INSERT INTO item VALUES {rows}")
    merchant = souk.merchant(shop)
    found, token = query(souk, merchant, keyword="针")
    assert found == []
    assert query(souk, merchant, keyword="针", page_token=token) == ([wanted.item_id], "")
    souk.sql("listing", f"DELETE FROM item WHERE shop_id = {shop} AND title = '干草'")


# On and off the shelf


def test_an_item_leaves_the_shelf_and_comes_back(souk: Souk) -> None:
    listing = publish(souk)
    item = item_of(souk, listing)
    moves = [
        ("OFFLINE", ITEM_OFFLINE, OFFLINE, "offline"),
        ("ONLINE", ITEM_ONLINE, ONLINE, "online"),
        ("MAINTAIN", ITEM_MAINTAIN, MAINTAIN, "maintain"),
        ("ONLINE", ITEM_ONLINE, ONLINE, "online"),
        ("OUT_OF_STOCK", ITEM_OUT_OF_STOCK, OUT_OF_STOCK, "out_of_stock"),
        ("OFFLINE", ITEM_OFFLINE, OFFLINE, "offline"),
    ]
    for word, status, listing_status, action in moves:
        version = item.version
        item = change(souk, item, word, comment="换季")
        assert (item.status, item.version) == (status, version + 1)
        assert item_of(souk, listing) == item
        assert now(souk, listing).status == listing_status
        assert actions(souk, listing)[-1][1:] == (action, listing_status)
    rows = souk.sql(
        "listing",
        f"SELECT version, comment FROM item_history WHERE item_id = {item.item_id} ORDER BY 1",
    )
    assert [row["version"] for row in rows] == ["2", "3", "4", "5", "6", "7", "8"]
    assert {row["comment"] for row in rows[1:]} == {"换季"}


def test_only_allowed_moves_are_made(souk: Souk) -> None:
    item = make_item(souk)
    assert why(change, souk, item, "ONLINE") == "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    offline = change(souk, item, "OFFLINE")
    for status in ("OFFLINE", "MAINTAIN", "OUT_OF_STOCK"):
        refused = why(change, souk, offline, status)
        assert refused == "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    hidden = refusal(change, souk, offline, "HIDDEN")
    assert (hidden.code, hidden.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert list(hidden.fields) == ["status"]
    assert get(souk, item, souk.operator()) == offline


def test_an_item_is_moved_by_its_shop_and_by_operators(souk: Souk) -> None:
    shop, supplier = souk.new_id(), souk.new_id()
    item = make_item(souk, shop_id=shop, supplier_id=supplier)
    refused = why(change, souk, item, "OFFLINE", souk.merchant(shop + 1))
    assert refused == "NOT_FOUND ITEM_UNKNOWN"
    for token in (souk.customer(), souk.supplier(supplier)):
        refused = why(change, souk, item, "OFFLINE", token)
        assert refused == "PERMISSION_DENIED ROLE_NOT_ALLOWED"
    assert why(change, souk, item, "OFFLINE", item_id=3) == "NOT_FOUND ITEM_UNKNOWN"
    assert change(souk, item, "OFFLINE", souk.merchant(shop)).status == ITEM_OFFLINE


def test_of_two_who_move_at_once_one_wins(souk: Souk) -> None:
    item = make_item(souk)
    outcomes = at_once(2, lambda i: change(souk, item, ("OFFLINE", "MAINTAIN")[i]))
    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [(one.code, one.reason) for one in lost] == [("ABORTED", "VERSION_MISMATCH")]


def test_a_move_asked_for_again_is_the_same_answer(souk: Souk) -> None:
    item = make_item(souk)
    request_id = souk.request_id()
    answers = at_once(5, lambda _: change(souk, item, "OFFLINE", request_id=request_id))
    assert all(answer == answers[0] for answer in answers)
    refused = why(change, souk, item, "MAINTAIN", request_id=request_id)
    assert refused == "INVALID_ARGUMENT REQUEST_ID_REUSED"


# Snapshots


def ref(item: Any, index: int = 0) -> dict[str, int]:
    return {"item_id": item.item_id, "sku_id": item.skus[index].sku_id}


def ensure(souk: Souk, *refs: dict[str, int]) -> Any:
    return souk.mutate("listing.BatchEnsureSnapshots", souk.service(), skus=list(refs))


def snapshot(souk: Souk, snapshot_id: int) -> Any:
    return souk.call("listing.GetSnapshot", None, snapshot_id=snapshot_id)


def snapshot_rows(souk: Souk, item: Any) -> list[dict[str, Any]]:
    return souk.sql("listing", f"SELECT snapshot_id FROM snapshot WHERE item_id = {item.item_id}")


def test_skus_are_kept_as_they_are(souk: Souk) -> None:
    shirt, phone = make_item(souk, "tshirt", supplier_id=4), make_item(souk)
    kept = list(ensure(souk, ref(shirt, 1), ref(phone), ref(shirt, 0)).snapshots)
    assert [one.sku_id for one in kept] == [
        shirt.skus[1].sku_id,
        phone.skus[0].sku_id,
        shirt.skus[0].sku_id,
    ]
    one = kept[0]
    assert (one.item_id, one.item_version, one.category_id) == (shirt.item_id, 2, 1003001)
    assert (one.item_title, one.sku_title, one.sku_code) == (shirt.title, "规格 WM", "WM")
    assert (one.shop_id, one.supplier_id, one.delivery) == (shirt.shop_id, 4, 2)
    assert kept[2].snapshot_id == one.snapshot_id != kept[1].snapshot_id
    content = snapshot(souk, one.snapshot_id).item
    assert (content.title, content.version, content.status) == (shirt.title, 1, 0)
    assert list(content.skus) == list(shirt.skus)


def test_what_cannot_be_sold_is_named_with_why(souk: Souk) -> None:
    good, other, off = make_item(souk), make_item(souk), make_item(souk)
    change(souk, off, "OFFLINE")
    stray = {"item_id": good.item_id, "sku_id": other.skus[0].sku_id}
    unknown = {"item_id": good.item_id, "sku_id": 99}
    answer = ensure(souk, ref(off), stray, ref(good), unknown)
    assert [one.sku_id for one in answer.snapshots] == [good.skus[0].sku_id]
    assert [(one.item_id, one.sku_id, one.reason) for one in answer.unsellable] == [
        (off.item_id, off.skus[0].sku_id, NOT_ONLINE),
        (good.item_id, other.skus[0].sku_id, OTHER_ITEM),
        (good.item_id, 99, UNKNOWN),
    ]


def test_one_sku_is_kept_or_refused_with_why(souk: Souk) -> None:
    item, off, out = make_item(souk, "tshirt"), make_item(souk), make_item(souk)
    change(souk, off, "OFFLINE")
    change(souk, out, "OUT_OF_STOCK")

    def ensure_one(sku: dict[str, int], token: str | None = None) -> Any:
        service = token or souk.service()
        return souk.mutate("listing.EnsureSnapshot", service, sku=sku).snapshot

    kept = ensure_one(ref(item, 1))
    assert [kept] == list(ensure(souk, ref(item, 1)).snapshots)
    assert ensure_one(ref(item, 1)) == kept
    for wrong, refused in [
        (ref(item) | {"sku_id": 77}, "NOT_FOUND SKU_UNKNOWN"),
        (ref(item) | {"item_id": off.item_id}, "INVALID_ARGUMENT SKU_OF_ANOTHER_ITEM"),
        (ref(off), "FAILED_PRECONDITION ITEM_NOT_ONLINE"),
        (ref(out), "FAILED_PRECONDITION SOLD_OUT"),
    ]:
        assert why(ensure_one, wrong) == refused
    operator = why(ensure_one, ref(item), souk.operator())
    assert operator == "PERMISSION_DENIED ROLE_NOT_ALLOWED"
    assert list(refusal(ensure_one, {"item_id": item.item_id}).fields) == ["sku.sku_id"]


def test_equal_contents_share_one_snapshot(souk: Souk) -> None:
    item = make_item(souk)
    before = ensure(souk, ref(item)).snapshots[0]
    back = change(souk, change(souk, item, "OFFLINE"), "ONLINE")
    after = ensure(souk, ref(item)).snapshots[0]
    assert (after.snapshot_id, after.item_version) == (before.snapshot_id, back.version)
    assert len(snapshot_rows(souk, item)) == 1


def test_a_content_that_nobody_kept_is_kept_once(souk: Souk) -> None:
    items = [make_item(souk), make_item(souk, "tshirt")]
    for item in items:
        souk.sql("listing", f"DELETE FROM snapshot WHERE item_id = {item.item_id}")
    answers = at_once(8, lambda _: ensure(souk, *[ref(item) for item in items]))
    ids = {tuple(one.snapshot_id for one in answer.snapshots) for answer in answers}
    assert len(ids) == 1
    assert [len(snapshot_rows(souk, item)) for item in items] == [1, 1]
    assert snapshot(souk, ids.pop()[1]).item.version == items[1].version


def test_a_snapshot_outlives_the_sale(souk: Souk) -> None:
    item = make_item(souk)
    kept = ensure(souk, ref(item)).snapshots[0]
    change(souk, item, "OFFLINE")
    assert snapshot(souk, kept.snapshot_id).item.title == item.title
    assert why(snapshot, souk, 5) == "NOT_FOUND SNAPSHOT_UNKNOWN"


def test_snapshots_are_made_for_services(souk: Souk) -> None:
    refused = why(
        souk.mutate, "listing.BatchEnsureSnapshots", souk.operator(), skus=[ref_of_nothing()]
    )
    assert refused == "PERMISSION_DENIED ROLE_NOT_ALLOWED"


def ref_of_nothing() -> dict[str, int]:
    return {"item_id": 1, "sku_id": 1}


# Categories


def test_the_tree_has_parents_before_children(souk: Souk) -> None:
    categories = souk.call("listing.ListCategories").categories
    by_id = {category.category_id: category for category in categories}
    assert set(CATEGORIES.values()) | {1000, 1100, 1101, 1002, 1003} <= set(by_id)
    seen = {0}
    for category in categories:
        assert category.parent_id in seen
        seen.add(category.category_id)
    assert (by_id[1101].code, by_id[1101].parent_id, by_id[1101].level) == ("HOTPOT", 1100, 3)
    assert {by_id[one].delivery for one in CATEGORIES.values()} == {1, 2}
    assert by_id[1003001].delivery == 2


@pytest.mark.parametrize(
    ("category", "attribute", "values"),
    [
        (2, ("star_rating", 3, True), ["三星", "四星", "五星"]),
        (2, ("breakfast_type", 3, False), ["无早", "单早", "双早"]),
        (3, ("session_time", 4, True), []),
        (1, ("face_value", 2, True), []),
        (1200, ("sub_items", 5, True), []),
        (4, ("operator_name", 1, True), []),
    ],
)
def test_a_category_says_what_its_goods_have(
    souk: Souk, category: int, attribute: tuple[str, int, bool], values: list[str]
) -> None:
    categories = souk.call("listing.ListCategories").categories
    found = next(one for one in categories if one.category_id == category)
    has = next(one for one in found.attributes if one.code == attribute[0])
    assert (has.code, has.type, has.required) == attribute
    assert list(has.enum_values) == values


def test_a_merchant_may_see_what_a_form_needs(souk: Souk) -> None:
    categories = souk.call("listing.ListCategories", souk.merchant(1)).categories
    hotel = next(one for one in categories if one.category_id == 2)
    limits = {one.code: (one.min_number, one.max_number) for one in hotel.attributes}
    assert limits["guest_capacity"] == (1, 20)
    movie = next(one for one in categories if one.category_id == 3)
    assert {one.code: one.max_length for one in movie.attributes}["movie_name"] == 200
