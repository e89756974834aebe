"""How often a client comes back to a peer that takes connections and drops them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from rpc_kit import Pending, StartLab
from soukdev.poll import until


class Turncoat:
    """Accepts and hangs up; knows when each came."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.came: list[float] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.came.append(time.monotonic())
            connection.close()

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@contextmanager
def turncoat() -> Iterator[Turncoat]:
    peer = Turncoat()
    yield peer
    peer.end()


def forward(start: StartLab, peer: Turncoat) -> None:
    """A client that has begun to connect. The call fails, but its client goes on trying."""
    lab, client = start(peer_lab=f"ipv4:127.0.0.1:{peer.port}")
    error = Pending(lab, client, "Forward").call.exception()
    assert isinstance(error, grpc.RpcError)


def test_a_client_comes_back_about_once_a_second(start: StartLab) -> None:
    with turncoat() as peer:
        began = time.monotonic()
        forward(start, peer)
        # By gRPC's own measure the 10th would come after a minute.
        until(lambda: len(peer.came) >= 20, 60, "20 attempts", every_s=0.1)
        came = len(peer.came)
        assert came < 10 + 1.5 * (time.monotonic() - began), "it does not hammer either"


def test_the_first_attempts_follow_at_once(start: StartLab) -> None:
    def soon() -> bool:
        """A first pause of a second, less a fifth, makes 2.4 s of three. Slow once is no proof."""
        with turncoat() as peer:
            forward(start, peer)
            until(lambda: len(peer.came) >= 4, 30, "four attempts")
            return peer.came[3] - peer.came[0] < 2.3

    until(soon, 60, "four attempts in a row")
