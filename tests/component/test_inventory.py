"""svc-inventory through its RPCs."""

import pytest
from soukdev import poll
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


def test_a_hold_that_is_confirmed_is_sold_once(souk: Souk) -> None:
    sku = make_sku(souk, on_hand=10)
    hold = souk.new_id()
    for _ in range(2):
        souk.mutate(
            "inventory.ReserveStock",
            souk.service(),
            reservation_id=hold,
            order_id=hold,
            lines=[{"sku_id": sku, "quantity": 3}],
        )
    for _ in range(2):
        souk.mutate("inventory.ConfirmReservation", souk.service(), reservation_id=hold)
    stock = souk.call("inventory.GetStock", souk.operator(), sku_id=sku).stock
    assert (stock.free, stock.held, stock.sold, stock.on_hand) == (7, 0, 3, 7)


def test_a_shortage_names_the_sku_and_holds_nothing(souk: Souk) -> None:
    plenty, scarce = make_sku(souk, 10), make_sku(souk, 1)
    with pytest.raises(Refused) as refused:
        souk.mutate(
            "inventory.ReserveStock",
            souk.service(),
            reservation_id=souk.new_id(),
            order_id=1,
            lines=[{"sku_id": plenty, "quantity": 2}, {"sku_id": scarce, "quantity": 2}],
        )
    assert refused.value.code == "FAILED_PRECONDITION"
    assert refused.value.reason == "INSUFFICIENT_STOCK"
    assert refused.value.metadata == {"sku": str(scarce), "wanted": "2", "free": "1"}
    assert souk.call("inventory.GetStock", souk.operator(), sku_id=plenty).stock.held == 0


def test_a_hold_that_cannot_expire_holds_up_no_other(souk: Souk) -> None:
    damaged, sound = make_sku(souk), make_sku(souk)
    for sku in (damaged, sound):
        souk.mutate(
            "inventory.ReserveStock",
            souk.service(),
            reservation_id=sku,
            order_id=sku,
            lines=[{"sku_id": sku, "quantity": 2}],
            hold_ttl_s=1,
        )
        souk.sql("inventory", f"UPDATE stock SET held = 0 WHERE sku_id = {damaged}")
    try:
        poll.until(lambda: free_of(souk, sound) == 10, 10, "the sound hold expired")
        assert free_of(souk, damaged) == 8
    finally:
        souk.sql("inventory", f"UPDATE stock SET held = 2 WHERE sku_id = {damaged}")
    poll.until(lambda: free_of(souk, damaged) == 10, 10, "the mended hold expired")
