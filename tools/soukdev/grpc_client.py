"""Calls services over gRPC with grpcio, a client that nobody here wrote."""

from typing import Any

import grpc

from soukdev.contracts import Contracts, Method
from soukdev.refusal import Refused

_DETAILS = "grpc-status-details-bin"


class GrpcClient:
    """One server, or the gateway. Methods are named "inventory.SetStock"."""

    def __init__(self, contracts: Contracts, address: str) -> None:
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
        timeout_s: float = 10,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Any:
        """The answer's message, or Refused."""
        described = self._methods[method]
        request = self.message(described, "Request")(**fields)
        return self.send(described, request, token, timeout_s=timeout_s, headers=headers)

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
