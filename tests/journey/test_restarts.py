"""Each service goes down in the middle of a purchase, asked or killed; the purchase completes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from journey_kit import Market, Stock, insist, opened
from soukdev import names
from soukdev.market import Customer
from soukdev.market.customer import visit
from soukdev.market.goods import Json
from soukdev.service import Service

MOMENTS_MS = range(0, 36, 3)
# A process that is gone has lost its sagas after a second instead of ten.
QUICK = {context: {"SOUK_LEASE_MS": "1000"} for context in names.CONTEXTS}


@pytest.fixture(scope="module")
def shaken() -> Iterator[Market]:
    with opened("shaken", settings=QUICK) as market:
        yield market


def fall(service: Service, *, how: str) -> None:
    """Goes down, and comes back."""
    if how == "TERM":
        service.terminate()
        assert service.exit_code == 0
    else:
        service.kill9()
    service.start()


def order_ids_of(customer: Customer) -> list[str]:
    orders = insist(lambda: customer.api.get("/v1/orders")["orders"])
    return [order["order_id"] for order in orders]


@pytest.mark.parametrize("how", ["TERM", "KILL"])
@pytest.mark.parametrize("context", names.CONTEXTS)
def test_a_purchase_survives_it(shaken: Market, context: str, how: str) -> None:
    market, service = shaken, shaken.souk.stack.services[context]
    goods, customer = market.goods(on_hand=5), market.customer()
    customer.add(goods.line(2))
    token = customer.quote([goods.line(2)])["quote_token"]
    request_id = market.souk.request_id()
    payment_id = market.souk.request_id()

    with ThreadPoolExecutor(1) as pool:
        started = threading.Event()

        def order() -> Json:
            started.set()
            return insist(lambda: customer.place([goods.line(2)], token, request_id))

        answer = pool.submit(order)
        started.wait()
        fall(service, how=how)
        placed = answer.result()
    assert placed == insist(lambda: customer.place([goods.line(2)], token, request_id))
    market.await_stock(goods, Stock(3, 2, 0))

    [order_placed] = placed["orders"]
    pay_order_id = order_placed["pay_order_id"]
    paying = insist(
        lambda: customer.api.post(
            "/v1/payments", request_id=payment_id, pay_order_id=pay_order_id, method="card"
        )
    )
    visit(paying["payment_url"], times=2, attempts=20)
    fall(service, how=how)
    insist(lambda: customer.await_order(order_placed["order_id"], "COMPLETED"))
    market.await_sent(paying["payment"]["payment_id"], 2)
    assert market.stock(goods) == Stock(3, 0, 2)
    assert order_ids_of(customer) == [order_placed["order_id"]]
    assert market.refunds(order_placed) == []


@pytest.mark.parametrize("context", ["order", "inventory", "pricing"])
def test_killed_at_any_moment_of_an_order(shaken: Market, context: str) -> None:
    """From before the request arrives to after it was answered, in steps of 3 ms."""
    market, service = shaken, shaken.souk.stack.services[context]
    goods = market.goods(on_hand=100)
    customers = [market.customer() for _ in MOMENTS_MS]
    tokens = [customer.quote([goods.line()])["quote_token"] for customer in customers]
    request_ids = [market.souk.request_id() for _ in MOMENTS_MS]

    def order(i: int) -> Json:
        return insist(lambda: customers[i].place([goods.line()], tokens[i], request_ids[i]))

    placed = []
    for i, moment_ms in enumerate(MOMENTS_MS):
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(order, i)
            time.sleep(moment_ms / 1000)
            fall(service, how="KILL")
            placed.append(answer.result())
        assert order(i) == placed[i]
    count = len(MOMENTS_MS)
    market.await_stock(goods, Stock(100 - count, count, 0))
    for customer, answered in zip(customers, placed, strict=True):
        assert order_ids_of(customer) == [one["order_id"] for one in answered["orders"]]
