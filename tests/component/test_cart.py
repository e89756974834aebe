"""svc-cart through its RPCs, with its peers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from listing_kit import draft_of, item_of, publish, sku
from refusals import at_once, refusal, why
from soukdev import poll
from soukdev.goods import Goods, put_on_sale
from soukdev.grpc_client import GrpcClient
from soukdev.refusal import Refused
from soukdev.service import Service
from soukdev.souk import Souk

PRICE, LOW_STOCK, SOLD_OUT, NOT_ONLINE = 1, 2, 3, 4
MISMATCH = "ABORTED VERSION_MISMATCH"
LINE_UNKNOWN = "NOT_FOUND LINE_UNKNOWN"


class Buyer:
    """A customer and his cart."""

    def __init__(self, souk: Souk, client: GrpcClient | None = None) -> None:
        self.souk = souk
        self.client = client or souk.client("cart")
        self.user_id = souk.new_id()
        self.token = souk.customer(self.user_id)

    def call(self, method: str, **fields: Any) -> Any:
        return self.client.call(f"cart.{method}", self.token, **fields)

    def mutate(self, method: str, **fields: Any) -> Any:
        fields.setdefault("request_id", self.souk.request_id())
        return self.call(method, **fields)

    def add(self, goods: Goods, quantity: int = 1, **more: Any) -> Any:
        return self.mutate("AddItem", **{**goods.line(quantity), **more}).cart

    def update(self, goods: Goods, quantity: int, version: int, **more: Any) -> Any:
        fields = {"sku_id": goods.sku_id, "quantity": quantity, "version": version, **more}
        return self.mutate("UpdateItem", **fields).cart

    def remove(self, goods: Goods, version: int, **more: Any) -> Any:
        return self.mutate("RemoveItem", sku_id=goods.sku_id, version=version, **more).cart

    def select(self, version: int, *goods: Goods, **more: Any) -> Any:
        skus = [g.sku_id for g in goods]
        return self.mutate("SelectItems", sku_ids=skus, version=version, **more).cart

    def clear(self, *goods: Goods, **more: Any) -> None:
        self.mutate("ClearCart", sku_ids=[g.sku_id for g in goods], **more)

    def cart(self) -> Any:
        """With all that peers know, however busy the machine is."""
        return self.cart_without()

    def cart_without(self, *missing: str, timeout_s: float | None = None) -> Any:
        """Once no others than these are missing; a busy machine makes any peer late."""

        def look() -> Any:
            try:
                cart = self.call("GetCart", timeout_s=timeout_s)
            except Refused as refused:
                if refused.code != "DEADLINE_EXCEEDED":
                    raise
                return None
            return cart if tuple(cart.missing) == missing else None

        return poll.until(look, 60, f"a cart without {missing or 'nothing'}")

    def quantities(self) -> dict[int, int]:
        return {line.line.sku_id: line.line.quantity for line in self.cart().lines}


@pytest.fixture
def buyer(souk: Souk) -> Buyer:
    return Buyer(souk)


@pytest.fixture(scope="module")
def tea(souk: Souk) -> Goods:
    return put_on_sale(souk, on_hand=100_000, price_minor=500, title="Tea")


@pytest.fixture(scope="module")
def cake(souk: Souk) -> Goods:
    return put_on_sale(souk, on_hand=100_000, price_minor=300, title="Cake")


CartWith = Callable[..., AbstractContextManager[GrpcClient]]


@pytest.fixture
def cart_with(souk: Souk, tmp_path: Path) -> CartWith:
    """Another svc-cart on the same database, that finds peers where it is told."""

    @contextmanager
    def run(
        enrich_timeout_ms: int = 300, patience_s: float = 0, **peers: str
    ) -> Iterator[GrpcClient]:
        usual = souk.stack.services["cart"]
        told = {f"SOUK_PEER_{name.upper()}": target for name, target in peers.items()}
        told["SOUK_ENRICH_TIMEOUT_MS"] = str(enrich_timeout_ms)
        told["SOUK_DRAIN_GRACE_MS"] = "300000"  # who waits it out is killed
        environment = {**usual.settings, **told}
        service = Service(tmp_path / "svc-cart", binary=usual.binary, environment=environment)
        service.start()
        client = GrpcClient(souk.contracts, service.address, patience_s)
        try:
            yield client
        finally:
            client.close()
            service.stop()
            assert service.exit_code == 0

    return run


@contextmanager
def mute_peer() -> Iterator[str]:
    """The address of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"ipv4:127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(params=["away", "mute"])
