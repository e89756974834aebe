"""The gateway: what it lets through, what it takes away, and its refusals in our shape."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import grpc
import pytest
import requests
from google.rpc import error_details_pb2, status_pb2
from soukdev.contracts import Contracts
from soukdev.envoy import Envoy
from soukdev.keys import Keys

GET_STOCK = "/souk.inventory.v1.InventoryService/GetStock"
SET_STOCK = "/souk.inventory.v1.InventoryService/SetStock"
LARGE_ID = 1 << 60
NEVER_ANSWERED = 504
USER_PER_S = 40


class Backend(grpc.GenericRpcHandler):
    """Stands in for svc-inventory; remembers what reached it."""

    def __init__(self, contracts: Contracts) -> None:
        self.seen: dict[str, str] = {}
        self.request: Any = None
        self._contracts = contracts

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        self.seen = dict(details.invocation_metadata)
        if details.method == GET_STOCK:
            return grpc.unary_unary_rpc_method_handler(self._get_stock)
        if details.method == SET_STOCK:
            return grpc.unary_unary_rpc_method_handler(self._set_stock)
        return grpc.stream_stream_rpc_method_handler(self._echo)

    def _get_stock(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        message = self._contracts.message("souk.inventory.v1.GetStockRequest")
        if message.FromString(request).sku_id == NEVER_ANSWERED:
            gone = Event()
            context.add_callback(gone.set)
            gone.wait(10)
        response = self._contracts.message("souk.inventory.v1.GetStockResponse")()
        response.stock.sku_id = LARGE_ID
        answer: bytes = response.SerializeToString()
        return answer

    def _set_stock(self, request: bytes, context: grpc.ServicerContext) -> None:
        message = self._contracts.message("souk.inventory.v1.SetStockRequest")
        self.request = message.FromString(request)
        info = error_details_pb2.ErrorInfo(reason="ON_HAND_BELOW_HELD", domain="souk.inventory")
        status = status_pb2.Status(code=9, message="7 are held")
        status.details.add().Pack(info)
        trailer = ("grpc-status-details-bin", status.SerializeToString())
        context.set_trailing_metadata((trailer,))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "7 are held")

    def _echo(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from requests


class World:
    """A gateway in front of one backend."""

    def __init__(self, folder: Path, descriptor_set: Path) -> None:
        self.keys = Keys(folder / "keys").make()
        self.backend = Backend(Contracts(descriptor_set))
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self.backend,))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self.envoy = Envoy(
            folder / "envoy",
            services={"inventory": [("127.0.0.1", port)], "cart": [("127.0.0.1", 1)]},
            jwks_file=self.keys.jwks_file,
            descriptor_set=descriptor_set,
            user_per_s=USER_PER_S,
        ).start()
        self.channel = grpc.insecure_channel(self.envoy.address)

    def close(self) -> None:
        self.channel.close()
        self.envoy.stop()
        self._server.stop(None)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.envoy.url + path, timeout=10, **options)


@pytest.fixture(scope="module")
def world(scratch: Path, descriptor_set: Path) -> Iterator[World]:
    world = World(scratch / "gateway", descriptor_set)
    yield world
    world.close()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def assert_refused(
    answer: requests.Response, http_status: int, code: int, reason: str
) -> Mapping[str, Any]:
    assert answer.status_code == http_status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"code", "message", "details"}
    assert body["code"] == code
    assert body["message"]
    assert body["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "souk.gateway",
            "metadata": {},
        }
    ]
    return body


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


def test_request_id_and_trace_are_kept_or_made(world: World) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sent = {"x-request-id": "mine", "traceparent": trace}
    answer = world.call("GET", "/v1/stock/1", headers=sent)
    assert answer.headers["x-request-id"] == "mine"
    assert sent.items() <= world.backend.seen.items()
    made = world.call("GET", "/v1/stock/1").headers["x-request-id"]
    assert made == world.backend.seen["x-request-id"] != "mine"


def test_a_good_token_passes_on_to_the_service(world: World) -> None:
    headers = bearer(world.keys.mint(1, "customer"))
    assert world.call("GET", "/v1/stock/1", headers=headers).status_code == 200
    assert world.backend.seen["authorization"] == headers["authorization"]


@pytest.mark.parametrize(
    "bent",
    [
        {"aud": "other"},
        {"iss": "https://elsewhere.example"},
        {"kid": "svc-order-1"},
    ],
    ids=["audience", "issuer", "key"],
)
def test_a_bad_token_is_refused(world: World, bent: dict[str, Any]) -> None:
    headers = bearer(world.keys.mint(1, "customer", **bent))
    assert_refused(world.call("GET", "/v1/stock/1", headers=headers), 401, 16, "UNAUTHENTICATED")


def test_a_token_that_is_none_is_refused(world: World) -> None:
    answer = world.call("GET", "/v1/stock/1", headers=bearer("no.token"))
    assert_refused(answer, 401, 16, "UNAUTHENTICATED")


def test_an_expired_token_is_told_from_a_bad_one(world: World) -> None:
    headers = bearer(world.keys.mint(1, "customer", ttl_s=-60))
    assert_refused(world.call("GET", "/v1/stock/1", headers=headers), 401, 16, "TOKEN_EXPIRED")


def test_a_clock_may_be_30_s_off(world: World) -> None:
    headers = bearer(world.keys.mint(1, "customer", ttl_s=-10))
    assert world.call("GET", "/v1/stock/1", headers=headers).status_code == 200


def test_a_service_does_not_come_in_from_outside(world: World) -> None:
    own = bearer(world.keys.mint_service("order"))
    assert_refused(world.call("GET", "/v1/stock/1", headers=own), 401, 16, "UNAUTHENTICATED")
    claimed = bearer(world.keys.mint(1, "service"))
    answer = world.call("GET", "/v1/stock/1", headers=claimed)
    assert_refused(answer, 403, 7, "ROLE_NOT_ALLOWED")


def test_bad_json_is_refused(world: World) -> None:
    assert_refused(world.call("PUT", "/v1/stock/1", data="{bad"), 400, 3, "MALFORMED_JSON")
    answer = world.call("PUT", "/v1/stock/1", json={"on_hand": "many"})
    assert "on_hand" in assert_refused(answer, 400, 3, "MALFORMED_JSON")["message"]


def test_an_unknown_query_parameter_is_named(world: World) -> None:
    answer = world.call("GET", "/v1/stock/1?colour=red")
    assert "colour" in assert_refused(answer, 400, 3, "MALFORMED_PARAMETER")["message"]


def test_a_path_of_the_wrong_type_is_refused(world: World) -> None:
    assert_refused(world.call("GET", "/v1/stock/abc"), 400, 3, "MALFORMED_PARAMETER")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nothing"), ("DELETE", "/v1/stock/1"), ("POST", GET_STOCK)],
    ids=["path", "method", "json to gRPC"],
)
def test_an_unknown_path_is_not_found(world: World, method: str, path: str) -> None:
    assert_refused(world.call(method, path), 404, 5, "NOT_FOUND")


def test_a_long_body_is_refused(world: World) -> None:
    answer = world.call("PUT", "/v1/stock/1", json={"request_id": "x" * (1 << 20)})
    assert_refused(answer, 413, 3, "TOO_LARGE")


def test_odd_http_is_refused(world: World) -> None:
    long = world.call("GET", "/v1/stock/1", headers={"x-long": "x" * 100_000})
    assert_refused(long, 431, 3, "TOO_LARGE")
    odd = world.call("GET", "/v1/stock/1", headers={"under_score": "x"})
    assert_refused(odd, 400, 3, "MALFORMED_HTTP")


def test_a_service_that_does_not_answer_is_not_waited_for(world: World) -> None:
    answer = world.call("GET", f"/v1/stock/{NEVER_ANSWERED}")
    assert_refused(answer, 504, 4, "DEADLINE_EXCEEDED")


def test_one_user_cannot_take_it_all(world: World) -> None:
    headers = bearer(world.keys.mint(77, "customer"))
    answers = (world.call("GET", "/v1/stock/1", headers=headers) for _ in range(100 * USER_PER_S))
    assert_refused(next(a for a in answers if a.status_code != 200), 429, 8, "OVERLOADED")
    others = bearer(world.keys.mint(78, "customer"))
    assert world.call("GET", "/v1/stock/1", headers=others).status_code == 200


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


def grpc_refusal(world: World, path: str, token: str = "") -> tuple[grpc.StatusCode, str]:
    metadata = tuple(bearer(token).items()) if token else ()
    with pytest.raises(grpc.RpcError) as caught:
        world.channel.unary_unary(path)(b"", metadata=metadata, timeout=10)
    trailers = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert status.code == caught.value.code().value[0]
    assert info.domain == "souk.gateway"
    return caught.value.code(), info.reason


def test_grpc_callers_get_the_same_details(world: World) -> None:
    unauthenticated, denied = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
    assert grpc_refusal(world, GET_STOCK, "bad") == (unauthenticated, "UNAUTHENTICATED")
    wrong = world.keys.mint(1, "customer", aud="other")
    assert grpc_refusal(world, GET_STOCK, wrong) == (unauthenticated, "UNAUTHENTICATED")
    service = world.keys.mint(1, "service")
    assert grpc_refusal(world, GET_STOCK, service) == (denied, "ROLE_NOT_ALLOWED")
    unknown = (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")
    assert grpc_refusal(world, "/souk.nowhere.v1.Nothing/Nothing") == unknown


def test_a_backend_that_is_down_is_unavailable(place: Path, descriptor_set: Path) -> None:
    keys = Keys(place / "keys").make()
    nobody = {"inventory": [("127.0.0.1", 1)]}
    with Envoy(
        place / "envoy", services=nobody, jwks_file=keys.jwks_file, descriptor_set=descriptor_set
    ) as envoy:
        read = requests.get(f"{envoy.url}/v1/stock/1", timeout=10)
        assert_refused(read, 503, 14, "UNAVAILABLE")
        write = requests.put(f"{envoy.url}/v1/stock/1", json={}, timeout=10)
        assert_refused(write, 503, 14, "UNAVAILABLE")
        with grpc.insecure_channel(envoy.address) as channel, pytest.raises(grpc.RpcError) as no:
            channel.unary_unary(GET_STOCK)(b"", timeout=10)
        assert no.value.code() == grpc.StatusCode.UNAVAILABLE


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
