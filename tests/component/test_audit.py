"""The ways of an audit in svc-listing: skip, fast track, auto and manual."""

from typing import Any

import pytest
from listing_kit import (
    APPROVED,
    AUTO,
    DRAFT,
    FAST_TRACK,
    MANUAL,
    ONLINE,
    PENDING,
    REJECTED,
    SKIP,
    actions,
    add_attribute,
    add_rule,
    create,
    create_by_merchant,
    draft_of,
    history,
    make_category,
    moment,
    now,
    review,
    sku,
    submit,
    text,
    until_status,
    update,
)
from refusals import at_once, why
from soukdev.refusal import Refused
from soukdev.souk import Souk


def test_skip_approves_at_once(souk: Souk) -> None:
    listing = submit(souk, create(souk))
    assert (listing.status, listing.version, listing.audit_strategy) == (APPROVED, 3, SKIP)
    until_status(souk, listing, ONLINE)
    assert actions(souk, listing) == [
        (0, "create", DRAFT),
        (DRAFT, "submit", PENDING),
        (PENDING, "approve", APPROVED),
        (APPROVED, "publish", ONLINE),
    ]
    logged = "SELECT strategy, approved, rules FROM audit_log WHERE listing_id = "
    log = souk.sql("listing", f"{logged}{listing.listing_id}")
    assert log == [{"strategy": str(SKIP), "approved": "1", "rules": ""}]
    changed_by = [change.changed_by for change in history(souk, listing)]
    assert changed_by == ["operator/1", "operator/1", "service/listing", "service/listing"]


# The examples of 002 chapter 3.3.5, as they are printed there.
EXAMPLES = [
    ("deal", "OPERATOR_FORM", "operator", SKIP),
    ("deal", "MERCHANT_PORTAL", "merchant", MANUAL),
    ("hotel", "SUPPLIER_PULL", "system", FAST_TRACK),
    ("hotel", "OPERATOR_FORM", "operator", SKIP),
    ("movie", "SUPPLIER_PUSH", "system", FAST_TRACK),
    ("topup", "OPERATOR_FORM", "operator", SKIP),
    ("giftcard", "OPERATOR_FORM", "operator", SKIP),
    ("giftcard", "MERCHANT_APP", "merchant", MANUAL),
]


@pytest.mark.parametrize(("kind", "source", "user", "strategy"), EXAMPLES)
def test_the_documents_examples_are_rows(
    souk: Souk, kind: str, source: str, user: str, strategy: int
) -> None:
    shop = souk.new_id()
    tokens = {
        "operator": souk.operator(),
        "merchant": souk.merchant(shop),
        "system": souk.supplier(souk.new_id()),
    }
    token = tokens[user]
    listing = create(souk, kind, token, source=f"SOURCE_TYPE_{source}", shop_id=shop)
    assert submit(souk, listing, token).audit_strategy == strategy


def test_fast_track_looks_at_attributes_only(souk: Souk) -> None:
    supplier = souk.supplier(souk.new_id())
    past = draft_of("movie")
    past["attributes"][2] = moment("session_time", -60)
    listing = create(
        souk, "movie", supplier, source="SOURCE_TYPE_SUPPLIER_PUSH", shop_id=5, draft=past
    )
    handed_in = submit(souk, listing, supplier)
    assert (handed_in.status, handed_in.audit_strategy) == (PENDING, FAST_TRACK)
    until_status(souk, listing, ONLINE)
    log = souk.sql("listing", f"SELECT * FROM audit_log WHERE listing_id = {listing.listing_id}")
    assert [(row["approved"], row["rules"]) for row in log] == [("1", "attributes")]


def test_fast_track_refuses_what_the_category_does_not_want_any_more(souk: Souk) -> None:
    category = make_category(souk, supplier_push=FAST_TRACK)
    supplier = souk.supplier(souk.new_id())
    listing = create(
        souk,
        "concert",
        supplier,
        category_id=category,
        source="SOURCE_TYPE_SUPPLIER_PUSH",
        shop_id=5,
        draft={"title": "五月天演唱会", "skus": [sku("A", 158000)]},
    )
    add_attribute(souk, category, "artist", 1)
    submit(souk, listing, supplier)
    rejected = until_status(souk, listing, REJECTED)
    assert rejected.comment == "draft.attributes[artist] is required"


