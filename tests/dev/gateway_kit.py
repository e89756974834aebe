"""A gateway in front of one service that is played."""

import socketserver
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from typing import Any

import grpc
import requests
from google.rpc import error_details_pb2, status_pb2
from soukdev.contracts import Contracts
from soukdev.envoy import Envoy
from soukdev.keys import Keys

GET_STOCK = "/souk.inventory.v1.InventoryService/GetStock"
SET_STOCK = "/souk.inventory.v1.InventoryService/SetStock"
LARGE_ID = 1 << 60
NEVER_ANSWERED = 504
USER_PER_S = 10


class Backend(grpc.GenericRpcHandler):
    """Stands in for svc-inventory; remembers what reached it."""

    def __init__(self, contracts: Contracts) -> None:
        self.seen: dict[str, str] = {}
        self.request: Any = None
        self._contracts = contracts

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        if details.method.startswith("/souk."):  # and not the gateway's own health checks
            self.seen = dict(details.invocation_metadata)
        if details.method == GET_STOCK:
            return grpc.unary_unary_rpc_method_handler(self._get_stock)
        if details.method == SET_STOCK:
            return grpc.unary_unary_rpc_method_handler(self._set_stock)
        return grpc.stream_stream_rpc_method_handler(self._echo)

    def _get_stock(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        message = self._contracts.message("souk.inventory.v1.GetStockRequest")
        if message.FromString(request).sku_id == NEVER_ANSWERED:
            gone = Event()
            context.add_callback(gone.set)
            gone.wait(30)
        response = self._contracts.message("souk.inventory.v1.GetStockResponse")()
        response.stock.sku_id = LARGE_ID
        answer: bytes = response.SerializeToString()
        return answer

    def _set_stock(self, request: bytes, context: grpc.ServicerContext) -> None:
        message = self._contracts.message("souk.inventory.v1.SetStockRequest")
        self.request = message.FromString(request)
        info = error_details_pb2.ErrorInfo(reason="ON_HAND_BELOW_HELD", domain="souk.inventory")
        status = status_pb2.Status(code=9, message="7 are held")
        status.details.add().Pack(info)
        trailer = ("grpc-status-details-bin", status.SerializeToString())
        context.set_trailing_metadata((trailer,))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "7 are held")

    def _echo(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from requests


class _Babbler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"hello\r\n" * 10)


class World:
    """A gateway in front of one backend; pricing is down, and cart says nothing that is HTTP."""

    def __init__(self, folder: Path, descriptor_set: Path) -> None:
        self.keys = Keys(folder / "keys").make()
        self.contracts = Contracts(descriptor_set)
        self.backend = Backend(self.contracts)
        self._babbler = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Babbler)
        Thread(target=self._babbler.serve_forever, daemon=True).start()
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self.backend,))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self.envoy = Envoy(
            folder / "envoy",
            services={
                "inventory": [("127.0.0.1", port)],
                "pricing": [("127.0.0.1", 1)],
                "cart": [("127.0.0.1", self._babbler.server_address[1])],
            },
            jwks_file=self.keys.jwks_file,
            descriptor_set=descriptor_set,
            user_per_s=USER_PER_S,
        ).start()
        self.channel = grpc.insecure_channel(self.envoy.address)

    def close(self) -> None:
        self.channel.close()
        self.envoy.stop()
        self._server.stop(None)
        self._babbler.shutdown()
        self._babbler.server_close()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.envoy.url + path, timeout=60, **options)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
