"""How often one caller may call: svc-inventory with buckets of three tokens, one a second."""

import os
from collections.abc import Iterator

import pytest
from refusals import refusal, why
from soukdev import http
from soukdev.json_client import JsonClient, refusal_of
from soukdev.poll import until
from soukdev.refusal import Refused
from soukdev.run_folder import run_folder
from soukdev.souk import Souk
from soukdev.stack import Stack

MODE = os.environ.get("MODE", "debug")
SETTINGS = {"SOUK_RPC_CALLER_PER_S": "1", "SOUK_RPC_CALLER_BURST": "3"}
KNOWN = "NOT_FOUND SKU_UNKNOWN"
LIMITED = "RESOURCE_EXHAUSTED RATE_LIMITED"


@pytest.fixture(scope="module")
def souk(request: pytest.FixtureRequest) -> Iterator[Souk]:
    stack = Stack(run_folder("limits"), ["inventory"], mode=MODE, settings={"inventory": SETTINGS})
    try:
        yield Souk(stack.up(), patience_s=30)
    finally:
        stack.down()
        if not request.session.testsfailed:
            stack.destroy()


def ask(souk: Souk, token: str | None = None, address: str = "") -> str:
    """What comes of a call, as a gateway sends it on."""
    headers = {"x-forwarded-for": address} if address else None
    return why(souk.call, "inventory.GetStock", token, sku_id=1, headers=headers)


def spend(souk: Souk, token: str | None = None, address: str = "") -> int:
    """Calls until it is too many; how many were answered."""
    for answered in range(1000):
        said = ask(souk, token, address)
        if said == LIMITED:
            return answered
        assert said == KNOWN
    raise AssertionError("nobody is refused")


def test_a_caller_who_asks_too_often_is_refused_and_may_come_back(souk: Souk) -> None:
    hasty = souk.customer()
    assert spend(souk, hasty) >= 3
    refused = until(lambda: limited(souk, hasty), 60, "a refusal", every_s=0)
    assert 0 < refused.retry_after_ms <= 1000
    until(lambda: ask(souk, hasty) == KNOWN, 60, "a token")
    page = http.request(souk.stack.services["inventory"].ports["admin"], "/metrics").decode()
    assert 'souk_rpc_rate_limited_total{method="GetStock"} ' in page


def limited(souk: Souk, token: str) -> Refused | None:
    refused = refusal(souk.call, "inventory.GetStock", token, sku_id=1)
    return refused if refused.reason == "RATE_LIMITED" else None


def test_each_caller_has_a_bucket_of_his_own(souk: Souk) -> None:
    others = [souk.customer() for _ in range(3)]
    spend(souk, souk.customer())
    assert [ask(souk, other) for other in others] == [KNOWN] * 3


def test_a_new_token_is_no_new_caller(souk: Souk) -> None:
    user_id = souk.new_id()
    tokens = [souk.stack.keys.mint(user_id, "customer", ttl_s=600 + n) for n in range(100)]
    assert LIMITED in [ask(souk, token) for token in tokens]


def test_services_and_health_are_never_refused(souk: Souk) -> None:
    service = souk.service()
    assert {ask(souk, service) for _ in range(50)} == {KNOWN}
    health = souk.client("inventory").channel.unary_unary("/grpc.health.v1.Health/Check")
    assert {health(b"", timeout=20) for _ in range(50)} == {b"\x08\x01"}


def test_who_shows_no_token_is_his_address(souk: Souk) -> None:
    spend(souk, address="203.0.113.1")
    spend(souk, address="2001:db8:1:1::1")
    assert ask(souk, address="203.0.113.2") == KNOWN
    assert ask(souk, address="2001:db8:1:2::1") == KNOWN
    # What he says himself stands before what the gateway saw.
    said = {ask(souk, address=f"198.51.100.{number}, 203.0.113.3") for number in range(100)}
    assert LIMITED in said
    # A network of IPv6 is one customer's.
    assert LIMITED in {ask(souk, address=f"2001:db8:9:9::{number:x}") for number in range(100)}


def test_a_bad_token_costs_nobody_anything(souk: Souk) -> None:
    for _ in range(20):
        assert ask(souk, "no.token.atall", "203.0.113.9") == "UNAUTHENTICATED UNAUTHENTICATED"
    assert ask(souk, address="203.0.113.9") == KNOWN


def test_through_the_gateway_it_is_429_and_says_when(souk: Souk) -> None:
    client: JsonClient = souk.json(souk.customer())
    answers = [client.session.get(f"{client.url}/v1/stock/1", timeout=10) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404] * 3

    def too_many() -> bool:
        answers.append(client.session.get(f"{client.url}/v1/stock/1", timeout=10))
        return answers[-1].status_code != 404

    until(too_many, 60, "a refusal", every_s=0)
    refused = answers[-1]
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refusal_of(refused).reason == "RATE_LIMITED"
    assert 0 < refusal_of(refused).retry_after_ms <= 1000


def test_the_gateway_names_the_address_of_who_shows_no_token(souk: Souk) -> None:
    nobody = souk.json()
    heads = [{"x-forwarded-for": f"192.0.2.{number}"} for number in range(100)]
    codes = {
        nobody.session.get(f"{nobody.url}/v1/stock/1", headers=head, timeout=10).status_code
        for head in heads
    }
    assert codes == {404, 429}, "what he says of his address does not count"
