"""Step: somebody comes too late."""

from soukdev.market import Customer
from soukdev.market.goods import Json
from soukdev.refusal import Refused

from soukdemo.expect import Broken, expect
from soukdemo.world import World

LAST = "RB-BUND-SUITE"


def want_the_last(world: World, customer: Customer) -> tuple[list[Json], str]:
    """Puts the last one into her cart while it is there; the lines and their quote."""
    lines = [world.line(LAST, 1)]
    customer.add(lines[0])
    return lines, customer.quote(lines)["quote_token"]


def refuse(world: World, customer: Customer, lines: list[Json], quote_token: str) -> None:
    """The refusal says why, of what, how many were wanted and how many there are."""
    stock = world.stocks(lines)
    refused = _place(customer, lines, quote_token)
    world.narrator.ask("POST /v1/orders")
    rows = [("refused with", f"{refused.code} {refused.reason}")]
    rows += [(name, value) for name, value in sorted(refused.metadata.items())]
    world.narrator.rows(rows, "<<")
    expect("the code", refused.code, "FAILED_PRECONDITION")
    expect("the reason", refused.reason, "SOLD_OUT")
    wanted = {"sku": lines[0]["sku_id"], "wanted": "1", "free": "0"}
    expect("what it says", dict(refused.metadata), wanted)
    expect("her orders", customer.api.get("/v1/orders")["orders"], [])
    expect("the stock", world.stocks(lines), stock)
    [line] = customer.cart_fresh()["lines"]
    changes = [change["kind"].removeprefix("CART_CHANGE_KIND_") for change in line["changes"]]
    expect("what her cart says of it", changes, ["SOLD_OUT"])


def _place(customer: Customer, lines: list[Json], quote_token: str) -> Refused:
    try:
        customer.place(lines, quote_token)
    except Refused as refused:
        return refused
    raise Broken("the last one was sold twice")
