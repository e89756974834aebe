"""Steps: a cart, a quote, an order, its payment."""

from dataclasses import dataclass

from soukdev.market import Customer
from soukdev.market.customer import visit
from soukdev.market.goods import Json
from soukdev.market.money import show
from soukdev.poll import until

from soukdemo.expect import expect
from soukdemo.world import Stock, World

BASKET = {"SKU001": 2, "RB-BUND-SUITE": 1}
_TOTAL = "1780.00 CNY"


@dataclass(frozen=True)
class Bought:
    """What the customer ordered, and the stock of it on the way."""

    lines: list[Json]
    orders: list[Json]
    pay_order: Json
    payment_id: str
    before: list[Stock]


def fill_cart(world: World, customer: Customer) -> list[Json]:
    """Two vouchers and a room, of two shops."""
    lines = [world.line(code, quantity) for code, quantity in BASKET.items()]
    for line in lines:
        customer.add(line)
    cart = customer.cart_fresh()
    world.narrator.ask("POST /v1/cart/lines, GET /v1/cart")
    world.narrator.rows(
        [
            (f"{line['line']['quantity']} x {line['item_title']}", show(line["total"]))
            for line in cart["lines"]
        ],
        "<>",
    )
    expect("the cart's total", show(cart["selected_total"]), _TOTAL)
    return lines


def quote(world: World, customer: Customer, lines: list[Json]) -> Json:
    """What it costs, in signed bytes that bind both sides."""
    quoted = customer.quote(lines)
    world.narrator.ask("POST /v1/quotes")
    world.narrator.say(
        f"{show(quoted['quote']['total'])}, good until"
        f" {quoted['quote']['expire_time'][11:19]} UTC whatever prices do meanwhile. Nothing is"
        f" stored: the {len(quoted['quote_token'])} characters of the token say it all."
    )
    expect("the quote's total", show(quoted["quote"]["total"]), _TOTAL)
    return quoted


def order(world: World, customer: Customer, lines: list[Json], quoted: Json) -> Bought:
    """One order a shop, under one pay order; the stock is held."""
    before = world.stocks(lines)
    placed = customer.place(lines, quoted["quote_token"])
    world.narrator.ask("POST /v1/orders")
    rows = [
        (
            f"order {one['order_no']}",
            f"from {world.catalogue.shops[int(one['shop_id'])]}",
            show(one["total"]),
        )
        for one in placed["orders"]
    ]
    world.narrator.rows(rows, "<<>")
    world.narrator.say(
        f"The stock is his until {placed['pay_order']['pay_by'][11:19]} UTC, unless he pays first."
    )
    expect("one order a shop", len(placed["orders"]), len(BASKET))
    for one in placed["orders"]:
        expect("the order's status", status_of(one), "PENDING_PAYMENT")
        expect("its payment", one["payment_status"], "PAYMENT_STATUS_UNPAID")
    expect("to be paid", show(placed["pay_order"]["total"]), _TOTAL)
    held = [
        stock.after_hold(int(line["quantity"])) for stock, line in zip(before, lines, strict=True)
    ]
    expect("stock when it is held", world.stocks(lines), held)
    until(lambda: not customer.cart()["lines"], 30, "an empty cart")
    return Bought(lines, placed["orders"], placed["pay_order"], "", before)


def pay(world: World, customer: Customer, bought: Bought) -> Bought:
    """At the provider, who calls back; then everything is delivered at once."""
    started = customer.start_payment(bought.pay_order["pay_order_id"])
    payment = started["payment"]
    expect("to be paid by this payment", show(payment["amount"]), _TOTAL)
    world.narrator.ask("POST /v1/payments, then to the provider's page")
    visit(started["payment_url"])
    world.narrator.ask("POST /v1/payments/sandbox/callback, from the provider, signed")
    done = [customer.await_order(one["order_id"], "COMPLETED") for one in bought.orders]
    for one in done:
        expect("the order's payment", one["payment_status"], "PAYMENT_STATUS_PAID")
        expect("its delivery", one["fulfilment_status"], "FULFILMENT_STATUS_DELIVERED")
        expect("its refund", one["refund_status"], "REFUND_STATUS_NONE")
    paid = customer.get_payment(payment["payment_id"])
    expect("the payment's status", paid["status"], "PAYMENT_STATUS_PAID")
    _show_stock(world, bought)
    return Bought(bought.lines, done, bought.pay_order, payment["payment_id"], bought.before)


def show_history(world: World, customer: Customer, bought: Bought) -> None:
    """Four machines, each change with who and why."""
    one = bought.orders[0]
    changes = customer.history(one["order_id"])
    world.narrator.ask(f"GET /v1/orders/{one['order_id']}/history")
    rows = [
        (
            change["change_time"][11:23],
            change["machine"],
            f"{change['from_status']} > {change['to_status']}",
            change["changed_by"],
        )
        for change in changes
    ]
    world.narrator.rows(rows, "<<<<")
    ends = {change["machine"]: change["to_status"] for change in changes}
    wanted = {"order": "COMPLETED", "payment": "PAID", "fulfilment": "DELIVERED"}
    expect("where the history ends", ends, wanted)


def status_of(one: Json) -> str:
    """PENDING_PAYMENT"""
    return str(one["status"]).removeprefix("ORDER_STATUS_")


def _show_stock(world: World, bought: Bought) -> None:
    after = world.stocks(bought.lines)
    quantities = [int(line["quantity"]) for line in bought.lines]
    held = [stock.after_hold(n) for stock, n in zip(bought.before, quantities, strict=True)]
    wanted = [stock.after_sale(n) for stock, n in zip(held, quantities, strict=True)]
    expect("stock when it is sold", after, wanted)
    rows = [("stock (free, held, sold)", "before", "ordered", "paid")]
    for code, *stocks in zip(BASKET, bought.before, held, after, strict=True):
        before, ordered, paid = (f"{one.free} {one.held} {one.sold}" for one in stocks)
        rows.append((world.title(code), before, ordered, paid))
    world.narrator.rows(rows, "<>>>", head=True)
