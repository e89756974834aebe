"""The stack that all contract tests share, and ways to send to it what a good client would not."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import grpc
import requests
from contract_examples import EXAMPLES, Example, Place
from contract_fields import Requests
from google.protobuf import json_format
from soukdev.contracts import Contracts, Method
from soukdev.envoy import Envoy
from soukdev.json_client import refusal_of
from soukdev.keys import AUTH_KEY_ID
from soukdev.refusal import Refused
from soukdev.souk import Souk

# Whose token is taken where it does not matter.
_ROLES = ("CUSTOMER", "OPERATOR", "MERCHANT", "SUPPLIER", "SERVICE")


class World:
    """A stack, and what is known of each method."""

    def __init__(self, souk: Souk) -> None:
        self.souk = souk
        self.contracts: Contracts = souk.contracts
        self.place = Place(souk)
        self._rules: dict[str, Requests] = {}
        self._read: dict[str, Example] = {}
        self._rest = requests.Session()
        self._rest.trust_env = False

    @property
    def keys(self) -> Any:
        return self.souk.stack.keys

    @property
    def gateway_url(self) -> str:
        assert self.souk.stack.gateway
        return self.souk.stack.gateway.url

    @cached_property
    def gateway(self) -> grpc.Channel:
        """For native gRPC."""
        assert self.souk.stack.gateway
        return grpc.insecure_channel(self.souk.stack.gateway.address)

    @cached_property
    def lonely_gateway(self) -> Envoy:
        """As the other one, but no service is there."""
        stack = self.souk.stack
        return Envoy(
            stack.folder / "lonely-envoy",
            services={context: [("127.0.0.1", 1)] for context in stack.services},
            jwks_file=self.keys.jwks_file,
            descriptor_set=stack.descriptor_set,
        ).start()

    def close(self) -> None:
        self._rest.close()
        if "lonely_gateway" in self.__dict__:
            self.lonely_gateway.stop()
        if "gateway" in self.__dict__:
            self.gateway.close()

    def method(self, name: str) -> Method:
        """inventory.SetStock"""
        return next(m for m in self.contracts.methods() if short_name(m) == name)

    def rules(self, method: Method) -> Requests:
        if method.path not in self._rules:
            self._rules[method.path] = Requests(self.contracts, method)
        return self._rules[method.path]

    def example(self, method: Method) -> Example:
        """Of its own for a method that changes something, and for one that looks at a saga."""
        name = short_name(method)
        if method.mutates or method.name.startswith("Handle") or method.context == "ops":
            return EXAMPLES[name](self.place)
        if name not in self._read:
            self._read[name] = EXAMPLES[name](self.place)
        return self._read[name]

    def request(self, method: Method, example: Example) -> Any:
        """The example's, with a fresh request_id."""
        fields = dict(example.fields)
        if method.mutates:
            fields["request_id"] = self.souk.request_id()
        return self.contracts.message(method.request.full_name)(**fields)

    def token(self, method: Method) -> str | None:
        """Of somebody who may call the method."""
        return next((self.place.tokens[r] for r in _ROLES if r in method.roles), None)

    def token_outside(self, method: Method) -> str | None:
        """Of somebody who may call it through the gateway."""
        return next((self.place.tokens[r] for r in _ROLES[:-1] if r in method.roles), None)

    def send(
        self,
        method: Method,
        request: Any,
        token: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
        channel: grpc.Channel | None = None,
        timeout_s: float = 20,
    ) -> Any:
        """The answer's message, or Refused. request: a message, or bytes that need not be one."""
        future = self.start(
            method, request, token, headers=headers, path=path, channel=channel, timeout_s=timeout_s
        )
        return self.result(method, future)

    def start(
        self,
        method: Method,
        request: Any,
        token: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
        channel: grpc.Channel | None = None,
        timeout_s: float = 20,
    ) -> Any:
        """As send, but does not wait."""
        metadata = list((headers or {}).items())
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        call = (channel or self.souk.client(process_of(method)).channel).unary_unary(
            path or method.path
        )
        packed = request if isinstance(request, bytes) else request.SerializeToString()
        return call.future(packed, metadata=metadata, timeout=timeout_s)

    def result(self, method: Method, future: Any) -> Any:
        try:
            answer = future.result()
        except grpc.RpcError as error:
            raise self.souk.client(process_of(method)).refusal(error) from None
        return self.contracts.message(method.response.full_name).FromString(answer)

    def send_example(self, method: Method, example: Example, request: Any) -> Any:
        return self.send(method, request, example.token, headers=example.headers)

    def send_too_late(self, method: Method, example: Example, request: Any) -> str:
        """The grpc-status ("" when the stream was reset). grpcio would not even send it."""
        packed = request.SerializeToString()
        headers = {
            "content-type": "application/grpc",
            "te": "trailers",
            "grpc-timeout": "0n",
            **example.headers,
            **({"authorization": f"Bearer {example.token}"} if example.token else {}),
        }
        words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        port = self.souk.stack.services[process_of(method)].port
        command = [
            *("curl", "--silent", "--noproxy", "*", "--http2-prior-knowledge", "--max-time", "20"),
            *("--dump-header", "-", "--output", "/dev/null", "--data-binary", "@-"),
            *words,
            f"http://127.0.0.1:{port}{method.path}",
        ]
        framed = b"\0" + len(packed).to_bytes(4, "big") + packed
        said: bytes = subprocess.run(
            command, input=framed, stdout=subprocess.PIPE, check=False
        ).stdout
        lines = [line.split(":", 1) for line in said.decode().splitlines() if ":" in line]
        return {name.strip(): value.strip() for name, value in lines}.get("grpc-status", "")

    def rest(
        self, method: Method, request: Any, token: str | None = None, **options: Any
    ) -> requests.Response:
        """By JSON, through the gateway. headers, url, data, path_start: not what they would be.

        Asked again where a busy machine was too slow for it, but for another url.
        """
        assert method.rest
        path, body = method.rest.path, method.rest.body
        named = self.contracts.message(method.request.full_name)()
        named.CopyFrom(request)
        if body not in ("", "*"):
            named.ClearField(body)
        fields = json_format.MessageToDict(named, preserving_proto_field_name=True)
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", str(getattr(request, name)))
            fields.pop(name, None)
        headers = dict(options.pop("headers", {}))
        if token:
            headers["authorization"] = f"Bearer {token}"
        if body == "*":
            options.setdefault("data", json.dumps(fields))
            headers.setdefault("content-type", "application/json")
        elif body:
            options.setdefault("data", getattr(request, body).data)
            headers.setdefault("content-type", getattr(request, body).content_type)
        else:
            options.setdefault("params", fields)
        is_patient = "url" not in options
        url = options.pop("url", self.gateway_url) + options.pop("path_start", "") + path

        def ask() -> requests.Response:
            verb = method.rest.verb if method.rest else ""
            return self._rest.request(verb, url, headers=headers, timeout=20, **options)

        return _known(ask) if is_patient else ask()

    def forged(self, token: str, kind: str) -> str:
        """`token` as somebody without our keys would have it."""
        _, claims, _ = token.split(".")
        header = {"typ": "JWT", "kid": AUTH_KEY_ID, "alg": "none"}
        if kind == "alg none":
            return f"{_part(json.dumps(header))}.{claims}."
        known = json.loads(self.keys.keys_file.read_text())["keys"]
        public = next(key["public_key_pem"] for key in known if key["kid"] == AUTH_KEY_ID)
        signed = f"{_part(json.dumps(header | {'alg': 'HS256'}))}.{claims}"
        mac = hmac.new(public.encode(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_part(mac)}"

    def bent_token(self, method: Method, **bent: Any) -> str:
        """A token of a role that may call the method, but for what is bent."""
        role = next(r for r in _ROLES if r in method.roles)
        if role == "SERVICE":
            return str(self.keys.mint_service("order", **bent))
        ids = {"shop_id": self.place.shop_id} if role == "MERCHANT" else {}
        return str(self.keys.mint(self.place.user_id, role.lower(), **ids, **bent))

    def unsigned_by_us(self, method: Method) -> str:
        """Names a key that nobody has."""
        header, claims, signature = self.bent_token(method).split(".")
        known = json.loads(base64.urlsafe_b64decode(header + "=="))
        return f"{_part(json.dumps(known | {'kid': 'auth-9'}))}.{claims}.{signature}"

    def times_recorded(self, method: Method, request: Any) -> int:
        """Under how many callers the service knows the request's id."""
        rows = self.souk.sql(
            process_of(method),
            "SELECT COUNT(*) AS n FROM request WHERE method = "
            f"'{method.path}' AND request_id = '{request.request_id}'",
        )
        return int(rows[0]["n"])

    def outcome(self, method: Method, request: Any, token: str | None, example: Example) -> str:
        """ "OK", or code and reason."""
        try:
            self.send(method, request, token, headers=example.headers)
        except Refused as refused:
            return f"{refused.code} {refused.reason}"
        return "OK"


def process_of(method: Method) -> str:
    """Which service is asked: the operators' desk is in each that has sagas."""
    return "order" if method.context == "ops" else method.context


def short_name(method: Method) -> str:
    """inventory.SetStock"""
    return f"{method.context}.{method.name}"


def patient(call: Any, tries_s: float = 60) -> Any:
    """As long as the same request is still being worked on."""
    deadline = time.monotonic() + tries_s
    while True:
        try:
            return call()
        except Refused as refused:
            if refused.code != "ABORTED" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _known(ask: Callable[[], requests.Response], tries_s: float = 60) -> requests.Response:
    """As long as nobody knows how it ended: the same may be asked again."""
    deadline = time.monotonic() + tries_s
    while True:
        answer = ask()
        unknown = answer.status_code in (503, 504) or _is_worked_on(answer)
        if not unknown or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)


def _is_worked_on(answer: requests.Response) -> bool:
    return answer.status_code == 409 and refusal_of(answer).reason == "REQUEST_IN_PROGRESS"


def _part(what: str | bytes) -> str:
    packed = what.encode() if isinstance(what, str) else what
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
