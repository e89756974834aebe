"""svc-inventory through its RPCs."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from refusals import outcome, why
from soukdev import names, poll
from soukdev.refusal import Refused
from soukdev.souk import Souk


def make_sku(souk: Souk, on_hand: int = 10, shop_id: int = 5) -> int:
    sku_id = souk.new_id()
    souk.mutate(
        "inventory.SetStock",
        souk.service("listing"),
        sku_id=sku_id,
        model="STOCK_MODEL_QUANTITY",
        on_hand=on_hand,
        shop_id=shop_id,
    )
    return sku_id


def free_of(souk: Souk, sku_id: int) -> int:
    return int(souk.call("inventory.GetStock", souk.operator(), sku_id=sku_id).stock.free)


def reserve(souk: Souk, hold: int, *lines: tuple[int, int], **fields: Any) -> Any:
    return souk.mutate(
        "inventory.ReserveStock",
        souk.service(),
        reservation_id=hold,
        lines=[{"sku_id": sku, "quantity": quantity} for sku, quantity in lines],
        **{"order_id": hold, **fields},
    )


def end(souk: Souk, how: str, hold: int) -> Any:
    return souk.mutate(f"inventory.{how}Reservation", souk.service(), reservation_id=hold)


def counts_of(souk: Souk, sku_id: int) -> tuple[int, int, int]:
    stock = souk.call("inventory.GetStock", souk.operator(), sku_id=sku_id).stock
    return stock.free, stock.held, stock.sold


def test_a_hold_that_is_confirmed_is_sold_once(souk: Souk) -> None:
    sku = make_sku(souk, on_hand=10)
    hold = souk.new_id()
    for _ in range(2):
        reserve(souk, hold, (sku, 3))
    for _ in range(2):
        end(souk, "Confirm", hold)
    stock = souk.call("inventory.GetStock", souk.operator(), sku_id=sku).stock
    assert (stock.free, stock.held, stock.sold, stock.on_hand) == (7, 0, 3, 7)


def test_a_shortage_names_the_sku_and_holds_nothing(souk: Souk) -> None:
    plenty, scarce = make_sku(souk, 10), make_sku(souk, 1)
    with pytest.raises(Refused) as refused:
        reserve(souk, souk.new_id(), (plenty, 2), (scarce, 2))
    assert refused.value.code == "FAILED_PRECONDITION"
    assert refused.value.reason == "INSUFFICIENT_STOCK"
    assert refused.value.metadata == {"sku": str(scarce), "wanted": "2", "free": "1"}
    assert souk.call("inventory.GetStock", souk.operator(), sku_id=plenty).stock.held == 0


def test_a_hold_that_cannot_expire_holds_up_no_other(souk: Souk) -> None:
    damaged, sound = make_sku(souk), make_sku(souk)
    for sku in (damaged, sound):
        reserve(souk, sku, (sku, 2))
    souk.sql("inventory", f"UPDATE stock SET held = 0 WHERE sku_id = {damaged}")
    # The damaged one is found first.
    souk.sql(
        "inventory",
        "UPDATE reservation SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND "
        f"WHERE reservation_id IN ({damaged}, {sound})",
    )
    try:
        poll.until(lambda: free_of(souk, sound) == 10, 60, "the sound hold expired")
        assert free_of(souk, damaged) == 8
    finally:
        souk.sql("inventory", f"UPDATE stock SET held = 2 WHERE sku_id = {damaged}")
    poll.until(lambda: free_of(souk, damaged) == 10, 60, "the mended hold expired")


def test_a_release_that_comes_first_wins(souk: Souk) -> None:
    sku, hold = make_sku(souk), souk.new_id()
    for _ in range(2):
        end(souk, "Release", hold)
    for _ in range(2):
        assert why(reserve, souk, hold, (sku, 1)) == "FAILED_PRECONDITION RESERVATION_RELEASED"
    assert why(end, souk, "Confirm", hold) == "FAILED_PRECONDITION RESERVATION_RELEASED"
    assert counts_of(souk, sku) == (10, 0, 0)


def test_who_asks_again_is_told_the_same(souk: Souk) -> None:
    sku, hold, unknown = make_sku(souk), souk.new_id(), souk.new_id()
    assert reserve(souk, hold, (sku, 3)) == reserve(souk, hold, (sku, 3))
    for how, of in (("Confirm", hold), ("Release", unknown)):
        assert end(souk, how, of) == end(souk, how, of)


def test_a_hold_ends_once(souk: Souk) -> None:
    sku, sold, freed = make_sku(souk), souk.new_id(), souk.new_id()
    reserve(souk, sold, (sku, 3))
    reserve(souk, freed, (sku, 2))
    end(souk, "Confirm", sold)
    for _ in range(2):
        end(souk, "Release", freed)
    assert why(end, souk, "Release", sold) == "FAILED_PRECONDITION RESERVATION_CONFIRMED"
    assert why(end, souk, "Confirm", freed) == "FAILED_PRECONDITION RESERVATION_RELEASED"
    assert why(reserve, souk, freed, (sku, 2)) == "FAILED_PRECONDITION RESERVATION_RELEASED"
    assert counts_of(souk, sku) == (7, 0, 3)


def test_a_hold_is_of_what_it_was_first(souk: Souk) -> None:
    sku, hold = make_sku(souk), souk.new_id()
    reserve(souk, hold, (sku, 3))
    for change in ({"lines": [{"sku_id": sku, "quantity": 4}]}, {"order_id": 1}):
        fields = {"order_id": hold, "lines": [{"sku_id": sku, "quantity": 3}], **change}
        refused = why(
            souk.mutate, "inventory.ReserveStock", souk.service(), reservation_id=hold, **fields
        )
        assert refused == "INVALID_ARGUMENT REQUEST_ID_REUSED"
    assert counts_of(souk, sku) == (7, 3, 0)


def test_the_last_ones_are_held_once_whatever_the_order_of_the_lines(souk: Souk) -> None:
    one, two = make_sku(souk, 20), make_sku(souk, 20)

    def hold(i: int) -> Any:
        lines = [(one, 1), (two, 1)]
        return outcome(lambda: reserve(souk, souk.new_id(), *(lines if i % 2 else lines[::-1])))

    with ThreadPoolExecutor(16) as pool:
        ends = list(pool.map(hold, range(60)))
    refused = [end.reason for end in ends if isinstance(end, Refused)]
    assert refused == ["SOLD_OUT"] * 40
    assert counts_of(souk, one) == counts_of(souk, two) == (0, 20, 0)


def test_a_count_of_the_shelf_respects_what_is_held(souk: Souk) -> None:
    sku = make_sku(souk, 10, shop_id=5)
    reserve(souk, souk.new_id(), (sku, 4))

    def set_to(on_hand: int, version: int = 1) -> Any:
        return souk.mutate(
            "inventory.SetStock",
            souk.merchant(5),
            sku_id=sku,
            model="STOCK_MODEL_QUANTITY",
            on_hand=on_hand,
            version=version,
        )

    assert why(set_to, 3) == "FAILED_PRECONDITION ON_HAND_BELOW_HELD"
    assert why(set_to, 9, version=0) == "ABORTED VERSION_MISMATCH"
    assert set_to(4).stock.free == 0
    assert counts_of(souk, sku) == (0, 4, 0)


@pytest.mark.parametrize("who", ["merchant", "supplier"])
def test_what_is_somebody_elses_is_not_there(souk: Souk, who: str) -> None:
    sku = make_sku(souk, 10, shop_id=5)
    token = souk.merchant(6) if who == "merchant" else souk.supplier(5)
    ask = {"sku_id": sku, "delta": 1, "reason": "found"}
    assert why(souk.mutate, "inventory.AdjustStock", token, **ask) == "NOT_FOUND SKU_UNKNOWN"
    ask = {"sku_id": sku, "model": "STOCK_MODEL_QUANTITY", "on_hand": 1, "version": 1}
    assert why(souk.mutate, "inventory.SetStock", token, **ask) == "NOT_FOUND SKU_UNKNOWN"
    new = {**ask, "sku_id": souk.new_id(), "version": 0}
    assert why(souk.mutate, "inventory.SetStock", token, **new) == "NOT_FOUND SKU_UNKNOWN"
    stock = souk.call("inventory.GetStock", token, sku_id=sku).stock
    assert (stock.free, stock.on_hand, stock.held, stock.sold) == (10, 0, 0, 0)
    hold = {"reservation_id": souk.new_id(), "order_id": 1}
    lines = [{"sku_id": sku, "quantity": 1}]
    refused = why(souk.mutate, "inventory.ReserveStock", token, **hold, lines=lines)
    assert refused == "PERMISSION_DENIED ROLE_NOT_ALLOWED"


def test_the_same_adjustment_twice_is_made_once(souk: Souk) -> None:
    sku = make_sku(souk, 10, shop_id=5)
    ask = {"request_id": souk.request_id(), "sku_id": sku, "delta": -3, "reason": "damaged"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: souk.call("inventory.AdjustStock", souk.merchant(5), **ask), range(8)
            )
        )
    assert {answer.stock.free for answer in answers} == {7}
    assert counts_of(souk, sku) == (7, 0, 0)
    other = {**ask, "delta": -4}
    assert (
        why(souk.call, "inventory.AdjustStock", souk.merchant(5), **other)
        == "INVALID_ARGUMENT REQUEST_ID_REUSED"
    )
    # Of another caller it is another request.
    assert souk.call("inventory.AdjustStock", souk.operator(), **other).stock.free == 3


def test_the_ledger_sums_up_to_the_stock(souk: Souk) -> None:
    sku, sold = make_sku(souk, 10, shop_id=5), souk.new_id()
    reserve(souk, sold, (sku, 3))
    end(souk, "Confirm", sold)
    reserve(souk, souk.new_id(), (sku, 2))
    souk.mutate("inventory.AdjustStock", souk.merchant(5), sku_id=sku, delta=-1, reason="damaged")
    (sums,) = souk.sql(
        "inventory",
        "SELECT SUM(free_delta) AS free, SUM(held_delta) AS held, SUM(sold_delta) AS sold "
        f"FROM movement WHERE sku_id = {sku}",
    )
    assert (int(sums["free"]), int(sums["held"]), int(sums["sold"])) == counts_of(souk, sku)


def test_the_ledger_says_what_changed_why_and_by_whom(souk: Souk) -> None:
    sku, sold, freed = make_sku(souk, 10, shop_id=5), souk.new_id(), souk.new_id()
    reserve(souk, sold, (sku, 3))
    end(souk, "Confirm", sold)
    reserve(souk, freed, (sku, 2))
    end(souk, "Release", freed)
    souk.mutate("inventory.AdjustStock", souk.merchant(5), sku_id=sku, delta=-1, reason="damaged")
    moves = souk.call("inventory.ListMovements", souk.merchant(5), sku_id=sku).movements
    short = [
        (m.kind, m.free_delta, m.held_delta, m.sold_delta, m.reservation_id, m.reason, m.caller)
        for m in moves
    ]
    kinds = {name: n for n, name in enumerate(("SET", "ADJUST", "HOLD", "RELEASE", "CONFIRM"), 1)}
    by_service = short[-1][-1]
    assert by_service.startswith("service/")
    assert short[0][-1].startswith("merchant/")
    assert [move[:-1] for move in short] == [
        (kinds["ADJUST"], -1, 0, 0, 0, "damaged"),
        (kinds["RELEASE"], 2, -2, 0, freed, ""),
        (kinds["HOLD"], -2, 2, 0, freed, ""),
        (kinds["CONFIRM"], 0, -3, 3, sold, ""),
        (kinds["HOLD"], -3, 3, 0, sold, ""),
        (kinds["SET"], 10, 0, 0, 0, ""),
    ]
    assert (sum(move[1] for move in short), 0, 3) == counts_of(souk, sku)
    assert moves[0].create_time.ToMicroseconds() >= moves[-1].create_time.ToMicroseconds() > 0


def test_the_ledger_is_read_in_pages(souk: Souk) -> None:
    sku, other = make_sku(souk), make_sku(souk)
    for _ in range(4):
        souk.mutate("inventory.AdjustStock", souk.operator(), sku_id=sku, delta=1, reason="found")

    def page(token: str = "", of: int = sku) -> Any:
        fields = {"sku_id": of, "page_size": 2, "page_token": token}
        return souk.call("inventory.ListMovements", souk.operator(), **fields)

    whole = souk.call("inventory.ListMovements", souk.operator(), sku_id=sku).movements
    first = page()
    # What comes meanwhile does not shift what is behind it.
    souk.mutate("inventory.AdjustStock", souk.operator(), sku_id=sku, delta=1, reason="found")
    second = page(first.next_page_token)
    third = page(second.next_page_token)
    assert [*first.movements, *second.movements, *third.movements] == list(whole)
    assert third.next_page_token == ""
    assert why(page, first.next_page_token, other) == "INVALID_ARGUMENT PAGE_TOKEN_INVALID"


def test_the_ledger_is_for_the_owner(souk: Souk) -> None:
    sku = make_sku(souk, shop_id=5)
    for token in (souk.merchant(6), souk.stack.keys.mint(1, "supplier", supplier_id=9)):
        refused = why(souk.call, "inventory.ListMovements", token, sku_id=sku)
        assert refused == "NOT_FOUND SKU_UNKNOWN"
    refused = why(souk.call, "inventory.ListMovements", souk.operator(), sku_id=souk.new_id())
    assert refused == "NOT_FOUND SKU_UNKNOWN"


def lock_waits(watcher: Any) -> int:
    return int(watcher.execute("SELECT 1 FROM information_schema.INNODB_LOCK_WAITS"))


def test_a_call_that_lost_a_deadlock_runs_again(souk: Souk) -> None:
    first, second = make_sku(souk), make_sku(souk)
    schema = souk.stack.mariadb.create_schema(names.schema("inventory"))
    lock = "SELECT sku_id FROM stock WHERE sku_id = %s FOR UPDATE"
    with (
        souk.stack.mariadb.connect(schema) as other,
        other.cursor() as cursor,
        # One that is connected already: the call waits no longer than its contract lets it.
        souk.stack.mariadb.connect() as onlooker,
        onlooker.cursor() as watcher,
        ThreadPoolExecutor() as pool,
    ):
        # The server gives up the one that changed less.
        cursor.execute("CREATE TABLE IF NOT EXISTS ballast (n INT PRIMARY KEY)")
        other.begin()
        cursor.executemany("INSERT INTO ballast VALUES (%s)", [(n,) for n in range(100)])
        cursor.execute(lock, (second,))
        call = pool.submit(reserve, souk, first, (first, 2), (second, 2))
        # InnoDB looks anew only when nobody has asked for 0.1 s.
        what = "the call has the first and waits"
        poll.until(lambda: lock_waits(watcher) > 0, 20, what, every_s=0.3)
        cursor.execute(lock, (first,))
        other.rollback()
        call.result()
        cursor.execute("DROP TABLE ballast")
    assert counts_of(souk, first) == counts_of(souk, second) == (8, 2, 0)
