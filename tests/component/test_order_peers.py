"""svc-order and what gets lost between it and its peers."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from order_kit import Buyer, refused, stock_of, until_status
from soukdev import poll
from soukdev.goods import put_on_sale
from soukdev.run_folder import run_folder
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")
RESERVE = "/souk.inventory.v1.InventoryService/ReserveStock"


class Between(grpc.GenericRpcHandler):
    """Stands between svc-order and svc-inventory and loses the next calls of a method.

    lost: what sends each of them after all, later.
    """

    def __init__(self) -> None:
        self.to: grpc.Channel | None = None
        self.lose: dict[str, int] = {}
        self.lost: list[Callable[[], bytes]] = []
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[self])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()
        if self.to:
            self.to.close()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = details.method
        token = [(key, text) for key, text in details.invocation_metadata if key == "authorization"]

        def send(request: bytes) -> bytes:
            assert self.to
            answer: bytes = self.to.unary_unary(method)(request, metadata=token, timeout=5)
            return answer

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            if self.lose.get(method, 0):
                self.lose[method] -= 1
                self.lost.append(lambda: send(request))
                context.abort(grpc.StatusCode.UNAVAILABLE, "lost on its way")
            try:
                return send(request)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture(scope="module")
def between() -> Iterator[Between]:
    between = Between()
    yield between
    between.close()


@pytest.fixture(scope="module")
def souk(between: Between, request: pytest.FixtureRequest) -> Iterator[Souk]:
    settings = {
        "SOUK_PEER_INVENTORY": f"ipv4:127.0.0.1:{between.port}",
        "SOUK_PAYMENT_TIMEOUT_S": "6",
    }
    services = ["listing", "inventory", "order", "pricing", "cart"]
    stack = Stack(run_folder("order"), services, mode=MODE, settings={"order": settings})
    try:
        stack.up()
        between.to = grpc.insecure_channel(f"127.0.0.1:{stack.services['inventory'].ports['rpc']}")
        yield Souk(stack)
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
    poll.until(lambda: stock_of(souk, goods) == (1, 0, 0), 20, "the stock free again")

    (late,) = between.lost
    with pytest.raises(grpc.RpcError) as error:
        late()
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert stock_of(souk, goods) == (1, 0, 0)


def test_an_order_that_cannot_be_timed_out_holds_up_no_other(souk: Souk) -> None:
    goods = put_on_sale(souk)
    stuck, other = Buyer(souk).place((goods, 1)), Buyer(souk)
    credentials = souk.stack.credentials("order")
    with souk.stack.mariadb.connect(credentials) as database, database.cursor() as cursor:
        pay_order_id = stuck.pay_order.pay_order_id
        cursor.execute(f"SELECT 1 FROM pay_order WHERE pay_order_id = {pay_order_id} FOR UPDATE")
        cursor.fetchall()
        until_status(other, other.place((goods, 1)).orders[0].order_id, "CANCELLED")
        database.rollback()
