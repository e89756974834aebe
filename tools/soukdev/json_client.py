"""Calls the public JSON API through the gateway, as a shop's front end does."""

import time
from typing import Any

import requests

from soukdev.refusal import Refused

_CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
    "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED "
    "INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
).split()
_PREFIX = "type.googleapis.com/google.rpc."


# Nobody knows whether it happened: the same request, under its request_id, may be sent again.
UNKNOWN_OUTCOMES = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}


class JsonClient:
    """The gateway at a base URL, as one caller (or nobody, without a token).

    Who is patient asks again for so long while the outcome is unknown, as a busy machine makes it,
    or when he is told when to come back.
    """

    def __init__(self, url: str, token: str | None = None, patience_s: float = 0) -> None:
        self.url = url
        self.patience_s = patience_s
        self.session = requests.Session()
        # A proxy is for the outside world.
        self.session.trust_env = False
        if token:
            self.session.headers["authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        return self.request("GET", path, params=query)

    def post(self, path: str, **body: Any) -> Any:
        return self.request("POST", path, json=body)

    def put(self, path: str, **body: Any) -> Any:
        return self.request("PUT", path, json=body)

    def patch(self, path: str, **body: Any) -> Any:
        return self.request("PATCH", path, json=body)

    def request(self, verb: str, path: str, **options: Any) -> Any:
        """The answer's JSON, or Refused."""
        deadline = time.monotonic() + self.patience_s
        while True:
            answer = self.session.request(verb, self.url + path, timeout=20, **options)
            if answer.ok:
                return answer.json() if answer.content else {}
            refused = refusal_of(answer)
            may_pass = refused.code in UNKNOWN_OUTCOMES or refused.retry_after_ms
            if not may_pass or time.monotonic() >= deadline:
                raise refused
            time.sleep(max(0.1, refused.retry_after_ms / 1000))


def refusal_of(answer: requests.Response) -> Refused:
    """What an answer that is not OK says, in the one shape that all have."""
    body = answer.json()
    refused = Refused(code=_CODES[body["code"]], reason="", message=body["message"])
    for detail in body.get("details", []):
        kind = detail["@type"].removeprefix(_PREFIX)
        if kind == "ErrorInfo":
            refused.reason = detail["reason"]
            refused.domain = detail.get("domain", "")
            refused.metadata = detail.get("metadata", {})
        elif kind == "BadRequest":
            refused.fields = {v["field"]: v["description"] for v in detail["field_violations"]}
        elif kind == "RetryInfo":
            refused.retry_after_ms = int(float(detail["retry_delay"].rstrip("s")) * 1000)
    return refused
