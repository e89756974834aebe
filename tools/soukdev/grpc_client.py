"""Calls services over gRPC with grpcio, a client that nobody here wrote."""

import time
from typing import Any

import grpc

from soukdev.contracts import Contracts, Method
from soukdev.json_client import UNKNOWN_OUTCOMES
from soukdev.refusal import Refused

_DETAILS = "grpc-status-details-bin"


class GrpcClient:
    """One server, or the gateway. Methods are named "inventory.SetStock".

    Who is patient asks again for so long while a busy machine makes the outcome unknown or has him
    sent away: the same request, under its request_id. Who says how long he waits is not patient.
    """

    def __init__(self, contracts: Contracts, address: str, patience_s: float = 0) -> None:
        self.patience_s = patience_s
        self._contracts = contracts
        self._methods = {f"{m.context}.{m.name}": m for m in contracts.methods()}
        # Else connections are shared by address, with the back-off of a server that was killed.
        self.channel = grpc.insecure_channel(
            address, options=(("grpc.use_local_subchannel_pool", 1),)
        )

    def close(self) -> None:
        self.channel.close()

    def call(
        self,
        method: str,
        token: str | None = None,
        /,
        *,
        timeout_s: float | None = None,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Any:
        """The answer's message, or Refused."""
        described = self._methods[method]
        request = self.message(described, "Request")(**fields)
        if timeout_s is not None:
            return self.send(described, request, token, timeout_s=timeout_s, headers=headers)
        deadline = time.monotonic() + self.patience_s
        is_repeated = False
        while True:
            try:
                return self.send(described, request, token, headers=headers)
            except Refused as refused:
                if not _may_pass(refused, is_repeated) or time.monotonic() >= deadline:
                    raise
                time.sleep(max(0.1, refused.retry_after_ms / 1000))
            is_repeated = True

    def send(
        self,
        method: Method,
        request: Any,
        token: str | None = None,
        *,
        timeout_s: float = 10,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """As call, for a request that is made already."""
        metadata = [(name.lower(), value) for name, value in (headers or {}).items()]
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        stub = self.channel.unary_unary(
            method.path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.message(method, "Response").FromString,
        )
        try:
            return stub(request, metadata=metadata, timeout=timeout_s)
        except grpc.RpcError as error:
            raise self.refusal(error) from None

    def message(self, method: Method, kind: str) -> Any:
        """The class of a method's Request or Response."""
        package = method.service.rsplit(".", 1)[0]
        return self._contracts.message(f"{package}.{method.name}{kind}")

    def refusal(self, error: Any) -> Refused:
        refused = Refused(code=error.code().name, reason="", message=error.details() or "")
        for name, value in error.trailing_metadata() or ():
            if name == _DETAILS:
                self._read_details(value, refused)
        return refused

    def _read_details(self, packed: bytes, refused: Refused) -> None:
        status = self._contracts.message("google.rpc.Status").FromString(packed)
        for detail in status.details:
            kind = detail.type_url.rsplit("/", 1)[1]
            message = self._contracts.message(kind).FromString(detail.value)
            if kind == "google.rpc.ErrorInfo":
                refused.reason = message.reason
                refused.domain = message.domain
                refused.metadata = dict(message.metadata)
            elif kind == "google.rpc.BadRequest":
                refused.fields = {v.field: v.description for v in message.field_violations}
            elif kind == "google.rpc.RetryInfo":
                delay = message.retry_delay
                refused.retry_after_ms = delay.seconds * 1000 + delay.nanos // 1_000_000


def _may_pass(refused: Refused, is_repeated: bool) -> bool:
    if is_repeated and refused.reason == "REQUEST_IN_PROGRESS":  # what was sent before
        return True
    return refused.code in UNKNOWN_OUTCOMES or refused.reason == "OVERLOADED"
