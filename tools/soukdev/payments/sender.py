"""Tells svc-order what became of payments, and remembers what it answered."""

import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from soukdev import http
from soukdev.payments.plan import Plan
from soukdev.payments.signature import Signature

CALLBACK = "/v1/payments/sandbox/callback"
_REMEMBERED_MAX = 10_000
_UNDER_WAY_MAX = 500
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0


class Busy(RuntimeError):
    """So much is under way that no more is taken."""


@dataclass(frozen=True)
class Payment:
    """What the customer pays, as svc-order signed it."""

    payment_id: str
    currency: str
    minor: int


@dataclass(frozen=True)
class Event:
    """What svc-order is told, as often as it takes."""

    event_id: str
    payment: Payment
    status: str

    def body(self) -> bytes:
        amount = {"currency": self.payment.currency, "minor": self.payment.minor}
        told = {
            "event_id": self.event_id,
            "payment_id": self.payment.payment_id,
            "status": self.status,
            "amount": amount,
        }
        return json.dumps(told).encode()


@dataclass(frozen=True)
class Sent:
    """One attempt, and what came back."""

    at_ms: int
    payment_id: str
    event_id: str
    status: str
    copy: int  # of `times`, from 1
    attempt: int  # from 1
    answer: int  # HTTP's; 0: nobody answered
    reason: str  # of a refusal
    last: bool  # answered well, or given up


class Sender:
    """Works through plans in threads of its own."""

    def __init__(self, gateway_port: int, signature: Signature) -> None:
        self._gateway_port = gateway_port
        self._signature = signature
        self._sent: deque[Sent] = deque(maxlen=_REMEMBERED_MAX)
        self._room = threading.BoundedSemaphore(_UNDER_WAY_MAX)

    def start(self, payment: Payment, plan: Plan) -> list[Event]:
        """Answers at once with the events that svc-order will be told."""
        if not self._room.acquire(blocking=False):
            raise Busy(f"{_UNDER_WAY_MAX} payments are under way")
        events = [Event(f"sandbox-{uuid.uuid4()}", payment, status) for status in plan.say]
        threading.Thread(target=self._run, args=(events, plan), daemon=True).start()
        return events

    def sent(self, payment_id: str | None = None) -> list[dict[str, Any]]:
        """Every attempt, or those of one payment, oldest first."""
        return [asdict(sent) for sent in list(self._sent) if payment_id in (None, sent.payment_id)]

    def _run(self, events: list[Event], plan: Plan) -> None:
        try:
            time.sleep(plan.delay_ms / 1000)
            for event in events:
                self._tell_copies(event, plan)
        finally:
            self._room.release()

    def _tell_copies(self, event: Event, plan: Plan) -> None:
        copies = []
        for copy in range(1, plan.times + 1):
            if copy > 1:
                time.sleep(plan.every_ms / 1000)
            copies.append(
                threading.Thread(target=self._tell, args=(event, copy, plan.attempts), daemon=True)
            )
            copies[-1].start()
        for thread in copies:
            thread.join()

    def _tell(self, event: Event, copy: int, attempts: int) -> None:
        pauses = _pauses()
        for attempt in range(1, attempts + 1):
            status, reason = self._send(event.body())
            last = 200 <= status < 300 or attempt == attempts
            now_ms = int(time.time() * 1000)
            self._remember(
                Sent(
                    at_ms=now_ms,
                    payment_id=event.payment.payment_id,
                    event_id=event.event_id,
                    status=event.status,
                    copy=copy,
                    attempt=attempt,
                    answer=status,
                    reason=reason,
                    last=last,
                )
            )
            if last:
                return
            time.sleep(next(pauses))

    def _send(self, body: bytes) -> tuple[int, str]:
        # Signed anew each time: an old timestamp is refused.
        timestamp = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "x-souk-timestamp": timestamp,
            "x-souk-signature": self._signature.of_callback(timestamp, body),
        }
        try:
            http.request(self._gateway_port, CALLBACK, method="POST", body=body, headers=headers)
        except http.HttpError as error:
            return error.status, _reason(error.body)
        except OSError as error:
            return 0, str(error)
        return 200, ""

    def _remember(self, sent: Sent) -> None:
        self._sent.append(sent)
        print(json.dumps(asdict(sent)), flush=True)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _reason(body: bytes) -> str:
    """Of a refusal in the gateway's shape; some of the text where it has another one."""
    try:
        details = json.loads(body)["details"]
        return next(str(detail["reason"]) for detail in details if "reason" in detail)
    except (ValueError, LookupError, TypeError, StopIteration):
        return body[:200].decode(errors="replace")
