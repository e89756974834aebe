"""svc-listing's drafts through its RPCs. Audits: test_audit.py; publishing: test_publish.py."""

import re
from typing import Any

import pytest
from listing_kit import (
    DRAFT,
    ONLINE,
    actions,
    create,
    create_by_merchant,
    draft_of,
    history,
    json_text,
    make_category,
    now,
    number,
    sku,
    submit,
    text,
    until_status,
    update,
)
from refusals import at_once, refusal, why
from soukdev.refusal import Refused
from soukdev.souk import Souk

ALL_SOURCES = {
    *("OPERATOR_FORM", "MERCHANT_PORTAL", "MERCHANT_APP", "EXCEL_BATCH"),
    *("SUPPLIER_PUSH", "SUPPLIER_PULL", "API"),
}


# Drafts


def test_a_draft_is_made(souk: Souk) -> None:
    listing = create(souk, "hotel", shop_id=7001, supplier_id=9)
    assert (listing.status, listing.version, listing.audit_strategy) == (DRAFT, 1, 0)
    assert (listing.shop_id, listing.supplier_id, listing.item_id) == (7001, 9, 0)
    assert re.fullmatch(r"HOTEL-20\d{6}-[0-9A-HJKMNP-TV-Z]{13}", listing.task_code)
    assert listing.draft.skus[1].attributes[0].text == "双床"
    assert now(souk, listing) == listing
    assert actions(souk, listing) == [(0, "create", DRAFT)]
    assert history(souk, listing)[0].changed_by == "operator/1"


def test_all_that_is_wrong_with_a_draft_is_named_at_once(souk: Souk) -> None:
    draft = draft_of("movie")
    draft["attributes"] = [
        text("movie_name", "阿凡达"),
        number("session_time", 5),
        text("director", "卡梅隆"),
    ]
    draft["skus"] = [
        sku("A", -1, text("hall", "1"), text("ticket_type", "VIP")),
        sku("A", 5000, text("ticket_type", "3D")) | {"stock_model": "STOCK_MODEL_UNLIMITED"},
    ]
    refused = refusal(create, souk, "movie", draft=draft, shop_id=0)
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert refused.domain == "souk.listing"
    assert dict(refused.fields) == {
        "shop_id": "is required",
        "draft.skus[0].base_price.minor": "must not be negative",
        "draft.skus[1].sku_code": "is that of skus[0] too",
        "draft.skus[1].stock_quantity": "must be 0 for an unlimited SKU",
        "draft.attributes[1]": "session_time must be given as time",
        "draft.attributes[2]": "director is no attribute of MOVIE",
        "draft.skus[0].attributes[0]": "hall is no attribute of MOVIE",
        "draft.skus[0].attributes[1]": "ticket_type must be one of: 普通, 学生, IMAX, 3D",
        "draft.attributes[cinema_name]": "is required",
    }


@pytest.mark.parametrize(
    ("attribute", "wrong"),
    [
        (number("guest_capacity", 21), "guest_capacity must be between 1 and 20"),
        (number("guest_capacity", 0), "guest_capacity must be between 1 and 20"),
        (text("guest_capacity", "2"), "guest_capacity must be given as number"),
        ({"code": "guest_capacity"}, "guest_capacity must be given as number"),
    ],
)
def test_an_attribute_is_what_its_category_says(
    souk: Souk, attribute: dict[str, Any], wrong: str
) -> None:
    draft = draft_of("hotel", attributes=[text("star_rating", "三星"), attribute])
    assert refusal(create, souk, "hotel", draft=draft).fields == {"draft.attributes[1]": wrong}


@pytest.mark.parametrize("json", ["{", "5", "[" * 33 + "]" * 33, "[" * 4000 + "]" * 4000])
def test_json_is_a_document_of_bounded_depth(souk: Souk, json: str) -> None:
    draft = draft_of("deal")
    draft["attributes"].append(json_text("applicable_stores", json))
    assert list(refusal(create, souk, "deal", draft=draft).fields) == ["draft.attributes[2]"]