def silent(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of nobody, or of somebody who says nothing."""
    with mute_peer() if request.param == "mute" else closed_port() as address:
        yield address


@contextmanager
def closed_port() -> Iterator[str]:
    """An address where nobody listens, nor can."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"ipv4:127.0.0.1:{holder.getsockname()[1]}"


def set_price(souk: Souk, goods: Goods, minor: int, currency: str = "EUR") -> None:
    (price,) = souk.call("pricing.BatchGetPrices", sku_ids=[goods.sku_id]).prices
    souk.mutate(
        "pricing.SetPrice",
        souk.operator(),
        sku_id=goods.sku_id,
        kind="PRICE_KIND_BASE",
        amount={"currency": currency, "minor": minor},
        version=price.version,
    )


def take_off_sale(souk: Souk, goods: Goods) -> None:
    item = souk.call("listing.GetItem", souk.operator(), item_id=goods.item_id).item
    souk.mutate(
        "listing.ChangeItemStatus",
        souk.operator(),
        item_id=goods.item_id,
        status="ITEM_STATUS_OFFLINE",
        version=item.version,
    )


def take_stock(souk: Souk, goods: Goods, quantity: int) -> None:
    souk.mutate(
        "inventory.AdjustStock",
        souk.operator(),
        sku_id=goods.sku_id,
        delta=-quantity,
        reason="test",
    )


def changes(line: Any) -> list[int]:
    return [change.kind for change in line.changes]


def test_what_is_put_in_is_shown_as_it_would_be_bought(
    buyer: Buyer, tea: Goods, cake: Goods
) -> None:
    buyer.add(tea, 2)
    cart = buyer.add(cake)
    assert (cart.user_id, cart.version) == (buyer.user_id, 2)
    shown = buyer.cart()
    first, second = shown.lines
    assert (first.item_title, first.sku_title, first.shop_id) == ("Tea", "Tea", tea.shop_id)
    assert (first.price.minor, first.total.minor, first.price.currency) == (500, 1000, "EUR")
    assert (first.line.quantity, first.line.selected) == (2, True)
    assert first.line.HasField("add_time")
    assert first.free >= 1000
    assert (second.item_title, second.total.minor) == ("Cake", 300)
    assert [changes(line) for line in shown.lines] == [[], []]
    assert (shown.version, shown.selected_total.minor, shown.partial) == (2, 1300, False)
    assert list(shown.missing) == []


def test_who_never_put_anything_in_has_an_empty_cart(buyer: Buyer) -> None:
    cart = buyer.cart()
    assert (list(cart.lines), cart.version, cart.partial) == ([], 0, False)
    assert not cart.HasField("selected_total")


def test_more_of_a_sku_is_one_line_in_its_old_place(buyer: Buyer, tea: Goods, cake: Goods) -> None:
    buyer.add(tea, 2)
    buyer.add(cake)
    cart = buyer.add(tea, 3)
    assert [(line.sku_id, line.quantity) for line in cart.lines] == [
        (tea.sku_id, 5),
        (cake.sku_id, 1),
    ]
    assert cart.version == 3


def test_adding_selects_the_line(buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea)
    assert not buyer.select(1).lines[0].selected
    assert buyer.add(tea).lines[0].selected


def test_what_is_not_sold_is_not_put_in(souk: Souk, buyer: Buyer, tea: Goods, cake: Goods) -> None:
    assert why(buyer.add, tea, item_id=souk.new_id()) == "NOT_FOUND ITEM_UNKNOWN"
    assert why(buyer.add, tea, sku_id=cake.sku_id) == "NOT_FOUND SKU_UNKNOWN"
    gone = put_on_sale(souk)
    take_off_sale(souk, gone)
    assert why(buyer.add, gone) == "FAILED_PRECONDITION ITEM_NOT_ONLINE"
    assert buyer.cart().version == 0


def test_a_line_has_at_most_ten_thousand(buyer: Buyer, tea: Goods) -> None:
    for quantity in (0, -1, 10001):
        assert list(refusal(buyer.add, tea, quantity).fields) == ["quantity"]
    buyer.add(tea, 9999)
    assert why(buyer.add, tea, 2) == "FAILED_PRECONDITION QUANTITY_TOO_LARGE"
    assert buyer.add(tea, 1).lines[0].quantity == 10000


def fill(souk: Souk, buyer: Buyer, count: int) -> None:
    """Puts lines in that no RPC made: 200 items on sale take their time."""
    lines = ", ".join(
        f"({buyer.user_id}, {souk.new_id()}, 1, 1, 1, 'EUR', 5, {n + 1}, UTC_TIMESTAMP(6))"
        for n in range(count)
    )
    souk.sql(
        "cart",
        f"INSERT INTO cart VALUES ({buyer.user_id}, {count}, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6));"
        "INSERT INTO cart_line (user_id, sku_id, item_id, quantity, selected, currency,"
        f" price_minor, position, added_at) VALUES {lines}",
    )


def test_a_cart_has_at_most_two_hundred_lines(
    souk: Souk, buyer: Buyer, tea: Goods, cake: Goods
) -> None:
    fill(souk, buyer, 199)
    cart = buyer.add(tea)
    assert (len(cart.lines), cart.lines[199].sku_id) == (200, tea.sku_id)
    assert why(buyer.add, cake) == "FAILED_PRECONDITION CART_FULL"
    assert buyer.add(tea).lines[199].quantity == 2
    shown = buyer.cart()
    assert len(shown.lines) == 200
    assert shown.lines[199].total.minor == 1000
    assert changes(shown.lines[0]) == [SOLD_OUT, NOT_ONLINE]
    assert shown.selected_total.minor == 1000
    buyer.clear()
    assert buyer.cart().version == 202


def test_a_cart_of_large_items_is_shown(souk: Souk, buyer: Buyer) -> None:
    # Together more than svc-listing answers at once.
    stores = {"code": "applicable_stores", "json": '["' + "店" * 7900 + '"]'}
    draft = draft_of("deal", skus=[sku(f"S{i}", 1, stores) for i in range(2)])
    for _ in range(70):
        item = item_of(souk, publish(souk, "deal", draft=draft))
        buyer.mutate("AddItem", item_id=item.item_id, sku_id=item.skus[0].sku_id, quantity=1)
    shown = buyer.cart()
    assert list(shown.missing) == []
    assert [line.item_title for line in shown.lines] == [draft["title"]] * 70


def test_the_same_request_again_adds_nothing(buyer: Buyer, tea: Goods) -> None:
    request: dict[str, Any] = {"request_id": buyer.souk.request_id()}
    first = buyer.add(tea, 2, **request)
    assert buyer.add(tea, 2, **request) == first
    assert buyer.quantities() == {tea.sku_id: 2}
    assert why(buyer.add, tea, 3, **request) == "INVALID_ARGUMENT REQUEST_ID_REUSED"


def test_the_same_request_ten_times_at_once_adds_once(buyer: Buyer, tea: Goods) -> None:
    request_id = buyer.souk.request_id()
    answers = at_once(10, lambda _: buyer.add(tea, 2, request_id=request_id))
    assert answers == [answers[0]] * 10
    assert answers[0].version == 1
    assert buyer.quantities() == {tea.sku_id: 2}


def test_an_answer_is_repeated_when_the_item_has_gone(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk)
    request: dict[str, Any] = {"request_id": souk.request_id()}
    first = buyer.add(goods, **request)
    take_off_sale(souk, goods)
    assert buyer.add(goods, **request) == first


def test_ten_who_add_at_once_to_a_new_cart_all_succeed(buyer: Buyer, tea: Goods) -> None:
    answers = at_once(10, lambda _: buyer.add(tea))
    assert [a for a in answers if isinstance(a, Refused)] == []
    assert sorted(answer.version for answer in answers) == list(range(1, 11))
    assert buyer.quantities() == {tea.sku_id: 10}


def test_carts_are_apart(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    other = Buyer(souk)
    buyer.add(tea, 2)
    other.add(tea, 3)
    assert buyer.quantities() == {tea.sku_id: 2}
    assert other.quantities() == {tea.sku_id: 3}


def test_a_quantity_is_set_under_the_version(buyer: Buyer, tea: Goods, cake: Goods) -> None:
    buyer.add(tea, 2)
    cart = buyer.update(tea, 7, 1)
    assert (cart.version, cart.lines[0].quantity) == (2, 7)
    assert why(buyer.update, tea, 8, 1) == MISMATCH
    assert why(buyer.update, cake, 1, 2) == LINE_UNKNOWN
    assert buyer.update(tea, 7, 2).version == 2  # nothing changed
    for quantity in (0, 10001):
        assert list(refusal(buyer.update, tea, quantity, 2).fields) == ["quantity"]


def test_an_update_again_is_the_same_and_with_another_body_refused(
    buyer: Buyer, tea: Goods
) -> None:
    buyer.add(tea)
    request: dict[str, Any] = {"request_id": buyer.souk.request_id()}
    answers = at_once(10, lambda _: buyer.update(tea, 5, 1, **request))
    assert answers == [answers[0]] * 10
    assert answers[0].version == 2
    assert why(buyer.update, tea, 6, 1, **request) == "INVALID_ARGUMENT REQUEST_ID_REUSED"


def test_of_ten_who_saw_the_same_version_one_wins(buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea)
    answers = at_once(10, lambda i: buyer.update(tea, 100 + i, 1))
    won = [answer for answer in answers if not isinstance(answer, Refused)]
    assert len(won) == 1
    assert {a.reason for a in answers if isinstance(a, Refused)} == {"VERSION_MISMATCH"}
    assert buyer.quantities() == {tea.sku_id: won[0].lines[0].quantity}


def test_a_cart_that_is_not_there_has_no_version_to_change(buyer: Buyer, tea: Goods) -> None:
    assert why(buyer.update, tea, 1, 1) == MISMATCH
    assert why(buyer.remove, tea, 1) == MISMATCH
    assert why(buyer.select, 1) == MISMATCH


def test_a_line_is_taken_out_and_a_version_never_comes_again(
    buyer: Buyer, tea: Goods, cake: Goods
) -> None:
    buyer.add(tea)
    buyer.add(cake)
    request: dict[str, Any] = {"request_id": buyer.souk.request_id()}
    cart = buyer.remove(tea, 2, **request)
    assert [line.sku_id for line in cart.lines] == [cake.sku_id]
    assert cart.version == 3
    assert buyer.remove(tea, 2, **request) == cart
    assert why(buyer.remove, cake, 2) == MISMATCH
    assert buyer.remove(tea, 3).version == 3  # it is not there, which is fine
    assert buyer.remove(cake, 3).version == 4
    assert buyer.add(tea).version == 5


def test_exactly_the_named_lines_are_selected(
    souk: Souk, buyer: Buyer, tea: Goods, cake: Goods
) -> None:
    buyer.add(tea, 2)
    buyer.add(cake)
    request: dict[str, Any] = {"request_id": souk.request_id()}
    cart = buyer.select(2, cake, **request)
    assert [line.selected for line in cart.lines] == [False, True]
    assert buyer.select(2, cake, **request) == cart
    assert buyer.cart().selected_total.minor == 300
    assert why(buyer.select, 2, tea) == MISMATCH
    stranger = Goods(1, souk.new_id(), 1, 1)
    assert why(buyer.select, 3, tea, stranger) == LINE_UNKNOWN
    assert [line.selected for line in buyer.select(3).lines] == [False, False]
    assert not buyer.cart().HasField("selected_total")


def test_no_more_lines_are_named_than_a_cart_has(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea)
    many = [Goods(1, souk.new_id(), 1, 1) for _ in range(201)]
    for call in (lambda: buyer.select(1, *many), lambda: buyer.clear(*many)):
        refused = refusal(call)
        assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["sku_ids"])
    assert buyer.cart().version == 1


def test_a_customer_clears_all_or_some(buyer: Buyer, tea: Goods, cake: Goods) -> None:
    buyer.add(tea)
    buyer.add(cake)
    buyer.clear(tea, Goods(1, buyer.souk.new_id(), 1, 1))
    assert buyer.quantities() == {cake.sku_id: 1}
    buyer.clear()
    buyer.clear()
    assert (buyer.quantities(), buyer.cart().version) == ({}, 4)


def test_clearing_again_leaves_what_was_put_in_since(buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea)
    request: dict[str, Any] = {"request_id": buyer.souk.request_id()}
    buyer.clear(**request)
    buyer.add(tea, 4)
    buyer.clear(**request)
    assert buyer.quantities() == {tea.sku_id: 4}
    assert why(buyer.clear, tea, **request) == "INVALID_ARGUMENT REQUEST_ID_REUSED"


def test_a_service_clears_the_cart_that_it_names(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea)
    refused = refusal(souk.mutate, "cart.ClearCart", souk.service())
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["user_id"])
    souk.mutate("cart.ClearCart", souk.service(), user_id=buyer.user_id, sku_ids=[tea.sku_id])
    assert buyer.quantities() == {}


