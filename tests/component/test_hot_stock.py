"""Many want the same few goods, in every order of lines, and nobody is sent away for that."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from soukdev import poll
from soukdev.refusal import Refused
from soukdev.souk import Souk
from test_inventory import make_sku

SKUS, ON_HAND, BUYERS, ROUNDS = 10, 20, 16, 6
SHORT = {"INSUFFICIENT_STOCK", "SOLD_OUT"}
# Too many calls for this machine now: callers repeat them under the same ids.
LATER = {"DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}


def ask(souk: Souk, method: str, token: str, **fields: Any) -> str:
    """How it ended: "" or the reason of a refusal that stands. Contention is none."""
    fields["request_id"] = souk.request_id()

    def ended() -> str:
        try:
            souk.call(method, token, **fields)
        except Refused as refused:
            if refused.code in LATER:
                return ""
            assert refused.code == "FAILED_PRECONDITION", refused
            return refused.reason
        return "OK"

    return poll.until(ended, 120, f"{method} answered", every_s=0.1)


def buy(souk: Souk, skus: list[int], seed: int) -> Counter[str]:
    """Reserves most of them, in an order of its own, and ends the hold or leaves that to time."""
    chance, token, ends = random.Random(seed), souk.service(), Counter[str]()
    for _ in range(ROUNDS):
        hold, how = souk.new_id(), chance.choice(("Confirm", "Release", ""))
        lines = [
            {"sku_id": sku, "quantity": chance.randint(1, 2)}
            for sku in chance.sample(skus, chance.randint(4, 8))
        ]
        reserved = ask(
            souk,
            "inventory.ReserveStock",
            token,
            reservation_id=hold,
            order_id=hold,
            hold_ttl_s=600 if how else 1,
            lines=lines,
        )
        ends[reserved] += 1
        if reserved == "OK" and how:
            ends[how + ask(souk, f"inventory.{how}Reservation", token, reservation_id=hold)] += 1
        else:
            sku = chance.choice(skus)
            ask(souk, "inventory.AdjustStock", token, sku_id=sku, delta=1, reason="found")
    return ends


def deadlocks(souk: Souk) -> int:
    status = souk.stack.mariadb.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
    return int(status[0]["Value"] or 0)


def test_buyers_of_the_same_goods_wait_for_each_other_and_never_lose(souk: Souk) -> None:
    skus = [make_sku(souk, on_hand=ON_HAND) for _ in range(SKUS)]
    before = deadlocks(souk)
    with ThreadPoolExecutor(BUYERS) as pool:
        ends = sum(pool.map(lambda seed: buy(souk, skus, seed), range(BUYERS)), Counter[str]())
    assert deadlocks(souk) == before
    assert set(ends) - SHORT == {"OK", "ConfirmOK", "ReleaseOK"}, ends
    assert set(ends) & SHORT, ends
    # At one moment: holds expire beside.
    sums = souk.sql(
        "inventory",
        "SELECT free, held, sold, "
        "(SELECT SUM(free_delta) FROM movement m WHERE m.sku_id = s.sku_id) AS free_sum, "
        "(SELECT SUM(held_delta) FROM movement m WHERE m.sku_id = s.sku_id) AS held_sum, "
        "(SELECT SUM(sold_delta) FROM movement m WHERE m.sku_id = s.sku_id) AS sold_sum, "
        "(SELECT COALESCE(SUM(quantity), 0) FROM reservation_line JOIN reservation "
        "USING (reservation_id) WHERE sku_id = s.sku_id AND status = 1) AS held_lines, "
        "(SELECT COALESCE(SUM(quantity), 0) FROM reservation_line JOIN reservation "
        "USING (reservation_id) WHERE sku_id = s.sku_id AND status = 2) AS sold_lines "
        f"FROM stock s WHERE sku_id IN ({', '.join(map(str, skus))})",
    )
    assert len(sums) == SKUS
    for row in sums:
        assert (row["free"], row["held"], row["sold"]) == (
            row["free_sum"],
            row["held_sum"],
            row["sold_sum"],
        )
        assert (row["held"], row["sold"]) == (row["held_lines"], row["sold_lines"])