def test_a_draft_fits_an_event(souk: Souk) -> None:
    stores = json_text("applicable_stores", '["' + "店" * 7900 + '"]')
    skus = [
        sku(f"S{i}", 1, stores, number("face_value", 5000), number("valid_days", 1))
        for i in range(3)
    ]
    refused = refusal(create, souk, "deal", draft=draft_of("deal", skus=skus))
    assert refused.fields == {"draft": "must be at most 65536 bytes"}
    create(souk, "deal", draft=draft_of("deal", skus=skus[:2]))


def test_prices_have_one_known_currency(souk: Souk) -> None:
    draft = draft_of("hotel")
    draft["skus"][1]["base_price"]["currency"] = "EUR"
    refused = refusal(create, souk, "hotel", draft=draft)
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "CURRENCY_MISMATCH")
    assert list(refused.fields) == ["draft.skus[1].base_price.currency"]
    draft["skus"] = [sku("A", 1, text("bed_type", "大床"))]
    draft["skus"][0]["base_price"]["currency"] = "ZZZ"
    refused = refusal(create, souk, "hotel", draft=draft)
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "CURRENCY_UNKNOWN")


def test_a_category_is_there_and_takes_goods(souk: Souk) -> None:
    assert why(create, souk, category_id=424242) == "INVALID_ARGUMENT CATEGORY_UNKNOWN"
    closed = make_category(souk, active=0)
    assert why(create, souk, category_id=closed) == "INVALID_ARGUMENT CATEGORY_INACTIVE"


@pytest.mark.parametrize(
    ("role", "fed"),
    [
        ("operator", {"OPERATOR_FORM", "EXCEL_BATCH", "API"}),
        ("merchant", {"MERCHANT_PORTAL", "MERCHANT_APP", "API"}),
        ("supplier", {"SUPPLIER_PUSH", "SUPPLIER_PULL", "API"}),
        ("service", ALL_SOURCES),
    ],
)
def test_each_role_feeds_its_own_sources(souk: Souk, role: str, fed: set[str]) -> None:
    tokens = {
        "operator": souk.operator(),
        "merchant": souk.merchant(7),
        "supplier": souk.supplier(8),
        "service": souk.service(),
    }
    allowed = set()
    for source in ALL_SOURCES:
        try:
            create(souk, "topup", tokens[role], source=f"SOURCE_TYPE_{source}", shop_id=7)
            allowed.add(source)
        except Refused as refused:
            assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "SOURCE_NOT_ALLOWED")
    assert allowed == fed


def test_a_customer_lists_nothing(souk: Souk) -> None:
    assert why(create, souk, "topup", souk.customer()) == "PERMISSION_DENIED ROLE_NOT_ALLOWED"


def test_merchants_and_suppliers_are_themselves(souk: Souk) -> None:
    assert create_by_merchant(souk, "opv", 71).shop_id == 71
    assert create_by_merchant(souk, "opv", 71, shop_id=71).shop_id == 71
    refused = refusal(create_by_merchant, souk, "opv", 71, shop_id=72)
    assert refused.fields == {"shop_id": "must be your own, or left out"}
    push: dict[str, Any] = {"source": "SOURCE_TYPE_SUPPLIER_PUSH", "shop_id": 71}
    assert create(souk, "movie", souk.supplier(81), **push).supplier_id == 81
    refused = refusal(create, souk, "movie", souk.supplier(81), supplier_id=82, **push)
    assert refused.fields == {"supplier_id": "must be your own, or left out"}
    refused = refusal(create, souk, "movie", souk.supplier(81), source=push["source"])
    assert refused.fields == {"shop_id": "is required"}


