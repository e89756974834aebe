"""svc-order and what gets lost between it and its peers."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

import grpc
import jwt
import pytest
from between import Between
from order_kit import Buyer, answer_of, refused, stock_of, until_status
from soukdev import http, poll, secret_file
from soukdev.goods import put_on_sale
from soukdev.keys import Keys
from soukdev.refusal import Refused
from soukdev.run_folder import run_folder
from soukdev.service import Service
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")
RESERVE = "/souk.inventory.v1.InventoryService/ReserveStock"


@pytest.fixture(scope="module")
def between() -> Iterator[Between]:
    between = Between()
    yield between
    between.close()


@pytest.fixture(scope="module")
def souk(between: Between, request: pytest.FixtureRequest) -> Iterator[Souk]:
    settings = {"SOUK_PEER_INVENTORY": f"ipv4:127.0.0.1:{between.port}"}
    services = ["listing", "inventory", "order", "pricing", "cart"]
    stack = Stack(
        run_folder("order"), services, mode=MODE, settings={"order": settings}, caller_limits=False
    )
    try:
        stack.up()
        between.to = grpc.insecure_channel(f"127.0.0.1:{stack.services['inventory'].ports['rpc']}")
        yield Souk(stack, patience_s=30)
    finally:
        stack.down()
        if not request.session.testsfailed:
            stack.destroy()


def test_a_reserve_that_arrives_after_the_order_was_refused_holds_nothing(
    souk: Souk, between: Between
) -> None:
    goods = put_on_sale(souk, on_hand=1)
    buyer, rival = Buyer(souk), Buyer(souk)
    taken = rival.place((goods, 1)).orders[0].order_id
    between.lose[RESERVE] = 1
    assert refused(lambda: buyer.place((goods, 1))).reason == "SOLD_OUT"
    souk.mutate("order.CancelOrder", rival.token, order_id=taken)
    poll.until(lambda: stock_of(souk, goods) == (1, 0, 0), 60, "the stock free again")

    (late,) = between.lost
    with pytest.raises(grpc.RpcError) as error:
        late()
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert stock_of(souk, goods) == (1, 0, 0)


def test_who_repeats_an_order_under_way_is_told_when_to_ask_again(souk: Souk) -> None:
    goods = put_on_sale(souk)
    buyer = Buyer(souk)
    request = {"request_id": souk.request_id(), "quote_token": buyer.quote((goods, 1))}
    place = partial(buyer.place, (goods, 1), **request)
    credentials = souk.stack.credentials("inventory")
    with ThreadPoolExecutor(2) as pool:
        with souk.stack.mariadb.connect(credentials) as database, database.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM stock WHERE sku_id = {goods.sku_id} FOR UPDATE")
            cursor.fetchall()
            both = [pool.submit(refused, place) for _ in range(2)]
            again = next(as_completed(both)).result()
            database.rollback()
        assert (again.code, again.reason) == ("ABORTED", "REQUEST_IN_PROGRESS")
        assert again.retry_after_ms > 0
    assert answer_of(place).orders


def test_an_order_that_cannot_be_timed_out_holds_up_no_other(souk: Souk) -> None:
    goods = put_on_sale(souk)
    buyer = Buyer(souk)
    stuck, other = buyer.place((goods, 1)), buyer.place((goods, 1))
    credentials = souk.stack.credentials("order")
    with souk.stack.mariadb.connect(credentials) as database, database.cursor() as cursor:
        pay_order_id = stuck.pay_order.pay_order_id
        cursor.execute(f"SELECT 1 FROM pay_order WHERE pay_order_id = {pay_order_id} FOR UPDATE")
        cursor.fetchall()
        # The stuck one is found first.
        for seconds, order in ((2, stuck.orders[0]), (1, other.orders[0])):
            souk.sql(
                "order",
                f"UPDATE orders SET pay_by = UTC_TIMESTAMP(6) - INTERVAL {seconds} SECOND "
                f"WHERE order_id = {order.order_id}",
            )
        until_status(buyer, other.orders[0].order_id, "CANCELLED")
        database.rollback()
    until_status(buyer, stuck.orders[0].order_id, "CANCELLED")


def reloads(service: Service) -> int:
    page = http.request(service.ports["admin"], "/metrics").decode()
    found = re.search(r'^souk_config_reloads_total\{outcome="ok"\} (\d+)$', page, re.MULTILINE)
    return int(found[1]) if found else 0


def reload(service: Service) -> None:
    before = reloads(service)
    os.kill(service.pid, signal.SIGHUP)
    poll.until(lambda: reloads(service) == before + 1, 60, "files read again")


class OwnKey:
    """The key of svc-order, and who believes which."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._public = json.loads(stack.keys.keys_file.read_text())["keys"]
        self._kid_file = stack.folder / "order.kid"
        self._key_file = stack.folder / "order.pem"
        self.sign_with("svc-order-1", stack.keys)

    def settings(self) -> dict[str, str]:
        return {
            "SOUK_SERVICE_KEY_FILE": str(self._key_file),
            "SOUK_SERVICE_KEY_ID_FILE": str(self._kid_file),
        }

    def sign_with(self, kid: str, keys: Keys) -> None:
        self._key_file.write_text(keys.private_key_file("svc-order-1").read_text())
        self._kid_file.write_text(kid)

    def believe(self, *order_keys: tuple[str, Keys]) -> None:
        """All services, from now on."""
        others = [key for key in self._public if key["kid"] != "svc-order-1"]
        for kid, keys in order_keys:
            known = json.loads(keys.keys_file.read_text())["keys"]
            others += [{**key, "kid": kid} for key in known if key["kid"] == "svc-order-1"]
        secret_file.write(self._stack.keys.keys_file, json.dumps({"keys": others}))
        for service in self._stack.services.values():
            reload(service)


def test_the_services_own_key_is_changed_while_calls_go_on(souk: Souk, between: Between) -> None:
    stack, order = souk.stack, souk.stack.services["order"]
    own_key = OwnKey(stack)
    first, second = stack.keys, Keys(stack.folder / "second").make()
    order.terminate()
    order.settings = {**order.settings, **own_key.settings()}
    order.start()
    souk.forget_client("order")
    goods = put_on_sale(souk, on_hand=10_000)
    impatient = Souk(stack)  # who asks again would not notice
    outcomes: list[str] = []
    stop = threading.Event()

    def buy() -> None:
        while not stop.is_set():
            try:
                Buyer(impatient).place((goods, 1))
                outcomes.append("OK")
            except Refused as refused:
                if refused.code != "DEADLINE_EXCEEDED":  # of a busy machine
                    outcomes.append(f"{refused.code} {refused.message}")

    def some_more() -> None:
        before = len(outcomes)
        poll.until(lambda: len(outcomes) > before + 2, 60, "orders")

    buyer = threading.Thread(target=buy)
    buyer.start()
    try:
        some_more()
        own_key.believe(("svc-order-1", first), ("svc-order-2", second))
        own_key.sign_with("svc-order-2", second)
        reload(order)
        some_more()
        own_key.believe(("svc-order-2", second))
        between.tokens.clear()
        some_more()
    finally:
        stop.set()
        buyer.join()
    assert set(outcomes) == {"OK"}
    shown = [jwt.get_unverified_header(text.removeprefix("Bearer ")) for text in between.tokens]
    assert {header["kid"] for header in shown} == {"svc-order-2"}
