"""svc-pricing's prices through its RPCs. Its quotes: test_pricing_quotes.py."""

from typing import Any

import pytest
from pricing_kit import (
    SHOP,
    SUPPLIER,
    eur,
    from_now,
    make_priced_sku,
    price_of,
    set_price,
    set_sale,
)
from refusals import at_once, refusal, why
from soukdev.refusal import Refused
from soukdev.souk import Souk

HOUR = 3600


def rows(souk: Souk, sku_id: int) -> list[dict[str, Any]]:
    return souk.sql("pricing", f"SELECT * FROM price WHERE sku_id = {sku_id} ORDER BY price_id")


def let_pass(souk: Souk, sku_id: int, seconds: int) -> None:
    """As if its prices had been set so much earlier."""
    by = f"INTERVAL {seconds} SECOND"
    souk.sql(
        "pricing",
        f"UPDATE price SET valid_from = valid_from - {by}, valid_to = valid_to - {by} "
        f"WHERE sku_id = {sku_id}",
    )


def test_the_first_price_makes_a_sku_known(souk: Souk) -> None:
    sku = souk.new_id()
    price = set_price(souk, sku, 1999)
    assert (price.amount.minor, price.amount.currency, price.version) == (1999, "EUR", 1)
    assert price.HasField("valid_from")
    assert not price.HasField("valid_to")
    now = price_of(souk, sku)
    assert (now.amount.minor, now.base_amount.minor, now.kind, now.version) == (1999, 1999, 1, 1)


def test_only_a_service_makes_a_sku_known(souk: Souk) -> None:
    sku = souk.new_id()
    for token in (souk.operator(), souk.merchant(SHOP), souk.supplier(SUPPLIER)):
        assert why(set_price, souk, sku, 1, token) == "NOT_FOUND SKU_UNKNOWN"
    assert rows(souk, sku) == []


def test_the_first_price_is_a_base_price_without_an_end(souk: Souk) -> None:
    sku = souk.new_id()
    assert why(set_sale, souk, sku, 1, 0) == "FAILED_PRECONDITION NO_BASE_PRICE"
    ends: dict[str, Any] = {"valid_to": from_now(HOUR)}
    assert why(set_price, souk, sku, 1, **ends) == "FAILED_PRECONDITION BASE_PRICE_GAP"
    assert why(set_price, souk, sku, 1, version=1) == "ABORTED VERSION_MISMATCH"
    assert souk.sql("pricing", f"SELECT * FROM sku_price WHERE sku_id = {sku}") == []