def test_a_customer_clears_his_own_cart_only(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea)
    other = Buyer(souk)
    refused = refusal(other.clear, user_id=buyer.user_id)
    assert (refused.reason, list(refused.fields)) == ("INVALID_FIELD", ["user_id"])
    assert buyer.quantities() == {tea.sku_id: 1}
    buyer.clear(user_id=buyer.user_id)
    assert buyer.quantities() == {}


def test_only_customers_have_carts(souk: Souk, tea: Goods) -> None:
    for token in (souk.operator(), souk.merchant(5), souk.service()):
        assert why(souk.call, "cart.GetCart", token) == "PERMISSION_DENIED ROLE_NOT_ALLOWED"
        assert why(souk.mutate, "cart.AddItem", token, **tea.line()) == (
            "PERMISSION_DENIED ROLE_NOT_ALLOWED"
        )
    assert why(souk.call, "cart.GetCart") == "UNAUTHENTICATED UNAUTHENTICATED"


def test_a_changed_price_is_told_until_it_is_put_in_again(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, price_minor=1000)
    buyer.add(goods, 2)
    set_price(souk, goods, 1200)
    (line,) = buyer.cart().lines
    (change,) = line.changes
    assert (change.kind, change.old_price.minor, change.new_price.minor) == (PRICE, 1000, 1200)
    assert line.total.minor == 2400
    buyer.add(goods)
    assert changes(buyer.cart().lines[0]) == []


