"""The RPC lab: libcommon's RPC server with a contract of its own, asked through grpcio."""

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from soukdev import http, paths
from soukdev.contracts import Contracts
from soukdev.grpc_client import GrpcClient
from soukdev.refusal import Refused
from soukdev.service import Service

MODE = os.environ.get("MODE", "debug")
BINARY = paths.BUILD / MODE / "tests" / "servers" / "rpc_lab" / "rpc_lab"
SERVICE = "souk.lab.v1.LabService"


class RpcLab(Service):
    """One server; options are those of io/rpc_config.h, without rpc_, peer_lab and grace_ms."""

    def __init__(self, folder: Path, contracts: Contracts, **options: int | str) -> None:
        told = {
            f"SOUK_{name if name.startswith('peer_') else f'rpc_{name}'}".upper(): str(value)
            for name, value in options.items()
        }
        super().__init__(folder, binary=BINARY, environment=told)
        self._contracts = contracts
        self._stopping: threading.Thread | None = None

    def stop_soon(self) -> None:
        """It begins to drain. end() waits for it."""
        self._stopping = threading.Thread(target=self.terminate)
        self._stopping.start()

    def end(self) -> None:
        if self._stopping:
            self._stopping.join()
        else:
            self.terminate()

    def client(self) -> GrpcClient:
        return GrpcClient(self._contracts, self.address)

    def secure_client(
        self, ca: Path, key: Path | None = None, cert: Path | None = None
    ) -> GrpcClient:
        """By TLS, with a certificate of its own or without."""
        client = self.client()
        client.channel = grpc.secure_channel(
            self.address,
            grpc.ssl_channel_credentials(
                ca.read_bytes(),
                key.read_bytes() if key else None,
                cert.read_bytes() if cert else None,
            ),
            options=(("grpc.use_local_subchannel_pool", 1),),
        )
        return client

    def release(self) -> None:
        """Work that was to be held goes on."""
        http.request(self.ports["admin"], "/release")

    def message(self, name: str, **fields: Any) -> Any:
        return self._contracts.message(f"souk.lab.v1.{name}")(**fields)

    def metric(self, name: str, **labels: str) -> float:
        """0 where there is none."""
        page = http.request(self.ports["admin"], "/metrics").decode()
        inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
        pattern = re.escape(name + (f"{{{inside}}}" if inside else ""))
        found = re.search(rf"^{pattern} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0


# Starts a server with these options and connects.
StartLab = Callable[..., tuple[RpcLab, GrpcClient]]


class Pending:
    """A unary call that is on its way."""

    def __init__(self, lab: RpcLab, client: GrpcClient, method: str, **fields: Any) -> None:
        timeout_s = fields.pop("timeout_s", 30)
        request = lab.message(f"{method}Request", **fields)
        self._client = client
        self.call: Any = client.channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=type(lab.message(f"{method}Response")).FromString,
        ).future(request, timeout=timeout_s)

    def answer(self) -> Any:
        return self.call.result()

    def refusal(self) -> Refused:
        error = self.call.exception()
        assert error is not None, "it was not refused"
        return self._client.refusal(error)


def call(lab: RpcLab, client: GrpcClient, method: str, **fields: Any) -> Any:
    """The answer's message, or Refused."""
    pending = Pending(lab, client, method, **fields)
    try:
        return pending.answer()
    except grpc.RpcError as error:
        raise client.refusal(error) from None


def stream(lab: RpcLab, client: GrpcClient, method: str, request: Any) -> Any:
    """grpcio's call object. `request` is one message, or an iterator where the client streams."""
    kind = {
        "Count": client.channel.unary_stream,
        "Sum": client.channel.stream_unary,
        "Twice": client.channel.stream_stream,
    }[method]
    begin: Any = kind(
        f"/{SERVICE}/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=type(lab.message(f"{method}Response")).FromString,
    )
    return begin.future(request, timeout=30) if method == "Sum" else begin(request, timeout=30)