def test_prices_are_changed_by_who_owns_the_sku(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    for stranger in (souk.merchant(SHOP + 1), souk.supplier(SUPPLIER + 1)):
        assert why(set_price, souk, sku, 1, stranger, version=1) == ("NOT_FOUND SKU_UNKNOWN")
    owners = (souk.merchant(SHOP), souk.supplier(SUPPLIER), souk.operator(), souk.service())
    for version, owner in enumerate(owners, start=1):
        assert set_price(souk, sku, 100 + version, owner, version=version).version == version + 1
    assert price_of(souk, sku).amount.minor == 104


def test_the_owner_is_fixed_by_the_first_price(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    set_price(souk, sku, 2, version=1, shop_id=77, supplier_id=78)
    assert why(set_price, souk, sku, 3, souk.merchant(77), version=2) == ("NOT_FOUND SKU_UNKNOWN")
    assert set_price(souk, sku, 3, souk.merchant(SHOP), version=2).version == 3


def test_who_may_not_set_prices(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    assert why(set_price, souk, sku, 1, souk.customer(), version=1) == (
        "PERMISSION_DENIED ROLE_NOT_ALLOWED"
    )
    fields: dict[str, Any] = {"sku_id": sku, "kind": 1, "amount": eur(1), "version": 1}
    assert why(souk.mutate, "pricing.SetPrice", None, **fields) == (
        "UNAUTHENTICATED UNAUTHENTICATED"
    )


@pytest.mark.parametrize("minor", [0, -1, 10**12 + 1])
def test_an_amount_out_of_range_is_named(souk: Souk, minor: int) -> None:
    refused = refusal(set_price, souk, souk.new_id(), minor)
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert list(refused.fields) == ["amount.minor"]


def test_the_largest_amount_is_kept(souk: Souk) -> None:
    assert price_of(souk, make_priced_sku(souk, 10**12)).amount.minor == 10**12


def test_an_unknown_currency_is_refused(souk: Souk) -> None:
    fields: dict[str, Any] = {"amount": {"currency": "ZZZ", "minor": 5}}
    assert why(set_price, souk, souk.new_id(), 1, **fields) == ("INVALID_ARGUMENT CURRENCY_UNKNOWN")


def test_the_currency_is_fixed_by_the_first_price(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    yen: dict[str, Any] = {"amount": {"currency": "JPY", "minor": 5}, "version": 1}
    assert why(set_price, souk, sku, 1, **yen) == "INVALID_ARGUMENT CURRENCY_MISMATCH"


@pytest.mark.parametrize(
    ("start", "end"), [(HOUR, HOUR), (HOUR, HOUR - 1), (-HOUR, -1), (None, -1)]
)
def test_a_window_without_a_moment_is_refused(souk: Souk, start: float | None, end: float) -> None:
    sku = make_priced_sku(souk)
    window: dict[str, Any] = {"valid_to": from_now(end)}
    if start is not None:
        window["valid_from"] = from_now(start)
    assert why(set_sale, souk, sku, 1, 1, **window) == "INVALID_ARGUMENT WINDOW_EMPTY"


def test_the_epoch_is_a_moment_and_not_nothing(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    window: dict[str, Any] = {"valid_to": {"seconds": 0}}
    assert why(set_sale, souk, sku, 1, 1, **window) == "INVALID_ARGUMENT WINDOW_EMPTY"


def test_a_start_in_the_past_is_now(souk: Souk) -> None:
    sku = souk.new_id()
    before = from_now(0)["seconds"]
    price = set_price(souk, sku, 1, valid_from=from_now(-HOUR))
    assert before <= price.valid_from.seconds <= from_now(1)["seconds"]


def test_a_sale_goes_before_the_base_price_within_its_window(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    set_sale(souk, sku, 800, 1, valid_from=from_now(HOUR), valid_to=from_now(2 * HOUR))
    for seconds, minor, kind in ((0, 1000, 1), (1.5 * HOUR, 800, 2), (2.5 * HOUR, 1000, 1)):
        price = price_of(souk, sku, at=from_now(seconds + 1))
        assert (price.amount.minor, price.kind) == (minor, kind)
        assert (price.base_amount.minor, price.version) == (1000, 2)


def test_a_sale_begins_by_itself(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    set_sale(souk, sku, 800, 1, valid_from=from_now(HOUR))
    assert price_of(souk, sku).amount.minor == 1000
    let_pass(souk, sku, HOUR)
    assert price_of(souk, sku).amount.minor == 800


def test_a_sale_needs_a_base_price_when_it_starts(souk: Souk) -> None:
    sku = souk.new_id()
    set_price(souk, sku, 1000, valid_from=from_now(HOUR))
    assert why(set_sale, souk, sku, 1, 1) == "FAILED_PRECONDITION NO_BASE_PRICE"
    assert set_sale(souk, sku, 1, 1, valid_from=from_now(2 * HOUR)).version == 2


def test_what_is_set_later_wins_and_what_it_cut_goes_on(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    set_price(
        souk, sku, 1200, version=1, valid_from=from_now(2 * HOUR), valid_to=from_now(3 * HOUR)
    )
    minors = [price_of(souk, sku, at=from_now(h * HOUR)).amount.minor for h in (1, 2.5, 4)]
    assert minors == [1000, 1200, 1000]


def test_history_keeps_what_was_set_by_whom_and_what_ended_it(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    set_price(souk, sku, 1200, souk.merchant(SHOP), version=1, valid_from=from_now(HOUR))
    first, left, new = rows(souk, sku)
    assert first["set_by"] == left["set_by"]
    assert (first["amount_minor"], first["ended_version"]) == ("1000", "2")
    assert first["valid_to"].startswith("9999-")
    assert first["ended_at"] is not None
    assert (left["version"], left["ended_version"]) == ("1", "0")
    assert left["valid_to"] == new["valid_from"]
    assert (new["version"], new["ended_version"], new["ended_at"]) == ("2", "0", None)


def test_customers_do_not_see_the_past_but_the_books_do(souk: Souk) -> None:
    sku = souk.new_id()
    when = set_price(souk, sku, 1000).valid_from
    set_price(souk, sku, 1100, version=1)
    assert price_of(souk, sku, at=when).amount.minor == 1000
    assert price_of(souk, sku).amount.minor == 1100
    for token in (souk.customer(), souk.merchant(SHOP), None):
        refused = refusal(souk.call, "pricing.BatchGetPrices", token, sku_ids=[sku], at=when)
        assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["at"])


def test_prices_come_in_the_order_asked_for_and_the_rest_is_named(souk: Souk) -> None:
    first, second, unknown = make_priced_sku(souk, 1), make_priced_sku(souk, 2), souk.new_id()
    later = souk.new_id()
    set_price(souk, later, 3, valid_from=from_now(HOUR))
    asked = [second, unknown, first, later, second]
    answer = souk.call("pricing.BatchGetPrices", sku_ids=asked)
    assert [price.sku_id for price in answer.prices] == [second, first, second]
    assert [price.amount.minor for price in answer.prices] == [2, 1, 2]
    assert list(answer.missing_sku_ids) == [unknown, later]


def test_two_hundred_skus_are_priced_at_once_and_no_more(souk: Souk) -> None:
    skus = [make_priced_sku(souk, minor) for minor in range(1, 201)]
    answer = souk.call("pricing.BatchGetPrices", sku_ids=skus)
    assert [price.amount.minor for price in answer.prices] == list(range(1, 201))
    refused = refusal(souk.call, "pricing.BatchGetPrices", sku_ids=[*skus, 1])
    assert list(refused.fields) == ["sku_ids"]


def test_a_sku_has_two_hundred_prices_ahead_and_no_more(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    for n in range(1, 200):
        window: dict[str, Any] = {
            "valid_from": from_now(n * HOUR),
            "valid_to": from_now((n + 0.5) * HOUR),
        }
        set_sale(souk, sku, n, n, **window)
    full: dict[str, Any] = {"valid_from": from_now(300 * HOUR)}
    assert why(set_sale, souk, sku, 1, 200, **full) == "FAILED_PRECONDITION TOO_MANY_PRICES"
    assert set_price(souk, sku, 5, version=200).version == 201
    assert price_of(souk, sku, at=from_now(150.25 * HOUR)).amount.minor == 150


def test_the_same_request_again_changes_nothing(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    request: dict[str, Any] = {"request_id": souk.request_id(), "version": 1}
    answers = [set_price(souk, sku, 900, **request) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].version == 2
    assert len(rows(souk, sku)) == 3


def test_the_same_request_ten_times_at_once_is_done_once(souk: Souk) -> None:
    sku, request_id = souk.new_id(), souk.request_id()
    answers = at_once(10, lambda _: set_price(souk, sku, 900, request_id=request_id))
    assert answers == [answers[0]] * 10
    assert answers[0].version == 1
    assert len(rows(souk, sku)) == 1


def test_an_answer_is_repeated_when_its_window_is_over(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    request: dict[str, Any] = {"request_id": souk.request_id(), "valid_to": from_now(HOUR)}
    sale = set_sale(souk, sku, 900, 1, **request)
    assert price_of(souk, sku).amount.minor == 900
    let_pass(souk, sku, HOUR)
    assert price_of(souk, sku).amount.minor == 1000
    assert set_sale(souk, sku, 900, 1, **request) == sale


def test_the_same_request_id_with_another_body_is_refused(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    request: dict[str, Any] = {"request_id": souk.request_id(), "version": 1}
    set_price(souk, sku, 900, **request)
    assert why(set_price, souk, sku, 901, **request) == "INVALID_ARGUMENT REQUEST_ID_REUSED"


def test_a_refused_request_may_come_again(souk: Souk) -> None:
    sku, request_id = souk.new_id(), souk.request_id()
    ends: dict[str, Any] = {"request_id": request_id, "version": 0}
    assert why(set_sale, souk, sku, 1, **ends) == "FAILED_PRECONDITION NO_BASE_PRICE"
    assert set_price(souk, sku, 1, request_id=request_id).version == 1


def test_of_ten_who_saw_the_same_version_one_wins(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    answers = at_once(10, lambda i: set_price(souk, sku, 100 + i, version=1))
    won = [answer for answer in answers if not isinstance(answer, Refused)]
    assert len(won) == 1
    assert {a.reason for a in answers if isinstance(a, Refused)} == {"VERSION_MISMATCH"}
    assert price_of(souk, sku).amount == won[0].amount


def test_of_ten_first_prices_one_wins(souk: Souk) -> None:
    sku = souk.new_id()
    answers = at_once(10, lambda i: set_price(souk, sku, 100 + i))
    won = [answer for answer in answers if not isinstance(answer, Refused)]
    assert len(won) == 1
    assert {a.code for a in answers if isinstance(a, Refused)} == {"ABORTED"}
    assert len(rows(souk, sku)) == 1


def test_every_change_is_told_with_all_prices_ahead(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    set_sale(souk, sku, 800, 1, valid_from=from_now(HOUR), valid_to=from_now(2 * HOUR))
    set_sale(souk, sku, 700, 2, valid_from=from_now(1.5 * HOUR), valid_to=from_now(3 * HOUR))
    set_price(souk, sku, 1100, version=3)
    with souk.events("pricing.price") as events:
        events.wait(lambda e: e.key == str(sku) and e.message.version == 4, what="the last change")
        mine = [event for event in events.seen if event.key == str(sku)]
    assert [event.message.version for event in mine] == [1, 2, 3, 4]
    assert {(event.type, event.source) for event in mine} == {("price.changed", "souk/pricing")}
    third, last = mine[2].message, mine[3].message
    ahead = [(price.kind, price.amount.minor, price.version) for price in third.prices]
    assert ahead == [(1, 1000, 1), (2, 800, 2), (2, 700, 3)]
    assert third.prices[1].valid_to == third.prices[2].valid_from
    assert third.price == third.prices[2]
    ahead = [(price.kind, price.amount.minor, price.version) for price in last.prices]
    assert ahead == [(1, 1100, 4), (2, 800, 2), (2, 700, 3)]


def test_what_was_refused_is_not_told(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    assert why(set_price, souk, sku, 1, version=7) == "ABORTED VERSION_MISMATCH"
    count = f"SELECT COUNT(*) AS n FROM outbox WHERE aggregate_id = {sku}"
    assert souk.sql("pricing", count) == [{"n": "1"}]


def test_prices_through_the_gateway(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    body = {"request_id": souk.request_id(), "kind": "PRICE_KIND_BASE", "version": "1"}
    amount = {"currency": "EUR", "minor": "1500"}
    answer = souk.json(souk.merchant(SHOP)).put(f"/v1/prices/{sku}", amount=amount, **body)
    assert answer["price"]["amount"] == amount
    prices = souk.json().get("/v1/prices", sku_ids=sku)["prices"]
    assert prices[0]["amount"] == amount


# History


def history(souk: Souk, sku_id: int, token: str | None = None, **fields: Any) -> Any:
    owner = token or souk.merchant(SHOP)
    return souk.call("pricing.GetPriceHistory", owner, sku_id=sku_id, **fields)


def test_a_history_says_what_was_set_in_place_of_what_by_whom_and_why(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    why_not: dict[str, Any] = {"comment": "双十一 🛒"}
    sale = set_sale(souk, sku, 800, 1, token=souk.merchant(SHOP), valid_to=from_now(HOUR))
    base = set_price(souk, sku, 1200, souk.operator(), version=2, **why_not)
    cheaper = set_sale(souk, sku, 700, 3, valid_to=from_now(HOUR / 2))
    changes = history(souk, sku).changes
    assert [change.price for change in changes[:3]] == [cheaper, base, sale]
    assert [change.price.version for change in changes] == [4, 3, 2, 1]
    assert [change.old_amount.minor for change in changes] == [800, 1000, 0, 0]
    assert [change.HasField("old_amount") for change in changes] == [True, True, False, False]
    assert [change.comment for change in changes] == ["", "双十一 🛒", "", ""]
    roles = [change.changed_by.split("/")[0] for change in changes]
    assert roles == ["service", "operator", "merchant", "service"]
    assert [change.change_time.seconds > 0 for change in changes] == [True] * 4


def test_a_history_has_pages(souk: Souk) -> None:
    sku, other = make_priced_sku(souk), make_priced_sku(souk)
    for version in range(1, 5):
        set_price(souk, sku, 100 + version, version=version)
    seen: list[int] = []
    token = ""
    while not seen or token:
        page = history(souk, sku, page_size=2, page_token=token)
        assert len(page.changes) <= 2
        seen += [change.price.version for change in page.changes]
        token = page.next_page_token
    assert seen == [5, 4, 3, 2, 1]
    foreign = history(souk, sku, page_size=2).next_page_token
    assert why(history, souk, other, page_token=foreign) == "INVALID_ARGUMENT PAGE_TOKEN_INVALID"
    assert list(refusal(history, souk, sku, page_size=201).fields) == ["page_size"]


def test_a_history_is_its_owners(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    for owner in (souk.supplier(SUPPLIER), souk.operator(), souk.service()):
        assert len(history(souk, sku, owner).changes) == 1
    for stranger in (souk.merchant(SHOP + 1), souk.supplier(SUPPLIER + 1)):
        assert why(history, souk, sku, stranger) == "NOT_FOUND SKU_UNKNOWN"
    assert why(history, souk, souk.new_id()) == "NOT_FOUND SKU_UNKNOWN"
    assert why(history, souk, sku, souk.customer()) == "PERMISSION_DENIED ROLE_NOT_ALLOWED"


def test_what_was_refused_or_repeated_is_no_history(souk: Souk) -> None:
    sku = make_priced_sku(souk)
    assert why(set_price, souk, sku, 1, version=7) == "ABORTED VERSION_MISMATCH"
    request: dict[str, Any] = {"request_id": souk.request_id(), "version": 1}
    for _ in range(2):
        set_price(souk, sku, 900, **request)
    long: dict[str, Any] = {"version": 2, "comment": "为" * 501}
    refused = refusal(set_price, souk, sku, 1, **long)
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["comment"])
    assert [change.price.version for change in history(souk, sku).changes] == [2, 1]


def test_a_history_through_the_gateway(souk: Souk) -> None:
    sku = make_priced_sku(souk, 1000)
    [change] = souk.json(souk.merchant(SHOP)).get(f"/v1/prices/{sku}/history")["changes"]
    assert change["price"]["amount"] == {"currency": "EUR", "minor": "1000"}
    assert change["changed_by"] == "service/listing"
