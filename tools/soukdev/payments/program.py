"""The sandbox's HTTP server.

GET or POST /pay?payment_id=..&currency=..&minor=..&signature=..   the address of StartPayment; how
    the payment ends may be added to it (plan.py)
GET /sent [?payment_id=..]   what svc-order was told, and what it answered
GET /ready
"""

import json
import signal
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from soukdev.payments.plan import Plan, PlanError
from soukdev.payments.sender import Busy, Payment, Sender
from soukdev.payments.signature import Signature

_OF_ADDRESS = ("payment_id", "currency", "minor", "signature")


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A customer who says nothing keeps no thread.
    timeout = 30
    sender: ClassVar[Sender]
    signature: ClassVar[Signature]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        try:
            if address.path == "/pay":
                self._answer(HTTPStatus.ACCEPTED, self._pay(query))
            elif address.path == "/sent":
                self._answer(HTTPStatus.OK, {"sent": self.sender.sent(query.get("payment_id"))})
            elif address.path == "/ready":
                self._answer(HTTPStatus.OK, {})
            else:
                raise _Refused(HTTPStatus.NOT_FOUND, "there are /pay, /sent and /ready")
        except _Refused as refused:
            self._answer(refused.status, {"error": str(refused)})

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: an address is as good as money, and what matters is logged by the sender."""

    def _pay(self, query: dict[str, str]) -> dict[str, Any]:
        payment = self._payment(query)
        try:
            plan = Plan.parse({n: word for n, word in query.items() if n not in _OF_ADDRESS})
            events = self.sender.start(payment, plan)
        except PlanError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
        except Busy as error:
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None
        told = [{"event_id": event.event_id, "status": event.status} for event in events]
        return {"payment_id": payment.payment_id, "events": told}

    def _payment(self, query: dict[str, str]) -> Payment:
        if missing := [name for name in _OF_ADDRESS if not query.get(name)]:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"{', '.join(missing)} must be given")
        payment_id, currency, minor, signature = (query[name] for name in _OF_ADDRESS)
        if not self.signature.fits(signature, payment_id, currency, minor):
            raise _Refused(HTTPStatus.FORBIDDEN, "this address is not signed by the shop")
        return Payment(payment_id, currency, int(minor))

    def _answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode() + b"\n"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if self.headers.get("content-length", "0") != "0":
            # Nobody has read what the customer sent along.
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Crowds come at once.
    request_queue_size = 512


def main(config_file: Path) -> None:
    """Serves until SIGTERM. What is under way then is forgotten, as a provider might."""
    config = json.loads(config_file.read_text())
    _Handler.signature = Signature(Path(config["secret_file"]).read_bytes())
    _Handler.sender = Sender(config["gateway_port"], _Handler.signature)
    signal.signal(signal.SIGTERM, _leave)
    _Server(("127.0.0.1", config["port"]), _Handler).serve_forever()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
