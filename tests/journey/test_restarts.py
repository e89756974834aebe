"""Each service goes down in the middle of a purchase, asked or killed; the purchase completes."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from journey_kit import Market, Stock, insist, opened
from soukdev import names
from soukdev.market.customer import visit
from soukdev.market.goods import Json
from soukdev.service import Service

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


@pytest.mark.timeout(180)
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
    insist(lambda: customer.await_order(order_placed["order_id"], "COMPLETED", timeout_s=30))
    market.await_sent(paying["payment"]["payment_id"], 2)
    assert market.stock(goods) == Stock(3, 0, 2)
    orders = insist(lambda: customer.api.get("/v1/orders")["orders"])
    assert [order["order_id"] for order in orders] == [order_placed["order_id"]]
    assert market.refunds(order_placed) == []
