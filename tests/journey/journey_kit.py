"""A market for a test: goods of its own, customers, and what is left at the end."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import requests
from soukdev import invariants, names
from soukdev.market import Customer, Offer, Sellers
from soukdev.market.goods import Json, sku
from soukdev.market.money import parse
from soukdev.poll import until
from soukdev.refusal import Refused
from soukdev.run_folder import run_folder
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")
DEAL = 1
# Nothing is known about what was asked, so it is asked again under the same id.
_UNKNOWN = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED", "CANCELLED"}

T = TypeVar("T")


@dataclass(frozen=True)
class Stock:
    free: int
    held: int
    sold: int


@dataclass(frozen=True)
class Goods:
    """One SKU on sale."""

    item: Json
    shop_id: int

    @property
    def sku_id(self) -> str:
        return str(self.item["skus"][0]["sku_id"])

    def line(self, quantity: int = 1) -> Json:
        return {
            "item_id": self.item["item_id"],
            "sku_id": self.sku_id,
            "quantity": str(quantity),
        }


class Market:
    """A stack and everybody in it, by the public JSON API."""

    def __init__(self, souk: Souk) -> None:
        self.souk = souk
        self.sellers = Sellers(souk)

    def offer(self, *, on_hand: int = 10, price: str = "12.50 EUR", **more: Any) -> Offer:
        """A voucher by an operator's form, in a shop of its own."""
        code = f"J-{self.souk.new_id()}"
        number = {"number": parse(price)["minor"]}
        draft = {
            "title": f"Voucher {code}",
            "attributes": [
                {"code": "face_value", **number},
                {"code": "valid_days", "number": "30"},
            ],
            "skus": [sku(code, parse(price), on_hand)],
        }
        fields = {"category_id": DEAL, "source": "operator_form", "draft": draft, **more}
        return Offer(shop_id=fields.pop("shop_id", self.souk.new_id()), **fields)

    def goods(self, **more: Any) -> Goods:
        """On sale."""
        offer = self.offer(**more)
        return Goods(self.sellers.item(self.sellers.sell(offer)), offer.shop_id)

    def customer(self) -> Customer:
        return Customer(self.souk)

    def stock(self, goods: Goods) -> Stock:
        stock = self.sellers.operator.get(f"/v1/stock/{goods.sku_id}")["stock"]
        return Stock(int(stock["free"]), int(stock["held"]), int(stock["sold"]))

    def await_stock(self, goods: Goods, wanted: Stock) -> None:
        until(lambda: self.stock(goods) == wanted, 60, f"stock {wanted}", every_s=0.05)

    def sent(self, payment_id: str) -> list[Json]:
        """What the provider told of a payment, and what it was answered."""
        assert self.souk.stack.payments
        url = f"{self.souk.stack.payments.url}/sent"
        log: list[Json] = requests.get(url, {"payment_id": payment_id}, timeout=10).json()["sent"]
        return log

    def await_sent(self, payment_id: str, tellings: int) -> list[Json]:
        """Every attempt, once so many tellings are answered or given up."""

        def over() -> bool:
            return len([one for one in self.sent(payment_id) if one["last"]]) == tellings

        until(over, 60, f"{tellings} tellings of payment {payment_id}", every_s=0.05)
        return self.sent(payment_id)

    def refunds(self, order: Json) -> list[int]:
        """What is to be paid back for an order, by the database: no call shows it yet."""
        rows = self.souk.sql(
            "order", f"SELECT amount_minor FROM refund WHERE order_id = {int(order['order_id'])}"
        )
        return [int(row["amount_minor"]) for row in rows]


def refusal(call: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value


def reason(call: Callable[[], Any]) -> str:
    refused = refusal(call)
    return f"{refused.code} {refused.reason}"


def insist(call: Callable[[], T], timeout_s: float = 90) -> T:
    """Asks until it is known how it ended. The call must bring its request_id along."""

    def known() -> tuple[T] | None:
        try:
            return (call(),)
        except requests.ConnectionError:
            return None
        except Refused as refused:
            if refused.code not in _UNKNOWN:
                raise
            return None

    return until(known, timeout_s, "an answer", every_s=0.1)[0]


def at_once(count: int, action: Callable[[int], T]) -> list[T]:
    """Everybody in a thread of his own."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(action, range(count)))


def status_of(order: Json) -> str:
    return str(order["status"]).removeprefix("ORDER_STATUS_")


@contextmanager
def opened(
    name: str,
    mode: str = MODE,
    settings: Mapping[str, Mapping[str, str]] | None = None,
    collector: tuple[str, int] | None = None,
) -> Iterator[Market]:
    """A market of one's own. At the end everything that must hold does, and services end well."""
    stack = Stack(
        run_folder("journey") / name,
        names.CONTEXTS,
        mode=mode,
        settings=settings,
        collector=collector,
    )
    well = False
    try:
        stack.up()
        yield Market(Souk(stack, patience_s=60))
        assert_all_holds(stack)
        assert_services_end_well(stack)
        well = True
    finally:
        stack.down()
        if well:
            stack.destroy()


def assert_all_holds(stack: Stack) -> None:
    broken = [result for result in invariants.check(stack, wait_s=60) if result.breach]
    assert not broken, "\n".join(f"{result.name}\n{result.breach}" for result in broken)


def assert_services_end_well(stack: Stack) -> None:
    for service in stack.services.values():
        service.terminate()
        said = service.log.read_text(errors="replace")
        complaint = said.find("Sanitizer") if "Sanitizer" in said else said.find("runtime error:")
        assert complaint < 0, f"{service.name}: {said[complaint - 200 : complaint + 4000]}"
        assert service.exit_code == 0, f"{service.name} ended with {service.exit_code}"