def test_stock_that_runs_low_and_out_is_told(souk: Souk, buyer: Buyer) -> None:
    goods = put_on_sale(souk, on_hand=5, price_minor=100)
    buyer.add(goods, 3)
    assert changes(buyer.cart().lines[0]) == []
    take_stock(souk, goods, 3)
    (line,) = buyer.cart().lines
    assert [(change.kind, change.free) for change in line.changes] == [(LOW_STOCK, 2)]
    assert (line.free, buyer.cart().selected_total.minor) == (2, 300)
    take_stock(souk, goods, 2)
    shown = buyer.cart()
    assert (changes(shown.lines[0]), shown.lines[0].free) == ([SOLD_OUT], 0)
    assert not shown.HasField("selected_total")


def test_what_never_runs_out_says_so(souk: Souk, buyer: Buyer) -> None:
    buyer.add(put_on_sale(souk, unlimited=True), 9000)
    (line,) = buyer.cart().lines
    assert (line.free, changes(line)) == (-1, [])


def test_what_went_off_sale_is_told_and_not_counted(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    goods = put_on_sale(souk, price_minor=700)
    buyer.add(goods)
    buyer.add(tea)
    take_off_sale(souk, goods)
    shown = buyer.cart()
    assert [changes(line) for line in shown.lines] == [[NOT_ONLINE], []]
    assert shown.lines[0].item_title == "Coffee voucher"
    assert shown.selected_total.minor == tea.price_minor


def test_two_currencies_have_no_total(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    yen = put_on_sale(souk, price_minor=1000, currency="JPY")
    buyer.add(yen)
    buyer.add(tea)
    assert not buyer.cart().HasField("selected_total")
    buyer.select(2, yen)
    assert buyer.cart().selected_total.currency == "JPY"


@pytest.mark.parametrize("peer", ["listing", "pricing", "inventory"])
def test_a_peer_that_does_not_answer_is_left_out(
    buyer: Buyer, tea: Goods, cart_with: CartWith, silent: str, peer: str
) -> None:
    buyer.add(tea, 2)
    with cart_with(**{peer: silent}) as buyer.client:
        cart = buyer.cart_without(peer, timeout_s=0.9)
    assert cart.partial
    (line,) = cart.lines
    assert line.item_title == ("" if peer == "listing" else "Tea")
    assert line.HasField("price") == (peer != "pricing")
    assert cart.HasField("selected_total") == (peer != "pricing")
    assert (line.free == 0) == (peer == "inventory")
    assert changes(line) == []


def test_a_caller_in_a_hurry_gets_what_there_is(
    buyer: Buyer, tea: Goods, cart_with: CartWith
) -> None:
    buyer.add(tea)
    with mute_peer() as mute, cart_with(inventory=mute) as buyer.client:
        assert buyer.cart_without("inventory").partial  # connected
        assert buyer.cart_without("inventory", timeout_s=0.2).partial


def test_a_caller_who_goes_away_takes_his_questions_along(
    buyer: Buyer, tea: Goods, cart_with: CartWith
) -> None:
    buyer.add(tea)
    header = [("authorization", f"Bearer {buyer.token}")]

    def all_go_away() -> bool:
        # A process that has waited in vain asks the peer no more for a while: each has its own.
        with mute_peer() as mute, cart_with(enrich_timeout_ms=1000, inventory=mute) as client:
            other = Buyer(buyer.souk, client)
            get_cart = client.channel.unary_unary("/souk.cart.v1.CartService/GetCart")
            calls = [get_cart.future(b"", metadata=header, timeout=5) for _ in range(20)]
            assert other.quantities() == {}  # came behind them on the same connection
            gone = [call.cancel() for call in calls]
            assert other.quantities() == {}
        return all(gone)

    poll.until(all_go_away, 60, "to go away before an answer comes")


def test_nothing_is_put_in_that_listing_does_not_vouch_for(
    souk: Souk, buyer: Buyer, tea: Goods, cart_with: CartWith, silent: str
) -> None:
    with cart_with(listing=silent) as buyer.client:
        assert why(buyer.add, tea) == "UNAVAILABLE DEPENDENCY_UNAVAILABLE"
    buyer.client = souk.client("cart")
    assert buyer.quantities() == {}


def test_a_repeated_request_needs_nobody_else(
    buyer: Buyer, tea: Goods, cart_with: CartWith
) -> None:
    request_id = buyer.souk.request_id()
    first = buyer.add(tea, request_id=request_id)
    with closed_port() as nobody, cart_with(patience_s=30, listing=nobody) as buyer.client:
        assert buyer.add(tea, request_id=request_id) == first


def test_without_pricing_a_line_is_put_in_with_no_price_to_compare(
    souk: Souk, buyer: Buyer, cart_with: CartWith, silent: str
) -> None:
    goods = put_on_sale(souk, price_minor=1000)
    with cart_with(patience_s=30, pricing=silent) as buyer.client:
        assert buyer.add(goods).version == 1
    buyer.client = souk.client("cart")
    set_price(souk, goods, 1200)
    (line,) = buyer.cart().lines
    assert (line.price.minor, changes(line)) == (1200, [])
    buyer.add(goods)
    set_price(souk, goods, 1300)
    assert changes(buyer.cart().lines[0]) == [PRICE]


def test_who_never_had_a_cart_gets_none_by_buying(souk: Souk) -> None:
    user_id = souk.new_id()
    souk.mutate("cart.ClearCart", souk.service("order"), user_id=user_id, sku_ids=[1, 2])
    assert not souk.sql("cart", f"SELECT version FROM cart WHERE user_id = {user_id}")


def test_a_cart_survives_its_service(souk: Souk, buyer: Buyer, tea: Goods) -> None:
    buyer.add(tea, 2)
    souk.stack.services["cart"].kill9()
    souk.stack.services["cart"].start()
    souk.forget_client("cart")
    buyer.client = souk.client("cart")
    assert buyer.quantities() == {tea.sku_id: 2}


def test_a_cart_through_the_gateway(souk: Souk, tea: Goods) -> None:
    api = souk.json(souk.customer())
    line = {"item_id": str(tea.item_id), "sku_id": str(tea.sku_id), "quantity": "2"}
    added = api.post("/v1/cart/lines", request_id=souk.request_id(), **line)
    assert added["cart"]["version"] == "1"
    path = f"/v1/cart/lines/{tea.sku_id}"
    update = {"request_id": souk.request_id(), "quantity": "3", "version": "1"}
    assert api.patch(path, **update)["cart"]["lines"][0]["quantity"] == "3"
    shown = api.get("/v1/cart")
    assert shown["selected_total"] == {"currency": "EUR", "minor": "1500"}
    select = {"request_id": souk.request_id(), "version": "2"}
    assert not api.post("/v1/cart:select", **select)["cart"]["lines"][0].get("selected")
    remove = {"request_id": souk.request_id(), "version": "3"}
    assert api.post(f"{path}:remove", **remove)["cart"].get("lines", []) == []
    api.post("/v1/cart:clear", request_id=souk.request_id())
