"""The payment sandbox: who may pay there, and what svc-order hears of it."""

import hashlib
import hmac
import json
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from soukdev.payments import PaymentSandbox
from soukdev.poll import until

SECRET = "a-word-that-only-two-know"


def sign(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Callback:
    at: float
    path: str
    timestamp: str
    signature: str
    body: str

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class Shop(ThreadingHTTPServer):
    """Stands in for gateway and svc-order: remembers callbacks, answers what it is told to."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.callbacks: list[Callback] = []
        self.answers: list[tuple[int, str]] = []  # for the next callbacks; then 200
        self.at_once = 0  # so many callbacks wait for each other
        self.meeting = threading.Barrier(1)

    def of(self, payment_id: str) -> list[Callback]:
        return [c for c in self.callbacks if c.told["payment_id"] == payment_id]


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        timestamp, signature = self.headers["x-souk-timestamp"], self.headers["x-souk-signature"]
        self.server.callbacks.append(Callback(time.time(), self.path, timestamp, signature, body))
        if self.server.at_once:
            self.server.meeting.wait(25)
        status, words = self.server.answers.pop(0) if self.server.answers else (200, "{}")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    yield shop
    shop.shutdown()


@pytest.fixture(scope="module")
def sandbox(scratch: Path, shop: Shop) -> Iterator[PaymentSandbox]:
    secret_file = scratch / "payment.secret"
    secret_file.write_text(SECRET)
    sandbox = PaymentSandbox(scratch / "payment-sandbox", secret_file=secret_file)
    sandbox.gateway_port = shop.server_address[1]
    with sandbox:
        yield sandbox


@pytest.fixture
def payment_id(request: pytest.FixtureRequest) -> str:
    """One of this test."""
    return str(zlib.crc32(request.node.name.encode()))


def address(sandbox: PaymentSandbox, payment_id: str, minor: int = 1999, **more: Any) -> str:
    """As svc-order makes it."""
    signature = more.pop("signature", sign(f"address.{payment_id}.EUR.{minor}"))
    plan = "".join(f"&{name}={value}" for name, value in more.items())
    return (
        f"{sandbox.url}/pay?payment_id={payment_id}&currency=EUR&minor={minor}"
        f"&signature={signature}{plan}"
    )


def pay(sandbox: PaymentSandbox, payment_id: str, **more: Any) -> list[dict[str, str]]:
    """The events that were announced."""
    answer = requests.get(address(sandbox, payment_id, **more), timeout=10)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["payment_id"] == payment_id
    events: list[dict[str, str]] = told["events"]
    return events


def sent(sandbox: PaymentSandbox, payment_id: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{sandbox.url}/sent", {"payment_id": payment_id}, timeout=10)
    log: list[dict[str, Any]] = answer.json()["sent"]
    return log


def all_sent(sandbox: PaymentSandbox, payment_id: str, tellings: int) -> list[dict[str, Any]]:
    """Every attempt, once so many tellings have come to their end."""

    def over() -> bool:
        return len([one for one in sent(sandbox, payment_id) if one["last"]]) == tellings

    until(over, 60, f"{tellings} tellings")
    return sent(sandbox, payment_id)


def test_a_success_is_told_once_and_signed(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str
) -> None:
    events = pay(sandbox, payment_id)
    [log] = all_sent(sandbox, payment_id, 1)
    [callback] = shop.of(payment_id)
    assert callback.path == "/v1/payments/sandbox/callback"
    assert callback.signature == sign(f"callback.{callback.timestamp}.{callback.body}")
    assert abs(int(callback.timestamp) - time.time()) < 60
    assert callback.told == {
        "event_id": events[0]["event_id"],
        "payment_id": payment_id,
        "status": "SUCCEEDED",
        "amount": {"currency": "EUR", "minor": 1999},
    }
    assert (log["answer"], log["attempt"], log["reason"]) == (200, 1, "")


def test_an_address_that_the_shop_did_not_sign_is_refused(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str
) -> None:
    cheaper = address(
        sandbox, payment_id, minor=1, signature=sign(f"address.{payment_id}.EUR.1999")
    )
    assert requests.get(cheaper, timeout=10).status_code == 403
    bad = address(sandbox, payment_id, signature="é")
    assert requests.get(bad, timeout=10).status_code == 403
    of_a_callback = sign(f"callback.{payment_id}.EUR.1999")
    stolen = address(sandbox, payment_id, signature=of_a_callback)
    assert requests.get(stolen, timeout=10).status_code == 403
    without = requests.get(f"{sandbox.url}/pay?payment_id={payment_id}", timeout=10)
    assert without.status_code == 400
    assert "currency, minor, signature" in without.json()["error"]
    assert not shop.of(payment_id)


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        ({"say": "MAYBE"}, "SUCCEEDED"),
        ({"say": ",".join(["FAILED"] * 11)}, "up to 10"),
        ({"times": "101"}, "from 1 to 100"),
        ({"times": "0"}, "from 1 to 100"),
        ({"delay_ms": "-1"}, "from 0"),
        ({"attempts": "٣"}, "from 1 to 20"),
        ({"outcome": "SUCCEEDED"}, "no parameter outcome"),
    ],
)
def test_a_plan_that_is_none_is_refused_and_nothing_is_told(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str, plan: dict[str, Any], word: str
) -> None:
    answer = requests.get(address(sandbox, payment_id, **plan), timeout=10)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert not shop.of(payment_id)


def test_the_same_event_can_come_ten_times_at_once(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str
) -> None:
    # None is answered before all have come.
    shop.at_once, shop.meeting = 10, threading.Barrier(10)
    try:
        [event] = pay(sandbox, payment_id, times=10)
        all_sent(sandbox, payment_id, 10)
    finally:
        shop.at_once = 0
    callbacks = shop.of(payment_id)
    assert Counter(c.told["event_id"] for c in callbacks) == {event["event_id"]: 10}


def test_repeated_later_it_keeps_its_distance(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str
) -> None:
    before = time.time()
    pay(sandbox, payment_id, times=3, every_ms=100)
    all_sent(sandbox, payment_id, 3)
    told = sorted(shop.of(payment_id), key=lambda callback: callback.at)
    assert len({c.told["event_id"] for c in told}) == 1
    assert all(c.at - before > 0.099 * n for n, c in enumerate(told))


def test_several_events_come_in_their_order_each_with_its_own_id(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str
) -> None:
    events = pay(sandbox, payment_id, say="SUCCEEDED,FAILED,SUCCEEDED")
    all_sent(sandbox, payment_id, 3)
    told = [(c.told["event_id"], c.told["status"]) for c in shop.of(payment_id)]
    assert told == [(event["event_id"], event["status"]) for event in events]
    assert [status for _, status in told] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert len(dict(told)) == 3


def test_a_late_one_is_late(sandbox: PaymentSandbox, shop: Shop, payment_id: str) -> None:
    before = time.time()
    pay(sandbox, payment_id, delay_ms=3000)
    paid = time.time()
    all_sent(sandbox, payment_id, 1)
    (callback,) = shop.of(payment_id)
    assert callback.at > paid, "the customer waits for nothing"
    assert callback.at - before >= 3


def test_it_is_told_again_until_somebody_listens(
    sandbox: PaymentSandbox, shop: Shop, payment_id: str
) -> None:
    refusal = {"code": 14, "message": "", "details": [{"@type": "x", "reason": "UNAVAILABLE"}]}
    shop.answers = [(503, json.dumps(refusal)), (500, "not JSON")]
    pay(sandbox, payment_id)
    log = all_sent(sandbox, payment_id, 1)
    assert [one["answer"] for one in log] == [503, 500, 200]
    assert [one["reason"] for one in log] == ["UNAVAILABLE", "not JSON", ""]
    assert len({c.body for c in shop.of(payment_id)}) == 1
    pauses = [b["at_ms"] - a["at_ms"] for a, b in pairwise(log)]
    assert pauses[0] >= 90
    assert pauses[1] >= 180


def test_it_gives_up(sandbox: PaymentSandbox, shop: Shop, payment_id: str) -> None:
    shop.answers = [(500, "")] * 2
    pay(sandbox, payment_id, attempts=2)
    log = all_sent(sandbox, payment_id, 1)
    assert [(one["answer"], one["last"]) for one in log] == [(500, False), (500, True)]
    assert len(shop.of(payment_id)) == 2


def test_nobody_at_home_is_an_attempt_too(scratch: Path, shop: Shop, payment_id: str) -> None:
    lonely = PaymentSandbox(scratch / "lonely", secret_file=scratch / "payment.secret")
    lonely.gateway_port = 1
    with lonely:
        pay(lonely, payment_id, attempts=2)
        assert [one["answer"] for one in all_sent(lonely, payment_id, 1)] == [0, 0]
        assert not lonely.outdated()
        lonely.gateway_port = shop.server_address[1]
        assert lonely.outdated()


def test_the_secret_is_told_to_nobody(sandbox: PaymentSandbox, shop: Shop, payment_id: str) -> None:
    pay(sandbox, payment_id)
    all_sent(sandbox, payment_id, 1)
    signature = sign(f"address.{payment_id}.EUR.1999")
    told = requests.get(f"{sandbox.url}/sent", timeout=10).text
    words = Path(f"/proc/{sandbox.pid}/cmdline").read_text()
    environment = Path(f"/proc/{sandbox.pid}/environ").read_text()
    log = sandbox.log_text()
    assert payment_id in log
    for place in (told, words, environment, log, (sandbox.folder / "sandbox.json").read_text()):
        assert SECRET not in place
        assert signature not in place


def test_there_is_nothing_else(sandbox: PaymentSandbox) -> None:
    answer = requests.get(f"{sandbox.url}/", timeout=10)
    assert answer.status_code == 404
    assert answer.json() == {"error": "there are /pay, /sent and /ready"}
