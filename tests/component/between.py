"""What stands between a service and its peer."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc


class Between(grpc.GenericRpcHandler):
    """Stands before a service and loses the next calls of a method, or has some answers too late.

    lost: what sends each lost call after all, later. late: by method, each how many-th call.
    tokens: what the caller showed, by call.
    """

    def __init__(self) -> None:
        self.to: grpc.Channel | None = None
        self.lose: dict[str, int] = {}
        self.lost: list[Callable[[], bytes]] = []
        self.late: dict[str, int] = {}
        self.calls: Counter[str] = Counter()
        self.tokens: list[str] = []
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

        self.tokens += [str(text) for _, text in token]

        def send(request: bytes) -> bytes:
            assert self.to
            answer: bytes = self.to.unary_unary(method)(request, metadata=token, timeout=20)
            return answer

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            if self.lose.get(method, 0):
                self.lose[method] -= 1
                self.lost.append(lambda: send(request))
                context.abort(grpc.StatusCode.UNAVAILABLE, "lost on its way")
            self.calls[method] += 1
            if method in self.late and self.calls[method] % self.late[method] == 0:
                context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "too late")
            try:
                return send(request)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(answer)
