"""svc-listing's watchdog: listings whose audit or publish does not come."""

from typing import Any

import pytest
from listing_kit import (
    APPROVED,
    MANUAL,
    ONLINE,
    PENDING,
    REJECTED,
    actions,
    create,
    create_by_merchant,
    history,
    now,
    review,
    submit,
    until_status,
)
from soukdev import poll
from soukdev.souk import Souk

AUTO_ROW = 3
PENDING_ROW, APPROVED_ROW = 10, 11


def watched(souk: Souk, listing: Any) -> list[tuple[int, bool]]:
    """Retries, and whether it is due."""
    rows = souk.sql(
        "listing",
        "SELECT retries, due_at <= UTC_TIMESTAMP(6) AS due FROM listing_watch "
        f"WHERE listing_id = {listing.listing_id}",
    )
    return [(int(row["retries"]), row["due"] == "1") for row in rows]


def lose(souk: Souk, status: int, retries: int = 0, **columns: int) -> Any:
    """A listing whose event got lost half an hour ago."""
    listing = create(souk)
    more = "".join(f", {name} = {value}" for name, value in columns.items())
    souk.sql(
        "listing",
        f"UPDATE listing SET status = {status}, strategy = {AUTO_ROW}{more} "
        f"WHERE listing_id = {listing.listing_id};"
        "INSERT INTO listing_watch (listing_id, retries, since_at, due_at) VALUES "
        f"({listing.listing_id}, {retries}, UTC_TIMESTAMP(6) - INTERVAL 3 HOUR, UTC_TIMESTAMP(6))",
    )
    return listing


def until_reported(souk: Souk, listing: Any, message: str) -> None:
    """It is logged when it has been done, and committed."""

    def look() -> bool:
        lines = souk.stack.services["listing"].log.read_text().splitlines()
        return any(message in line and str(listing.listing_id) in line for line in lines)

    poll.until(look, 60, f"{message!r} in the log")


@pytest.mark.parametrize(
    ("status", "action"), [(PENDING_ROW, "approve"), (APPROVED_ROW, "publish")]
)
def test_work_that_got_lost_is_told_again(souk: Souk, status: int, action: str) -> None:
    listing = lose(souk, status, retries=2)
    until_status(souk, listing, ONLINE)
    assert action in [change.action for change in history(souk, listing)]
    assert watched(souk, listing) == []


@pytest.mark.parametrize("status", [PENDING_ROW, APPROVED_ROW])
def test_after_three_retries_it_goes_back_to_its_seller(souk: Souk, status: int) -> None:
    listing = until_status(souk, lose(souk, status, retries=3), REJECTED)
    assert listing.comment == "timeout after 3 retries"
    until_reported(souk, listing, "listing given back after a timeout")
    last = history(souk, listing)[-1]
    assert (last.comment, last.changed_by) == (listing.comment, "service/listing")
    assert watched(souk, listing) == []
    until_status(souk, submit(souk, listing), ONLINE)


def test_a_reviewer_has_his_time(souk: Souk) -> None:
    shop = souk.new_id()
    listing = submit(souk, create_by_merchant(souk, "deal", shop), souk.merchant(shop))
    assert (listing.status, listing.audit_strategy) == (PENDING, MANUAL)
    assert watched(souk, listing) == [(0, False)]
    souk.sql(
        "listing",
        "UPDATE listing_watch SET retries = 3, due_at = UTC_TIMESTAMP(6), "
        "since_at = UTC_TIMESTAMP(6) - INTERVAL 3 HOUR "
        f"WHERE listing_id = {listing.listing_id}",
    )
    poll.until(lambda: watched(souk, listing) == [(3, False)], 60, "it looked after")
    assert now(souk, listing) == listing
    until_reported(souk, listing, "listing stuck")
    until_status(souk, review(souk, listing, "APPROVE"), ONLINE)
    assert watched(souk, listing) == []


def test_a_publish_that_goes_on_is_left_to_its_saga(souk: Souk) -> None:
    listing = lose(souk, APPROVED_ROW, retries=3, publish_saga_id=77)
    poll.until(lambda: watched(souk, listing) == [(3, False)], 60, "it looked after")
    assert now(souk, listing).status == APPROVED
    assert [action for _, action, _ in actions(souk, listing)] == ["create"]


def test_a_row_without_a_reason_goes(souk: Souk) -> None:
    listing = lose(souk, 0)
    poll.until(lambda: watched(souk, listing) == [], 60, "the row gone")
    assert history(souk, now(souk, listing))[-1].action == "create"
