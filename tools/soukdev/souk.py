"""A running stack, and everybody who calls it."""

import itertools
import time
from typing import Any

from soukdev import names
from soukdev.contracts import Contracts
from soukdev.events import Events
from soukdev.grpc_client import GrpcClient
from soukdev.json_client import JsonClient
from soukdev.stack import Stack


class Souk:
    """A running stack and ways to call it; for patience_s see GrpcClient and JsonClient."""

    def __init__(self, stack: Stack, patience_s: float = 0) -> None:
        self.stack = stack
        self._patience_s = patience_s
        self.contracts = Contracts(stack.descriptor_set)
        self._clients: dict[str, GrpcClient] = {}
        # Ids of this run: unique in it, and different from those of the run before.
        self._ids = itertools.count(int(time.time() * 1000) * 1000)

    def new_id(self) -> int:
        return next(self._ids)

    def request_id(self) -> str:
        return f"test-{self.new_id()}"

    def call(self, method: str, token: str | None = None, /, **fields: Any) -> Any:
        """Straight to the service of the method's context, past the gateway."""
        return self.client(method.split(".", maxsplit=1)[0]).call(method, token, **fields)

    def mutate(self, method: str, token: str | None = None, /, **fields: Any) -> Any:
        """As call, with a fresh request_id unless one is given."""
        fields.setdefault("request_id", self.request_id())
        return self.call(method, token, **fields)

    def client(self, context: str) -> GrpcClient:
        if context not in self._clients:
            port = self.stack.services[context].ports["rpc"]
            self._clients[context] = GrpcClient(
                self.contracts, f"127.0.0.1:{port}", self._patience_s
            )
        return self._clients[context]

    def forget_client(self, context: str) -> None:
        """After a restart: gRPC would wait out its reconnect back-off."""
        if context in self._clients:
            self._clients.pop(context).close()

    def json(self, token: str | None = None) -> JsonClient:
        """The public API through the gateway."""
        assert self.stack.gateway
        return JsonClient(self.stack.gateway.url, token, self._patience_s)

    def events(self, *topics: str) -> Events:
        return Events(self.contracts, self.stack.kafka.address, list(topics))

    def customer(self, user_id: int | None = None) -> str:
        return self.stack.keys.mint(user_id or self.new_id(), "customer")

    def operator(self) -> str:
        return self.stack.keys.mint(1, "operator")

    def merchant(self, shop_id: int) -> str:
        return self.stack.keys.mint(2, "merchant", shop_id=shop_id)

    def supplier(self, supplier_id: int) -> str:
        return self.stack.keys.mint(3, "supplier", supplier_id=supplier_id)

    def service(self, context: str = "order") -> str:
        return self.stack.keys.mint_service(context)

    def sql(self, context: str, text: str) -> list[dict[str, Any]]:
        return self.stack.mariadb.sql(text, names.schema(context))
