"""The gateway: what it lets through, and what it takes away.

What it refuses: test_gateway_refusals.py.
"""

import json
from pathlib import Path
from queue import SimpleQueue

import pytest
import requests
from gateway_kit import LARGE_ID, World, bearer
from soukdev.contracts import Contracts
from soukdev.envoy import Envoy
from soukdev.keys import Keys

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_envoy_accepts_the_configuration(place: Path, descriptor_set: Path) -> None:
    envoy = Envoy(
        place / "envoy",
        services={"inventory": [("127.0.0.1", 1)]},
        jwks_file=Keys(place / "keys").make().jwks_file,
        descriptor_set=descriptor_set,
    )
    envoy.validate()
    # Nothing deprecated either: it would break with the next version.
    envoy.start().stop()
    assert "deprecated" not in envoy.log.read_text()


def test_validation_says_what_is_wrong(place: Path, descriptor_set: Path) -> None:
    jwks = place / "jwks.json"
    jwks.write_text("{}")
    services = {"inventory": [("not an address", 1 << 20)]}
    envoy = Envoy(place / "envoy", services=services, jwks_file=jwks, descriptor_set=descriptor_set)
    with pytest.raises(RuntimeError, match="port_value"):
        envoy.validate()


def test_json_shows_ids_as_strings_and_zeros_too(world: World) -> None:
    answer = world.call("GET", f"/v1/stock/{LARGE_ID}")
    assert answer.status_code == 200
    stock = answer.json()["stock"]
    assert stock["sku_id"] == str(LARGE_ID)
    assert stock["on_hand"] == "0"


def test_a_services_error_keeps_its_details(world: World) -> None:
    body = {"request_id": "r-1", "on_hand": "9"}
    answer = world.call("PUT", "/v1/stock/5", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == 9
    assert answer.json()["details"][0]["reason"] == "ON_HAND_BELOW_HELD"
    assert (world.backend.request.sku_id, world.backend.request.on_hand) == (5, 9)


def test_only_signed_headers_of_ours_come_in(world: World) -> None:
    world.call(
        "GET",
        "/v1/stock/1",
        headers={
            "x-souk-user": "1",
            "x-souk-role": "operator",
            "x-souk-signature": "s",
            "x-souk-timestamp": "t",
            "x-souk-event-id": "e",
            "x-aside-event-id": "evil",
            "x-envoy-retry-on": "5xx",
            "x-envoy-original-path": "/other",
        },
    )
    ours = {name: word for name, word in world.backend.seen.items() if name.startswith("x-souk-")}
    assert ours == {"x-souk-signature": "s", "x-souk-timestamp": "t", "x-souk-event-id": "e"}
    assert world.backend.seen["x-envoy-original-path"] == "/v1/stock/1"
    assert not {"x-envoy-retry-on", "x-aside-event-id"} & set(world.backend.seen)


def test_absent_signed_headers_are_not_made_up(world: World) -> None:
    world.call("GET", "/v1/stock/1")
    assert not [name for name in world.backend.seen if name.startswith(("x-souk-", "x-aside-"))]


def test_a_request_id_is_kept_or_made(world: World) -> None:
    answer = world.call("GET", "/v1/stock/1", headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] == world.backend.seen["x-request-id"] == "mine"
    made = world.call("GET", "/v1/stock/1").headers["x-request-id"]
    assert made == world.backend.seen["x-request-id"] != "mine"


def traced(world: World, envoy: Envoy, recorded: str) -> tuple[str, str]:
    """Trace and flags that a service sees when a client sends these flags."""
    sent = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-{recorded}"}
    requests.get(f"{envoy.url}/v1/stock/1", headers=sent, timeout=10)
    _, trace, _, flags = world.backend.seen["traceparent"].split("-")
    return trace, flags


def test_whether_a_trace_is_recorded_no_client_decides(world: World, place: Path) -> None:
    assert traced(world, world.envoy, "01") == (TRACE, "00")
    world.call("GET", "/v1/stock/1")
    assert "traceparent" not in world.backend.seen
    for per_10000, flags in ((0, "00"), (10_000, "01")):
        with Envoy(
            place / f"envoy-{per_10000}",
            services=world.envoy.services,
            jwks_file=world.keys.jwks_file,
            descriptor_set=world.envoy.descriptor_set,
            collector=("127.0.0.1", 1),
            trace_per_10000=per_10000,
        ) as envoy:
            assert traced(world, envoy, "00") == traced(world, envoy, "01") == (TRACE, flags)


def test_a_good_token_passes_on_to_the_service(world: World) -> None:
    headers = bearer(world.keys.mint(1, "customer"))
    assert world.call("GET", "/v1/stock/1", headers=headers).status_code == 200
    assert world.backend.seen["authorization"] == headers["authorization"]


def test_a_clock_may_be_30_s_off(world: World) -> None:
    headers = bearer(world.keys.mint(1, "customer", ttl_s=-10))
    assert world.call("GET", "/v1/stock/1", headers=headers).status_code == 200


def test_native_grpc_streams_past_the_limit_of_rest_bodies(world: World) -> None:
    path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    outgoing: SimpleQueue[bytes | None] = SimpleQueue()
    incoming = world.channel.stream_stream(path)(iter(outgoing.get, None), timeout=10)
    piece = b"x" * (1 << 20)
    for _ in range(3):
        outgoing.put(piece)
        assert next(incoming) == piece
    outgoing.put(None)
    assert list(incoming) == []


def test_each_method_has_its_deadline_and_only_reads_are_sent_twice(
    world: World, descriptor_set: Path
) -> None:
    config = json.loads((world.envoy.folder / "envoy.json").read_text())
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    routes = manager["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]
    by_path = {route["match"].get("path"): route["route"] for route in routes}
    for method in Contracts(descriptor_set).methods():
        if method.context != "inventory":
            continue
        route = by_path[method.path]
        assert float(route["timeout"].rstrip("s")) * 1000 == method.deadline_ms + 500
        retries = route["retry_policy"]["retry_on"].split(",")
        assert ("unavailable" in retries) != method.mutates