def test_the_same_request_makes_one_draft(souk: Souk) -> None:
    request: dict[str, Any] = {"request_id": souk.request_id(), "shop_id": souk.new_id()}
    answers = at_once(10, lambda _: create(souk, **request))
    assert {answer.listing_id for answer in answers} == {answers[0].listing_id}
    assert all(answer == answers[0] for answer in answers)
    rows = souk.sql("listing", f"SELECT * FROM listing WHERE shop_id = {request['shop_id']}")
    assert len(rows) == 1
    other = draft_of("topup", title="另一个")
    assert why(create, souk, draft=other, **request) == "INVALID_ARGUMENT REQUEST_ID_REUSED"


def test_a_refused_request_may_be_repaired_under_its_id(souk: Souk) -> None:
    request_id = souk.request_id()
    assert refusal(create, souk, shop_id=0, request_id=request_id).reason == "INVALID_FIELD"
    assert create(souk, request_id=request_id).version == 1


# Changes


def test_a_draft_is_replaced(souk: Souk) -> None:
    listing = create(souk)
    changed = update(souk, listing, draft_of("topup", title="50元话费"))
    assert (changed.status, changed.version, changed.draft.title) == (DRAFT, 2, "50元话费")
    assert now(souk, listing) == changed
    assert actions(souk, listing)[1:] == [(DRAFT, "update", DRAFT)]
    assert why(update, souk, listing, draft_of("topup")) == "ABORTED VERSION_MISMATCH"
    refused = refusal(update, souk, changed, draft_of("topup", attributes=[]))
    assert set(refused.fields) == {
        "draft.attributes[operator_name]",
        "draft.attributes[denomination]",
    }


def test_a_change_asked_for_again_is_the_same_answer(souk: Souk) -> None:
    listing = create(souk)
    request_id = souk.request_id()
    draft = draft_of("topup", title="50元话费")
    answers = at_once(5, lambda _: update(souk, listing, draft, request_id=request_id))
    assert all(answer == answers[0] for answer in answers)
    assert now(souk, listing).version == 2
    refused = why(update, souk, listing, draft_of("topup"), request_id=request_id)
    assert refused == "INVALID_ARGUMENT REQUEST_ID_REUSED"


def test_what_was_handed_in_is_not_changed(souk: Souk) -> None:
    shop = souk.new_id()
    listing = submit(souk, create_by_merchant(souk, "opv", shop), souk.merchant(shop))
    refused = why(update, souk, listing, draft_of("opv"), souk.merchant(shop))
    assert refused == "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    refused = why(submit, souk, listing, souk.merchant(shop))
    assert refused == "FAILED_PRECONDITION ILLEGAL_TRANSITION"


def test_of_two_who_change_at_once_one_wins(souk: Souk) -> None:
    listing = create(souk)
    outcomes = at_once(2, lambda i: update(souk, listing, draft_of("topup", title=f"第{i}个")))
    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [(one.code, one.reason) for one in lost] == [("ABORTED", "VERSION_MISMATCH")]
    assert now(souk, listing).version == 2


def test_anothers_listing_is_unknown(souk: Souk) -> None:
    listing = create_by_merchant(souk, "opv", souk.new_id())
    strangers = (souk.merchant(souk.new_id()), souk.supplier(souk.new_id()))
    for stranger in strangers:
        unknown = "NOT_FOUND LISTING_UNKNOWN"
        for read in ("listing.GetListing", "listing.ListListingHistory"):
            assert why(souk.call, read, stranger, listing_id=listing.listing_id) == unknown
        assert why(submit, souk, listing, stranger) == unknown
        assert why(update, souk, listing, draft_of("opv"), stranger) == unknown
    assert why(submit, souk, listing, listing_id=1) == "NOT_FOUND LISTING_UNKNOWN"


def test_nobody_hands_in_as_somebody_who_is_trusted_more(souk: Souk) -> None:
    shop = souk.new_id()
    pushed = create(
        souk,
        "movie",
        souk.supplier(souk.new_id()),
        source="SOURCE_TYPE_SUPPLIER_PUSH",
        shop_id=shop,
    )
    merchant = souk.merchant(shop)
    assert souk.call("listing.GetListing", merchant, listing_id=pushed.listing_id).listing == pushed
    denied = "PERMISSION_DENIED SOURCE_NOT_ALLOWED"
    assert why(update, souk, pushed, draft_of("movie"), merchant) == denied
    assert why(submit, souk, pushed, merchant) == denied