def test_auto_applies_all_rules_of_the_category(souk: Souk) -> None:
    bad = draft_of("movie")
    bad["attributes"][2] = moment("session_time", -60)
    bad["skus"][0]["base_price"]["minor"] = 0
    listing = create(souk, "movie", source="SOURCE_TYPE_API", draft=bad)
    assert submit(souk, listing).audit_strategy == AUTO
    rejected = until_status(souk, listing, REJECTED)
    assert rejected.comment == (
        "draft.skus[0].base_price.minor must be more than 0; "
        "draft.attributes[2] session_time must be in the future"
    )
    assert actions(souk, listing)[-1] == (PENDING, "reject", REJECTED)
    assert history(souk, listing)[-1].comment == rejected.comment
    log = souk.sql("listing", f"SELECT * FROM audit_log WHERE listing_id = {listing.listing_id}")
    assert [(row["strategy"], row["approved"]) for row in log] == [(str(AUTO), "0")]
    assert [row["rules"] for row in log] == ["attributes, price, future(session_time)"]


@pytest.mark.parametrize(
    ("kind", "spoil", "wrong"),
    [
        ("deal", lambda d: d["skus"][0]["base_price"].update(minor=5001), "above face_value"),
        ("giftcard", lambda d: d["skus"][0]["base_price"].update(minor=10001), "above face_value"),
        ("topup", lambda d: d["attributes"][1].update(number=99), "between 100 and 100000"),
        ("hotel", lambda d: d["skus"][1]["base_price"].update(minor=0), "more than 0"),
    ],
)
def test_each_category_has_its_rules(souk: Souk, kind: str, spoil: Any, wrong: str) -> None:
    draft = draft_of(kind)
    spoil(draft)
    listing = create(souk, kind, source="SOURCE_TYPE_API", draft=draft)
    submit(souk, listing)
    assert wrong in until_status(souk, listing, REJECTED).comment


def test_a_new_category_is_rows(souk: Souk) -> None:
    """The documents' example: concerts cost 100 to 10,000 yuan and are in the future."""
    concerts = make_category(souk, supplier_push=AUTO)
    add_attribute(souk, concerts, "artist", 1)
    add_attribute(souk, concerts, "show_time", 4)
    add_rule(souk, concerts, 1, "show_time")
    add_rule(souk, concerts, 3, "", 10000, 1000000)
    supplier = souk.supplier(souk.new_id())

    def concert(starts_in_s: int, minor: int) -> dict[str, Any]:
        about = [text("artist", "五月天"), moment("show_time", starts_in_s)]
        return {"title": "五月天演唱会", "attributes": about, "skus": [sku("A", minor)]}

    listing = create(
        souk,
        "concert",
        supplier,
        category_id=concerts,
        source="SOURCE_TYPE_SUPPLIER_PUSH",
        shop_id=5,
        draft=concert(-60, 9999),
    )
    submit(souk, listing, supplier)
    rejected = until_status(souk, listing, REJECTED)
    assert rejected.comment == (
        "draft.attributes[1] show_time must be in the future; "
        "draft.skus[0].base_price.minor must be between 10000 and 1000000"
    )
    repaired = update(souk, rejected, concert(86400, 158000), supplier)
    until_status(souk, submit(souk, repaired, supplier), ONLINE)


def test_what_was_rejected_is_repaired_and_handed_in_again(souk: Souk) -> None:
    draft = draft_of("topup")
    draft["attributes"][1]["number"] = 1
    listing = create(souk, "topup", source="SOURCE_TYPE_API", draft=draft)
    submit(souk, listing)
    rejected = until_status(souk, listing, REJECTED)
    repaired = update(souk, rejected, draft_of("topup"))
    assert (repaired.status, repaired.comment) == (REJECTED, rejected.comment)
    handed_in = submit(souk, repaired)
    assert (handed_in.status, handed_in.comment) == (PENDING, "")
    until_status(souk, listing, ONLINE)


def test_a_reviewer_approves(souk: Souk) -> None:
    shop = souk.new_id()
    listing = create_by_merchant(souk, "opv", shop)
    listing = submit(souk, listing, souk.merchant(shop))
    assert (listing.status, listing.audit_strategy) == (PENDING, MANUAL)
    approved = review(souk, listing, "APPROVE", comment="好")
    assert (approved.status, approved.comment) == (APPROVED, "好")
    assert why(review, souk, listing, "REJECT", comment="x") == "ABORTED VERSION_MISMATCH"
    until_status(souk, listing, ONLINE)
    log = souk.sql(
        "listing",
        "SELECT approved, CONVERT(auditor USING utf8mb4) AS auditor, rules FROM audit_log "
        f"WHERE listing_id = {listing.listing_id}",
    )
    rules = "attributes, price"
    assert log == [{"approved": "1", "auditor": "operator/1", "rules": rules}]


