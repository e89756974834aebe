"""More want it than there is."""

from collections import Counter

from journey_kit import Market, Stock, at_once, insist, refusal
from soukdev.market import Customer
from soukdev.market.goods import Json
from soukdev.refusal import Refused

CROWD, UNITS = 200, 50


def test_the_last_one_is_sold_once_and_the_refusal_says_all(market: Market) -> None:
    goods, first, second = market.goods(on_hand=1), market.customer(), market.customer()
    for customer in (first, second):
        customer.add(goods.line())
    tokens = [customer.quote([goods.line()])["quote_token"] for customer in (first, second)]
    placed = first.place([goods.line()], tokens[0])
    refused = refusal(lambda: second.place([goods.line()], tokens[1]))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "SOLD_OUT")
    assert refused.metadata == {"sku": goods.sku_id, "wanted": "1", "free": "0"}
    [line] = second.cart_fresh()["lines"]
    assert [change["kind"] for change in line["changes"]] == ["CART_CHANGE_KIND_SOLD_OUT"]

    first.cancel(placed["orders"][0]["order_id"])
    market.await_stock(goods, Stock(1, 0, 0))
    # The quote that was refused is still hers.
    bought = second.place([goods.line()], tokens[1])
    second.pay(bought["pay_order"]["pay_order_id"])
    second.await_order(bought["orders"][0]["order_id"], "COMPLETED")
    assert market.stock(goods) == Stock(0, 0, 1)


def test_too_little_is_named_and_nothing_is_held(market: Market) -> None:
    plenty, scarce, customer = market.goods(), market.goods(on_hand=1), market.customer()
    lines = [plenty.line(2), scarce.line(2)]
    refused = refusal(lambda: customer.order(lines))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "INSUFFICIENT_STOCK")
    assert refused.metadata == {"sku": scarce.sku_id, "wanted": "2", "free": "1"}
    market.await_stock(plenty, Stock(10, 0, 0))
    assert market.stock(scarce) == Stock(1, 0, 0)
    assert customer.api.get("/v1/orders")["orders"] == []


def test_two_hundred_at_once_for_fifty(market: Market) -> None:
    goods = market.goods(on_hand=UNITS)
    crowd = [market.customer() for _ in range(CROWD)]
    tokens = at_once(CROWD, lambda i: crowd[i].quote([goods.line()])["quote_token"])

    def order(i: int) -> Json | Refused:
        request_id = market.souk.request_id()
        try:
            return insist(lambda: crowd[i].place([goods.line()], tokens[i], request_id))
        except Refused as refused:
            return refused

    answers = at_once(CROWD, order)
    winners = [i for i, answer in enumerate(answers) if not isinstance(answer, Refused)]
    refusals = Counter(
        (answer.code, answer.reason, tuple(sorted(answer.metadata.items())))
        for answer in answers
        if isinstance(answer, Refused)
    )
    says = (("free", "0"), ("sku", goods.sku_id), ("wanted", "1"))
    assert len(winners) == UNITS
    assert refusals == {("FAILED_PRECONDITION", "SOLD_OUT", says): CROWD - UNITS}
    market.await_stock(goods, Stock(free=0, held=UNITS, sold=0))

    def pay(i: int) -> str:
        customer: Customer = crowd[winners[i]]
        answer = answers[winners[i]]
        assert not isinstance(answer, Refused)
        insist(lambda: customer.pay(answer["pay_order"]["pay_order_id"]))
        return str(answer["orders"][0]["order_id"])

    order_ids = at_once(UNITS, pay)
    assert len(set(order_ids)) == UNITS

    def await_delivery(i: int) -> Json:
        return insist(lambda: crowd[winners[i]].await_order(order_ids[i], "COMPLETED"))

    assert len(at_once(UNITS, await_delivery)) == UNITS
    assert market.stock(goods) == Stock(free=0, held=0, sold=UNITS)