# Lists


def listings(souk: Souk, token: str, **fields: Any) -> tuple[list[int], str]:
    answer = souk.call("listing.ListListings", token, **fields)
    return [listing.listing_id for listing in answer.listings], answer.next_page_token


def test_lists_are_the_callers_own_newest_first(souk: Souk) -> None:
    shop, supplier = souk.new_id(), souk.new_id()
    made = [create(souk, "topup", shop_id=shop, supplier_id=supplier).listing_id for _ in range(5)]
    create(souk, "topup", shop_id=souk.new_id())
    for token in (souk.merchant(shop), souk.supplier(supplier)):
        assert listings(souk, token) == (made[::-1], "")
        first, token_of_page = listings(souk, token, page_size=2)
        second, token_of_last = listings(souk, token, page_size=2, page_token=token_of_page)
        last, end = listings(souk, token, page_size=2, page_token=token_of_last)
        assert (first + second + last, end) == (made[::-1], "")
    assert set(made) <= set(listings(souk, souk.operator(), page_size=200)[0])


def test_lists_are_of_one_status_if_asked(souk: Souk) -> None:
    shop = souk.new_id()
    drafts = [create(souk, "package", shop_id=shop).listing_id for _ in range(2)]
    gone = until_status(souk, submit(souk, create(souk, shop_id=shop)), ONLINE).listing_id
    for token in (souk.merchant(shop),):
        assert listings(souk, token, status="LISTING_STATUS_DRAFT") == (drafts[::-1], "")
        assert listings(souk, token, status="LISTING_STATUS_ONLINE") == ([gone], "")
        assert listings(souk, token, status="LISTING_STATUS_PENDING") == ([], "")
    by_operator = listings(souk, souk.operator(), status="LISTING_STATUS_DRAFT", page_size=200)[0]
    assert set(drafts) <= set(by_operator)
    assert gone not in by_operator


def test_a_page_token_is_of_its_list(souk: Souk) -> None:
    shop = souk.new_id()
    for _ in range(2):
        create(souk, shop_id=shop)
    merchant = souk.merchant(shop)
    _, page = listings(souk, merchant, page_size=1)
    for fields in (
        {"page_token": page, "status": "LISTING_STATUS_DRAFT"},
        {"page_token": "nonsense"},
    ):
        refused = why(listings, souk, merchant, **fields)
        assert refused == "INVALID_ARGUMENT PAGE_TOKEN_INVALID"


def test_large_drafts_make_short_pages(souk: Souk) -> None:
    shop = souk.new_id()
    stores = json_text("applicable_stores", '["' + "店" * 7900 + '"]')
    large = draft_of("deal")
    large["skus"] = [sku(f"S{i}", 1, stores) for i in range(2)]
    made = [create(souk, "deal", draft=large, shop_id=shop).listing_id for _ in range(70)]
    page, token = listings(souk, souk.merchant(shop), page_size=200)
    assert 60 < len(page) < 70
    rest, end = listings(souk, souk.merchant(shop), page_size=200, page_token=token)
    assert (page + rest, end) == (made[::-1], "")


def test_a_history_has_pages(souk: Souk) -> None:
    listing = until_status(souk, submit(souk, create(souk)), ONLINE)
    whole = history(souk, listing)
    seen, token = [], ""
    while True:
        answer = souk.call(
            "listing.ListListingHistory",
            souk.operator(),
            listing_id=listing.listing_id,
            page_size=3,
            page_token=token,
        )
        seen += list(answer.changes)
        token = answer.next_page_token
        if not token:
            break
    assert seen == whole
    assert [change.version for change in whole] == [1, 2, 3, 4]