def test_a_reviewer_rejects_and_says_why(souk: Souk) -> None:
    shop = souk.new_id()
    listing = submit(souk, create_by_merchant(souk, "opv", shop), souk.merchant(shop))
    assert why(review, souk, listing, "REJECT") == "INVALID_ARGUMENT COMMENT_MISSING"
    rejected = review(souk, listing, "REJECT", comment="图片不清楚")
    assert (rejected.status, rejected.comment) == (REJECTED, "图片不清楚")
    again = submit(souk, rejected, souk.merchant(shop))
    assert (again.status, again.comment) == (PENDING, "")


def test_a_reviewer_need_not_see_what_the_machine_refuses(souk: Souk) -> None:
    shop = souk.new_id()
    dear = draft_of("package", skus=[sku("P1", 13401)])
    listing = create_by_merchant(souk, "package", shop, draft=dear)
    submit(souk, listing, souk.merchant(shop))
    rejected = until_status(souk, listing, REJECTED)
    assert "must not be above what the parts cost singly, 13400" in rejected.comment


def test_only_what_waits_for_a_reviewer_is_reviewed(souk: Souk) -> None:
    draft = create(souk)
    assert why(review, souk, draft, "APPROVE") == "FAILED_PRECONDITION ILLEGAL_TRANSITION"
    assert why(review, souk, draft, "APPROVE", listing_id=1) == "NOT_FOUND LISTING_UNKNOWN"
    refused = why(review, souk, draft, "APPROVE", souk.merchant(1))
    assert refused == "PERMISSION_DENIED ROLE_NOT_ALLOWED"
    # Handed in for the machine, whose event never came.
    souk.sql(
        "listing",
        f"UPDATE listing SET status = 10, strategy = 3 WHERE listing_id = {draft.listing_id}",
    )
    assert why(review, souk, draft, "APPROVE") == "FAILED_PRECONDITION NOT_FOR_REVIEW"


def test_without_a_policy_nothing_is_handed_in(souk: Souk) -> None:
    listing = create(souk, "package")
    assert why(submit, souk, listing) == "FAILED_PRECONDITION NO_AUDIT_POLICY"
    assert now(souk, listing) == listing


def test_a_category_that_was_closed_takes_nothing_in(souk: Souk) -> None:
    category = make_category(souk, operator_form=SKIP)
    goods = {"title": "演唱会", "skus": [sku("A", 100)]}
    listing = create(souk, "concert", category_id=category, draft=goods)
    souk.sql("listing", f"UPDATE category SET active = 0 WHERE category_id = {category}")
    assert why(submit, souk, listing) == "FAILED_PRECONDITION CATEGORY_INACTIVE"


def test_of_two_who_hand_in_at_once_one_wins(souk: Souk) -> None:
    listing = create(souk)
    outcomes = at_once(2, lambda _: submit(souk, listing))
    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [(one.code, one.reason) for one in lost] == [("ABORTED", "VERSION_MISMATCH")]
    until_status(souk, listing, ONLINE)
    assert [action for _, action, _ in actions(souk, listing)].count("submit") == 1


def test_handing_in_again_under_the_same_id_is_the_same_answer(souk: Souk) -> None:
    listing = create(souk)
    request_id = souk.request_id()
    answers = at_once(10, lambda _: submit(souk, listing, request_id=request_id))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].version == 3


def test_a_review_asked_for_again_is_the_same_answer(souk: Souk) -> None:
    shop = souk.new_id()
    listing = submit(souk, create_by_merchant(souk, "opv", shop), souk.merchant(shop))
    request_id = souk.request_id()
    answers = at_once(5, lambda _: review(souk, listing, "APPROVE", request_id=request_id))
    assert all(answer == answers[0] for answer in answers)
    refused = why(review, souk, listing, "REJECT", comment="x", request_id=request_id)
    assert refused == "INVALID_ARGUMENT REQUEST_ID_REUSED"
    until_status(souk, listing, ONLINE)
    assert [action for _, action, _ in actions(souk, listing)].count("approve") == 1
