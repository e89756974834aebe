"""svc-pricing and svc-inventory as far as a search asks them: silent and broken as wanted."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import grpc
from soukdev.contracts import Contracts

PRICES = "/souk.pricing.v1.PricingService/BatchGetPrices"
STOCK = "/souk.inventory.v1.InventoryService/BatchGetStock"


class FakePeers:
    """Both at one address.

    prices: SKU to minor EUR. free: SKU to pieces, None for unlimited. silent, broken: methods.
    Who is silent takes calls and does not answer them before forget(). asked: how many SKUs each
    call named, by method. limits_s: how long each caller meant to wait.
    """

    def __init__(self, descriptor_set: Path) -> None:
        self._contracts = Contracts(descriptor_set)
        self.prices: dict[int, int] = {}
        self.free: dict[int, int | None] = {}
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.asked: dict[str, list[int]] = {PRICES: [], STOCK: []}
        self.limits_s: list[float] = []
        self._over = Event()
        self._server = grpc.server(ThreadPoolExecutor(32), handlers=[_Handlers(self)])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def forget(self) -> None:
        self.prices.clear()
        self.free.clear()
        self.silent.clear()
        self.broken.clear()
        self.limits_s.clear()
        self._over.set()
        self._over = Event()
        for skus in self.asked.values():
            skus.clear()

    def close(self) -> None:
        self._over.set()
        self._server.stop(None).wait()

    def answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        if not context.is_active():  # whoever asked has given up, of an earlier test maybe
            return b""
        kind = "pricing.v1.BatchGetPrices" if method == PRICES else "inventory.v1.BatchGetStock"
        asked = self._contracts.message(f"souk.{kind}Request").FromString(request)
        self.asked[method].append(len(asked.sku_ids))
        self.limits_s.append(context.time_remaining())
        if method in self.silent:
            self._over.wait()
        if method in self.broken:
            context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
        known = self.prices if method == PRICES else self.free
        fields = self._prices(asked.sku_ids) if method == PRICES else self._stock(asked.sku_ids)
        fields["missing_sku_ids"] = [sku for sku in asked.sku_ids if sku not in known]
        answer: bytes = self._contracts.message(f"souk.{kind}Response")(
            **fields
        ).SerializeToString()
        return answer

    def _prices(self, skus: Any) -> dict[str, Any]:
        known = [sku for sku in skus if sku in self.prices]
        amounts = [{"currency": "EUR", "minor": self.prices[sku]} for sku in known]
        return {
            "prices": [
                {"sku_id": sku, "amount": amount}
                for sku, amount in zip(known, amounts, strict=True)
            ]
        }

    def _stock(self, skus: Any) -> dict[str, Any]:
        return {
            "stocks": [
                {
                    "sku_id": sku,
                    "model": "STOCK_MODEL_UNLIMITED"
                    if self.free[sku] is None
                    else "STOCK_MODEL_QUANTITY",
                    "free": self.free[sku] or 0,
                }
                for sku in skus
                if sku in self.free
            ]
        }


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, peers: FakePeers) -> None:
        self._peers = peers

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = details.method
        if method not in (PRICES, STOCK):
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._peers.answer(method, request, context)
        )
