"""What is asked of every method: one function a case, and which methods it is for.

A cell is a case of a method. Cells are made for each pair where the case applies; what applies is
said here in terms of the contract, and counted once more by test_contracts.py in terms of the
.proto files' own text.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import contract_golden
import grpc
from contract_examples import Example
from contract_fields import Requests
from contract_leavings import BEGUN, nothing_is_left
from contract_world import World, patient
from google.protobuf.descriptor import FieldDescriptor
from soukdev.contracts import Contracts, Method
from soukdev.json_client import refusal_of
from soukdev.poll import until
from soukdev.refusal import Refused

Applies = Callable[[Method, Requests], bool]
Run = Callable[[World, Method], None]
T = TypeVar("T")

_OWNERS = ("CUSTOMER", "MERCHANT", "SUPPLIER")
# Where the caller makes a key that the thing goes by for good: docs/adr/0009.
NATURAL_KEYS = {
    "EnsureSnapshot",
    "BatchEnsureSnapshots",
    "ReserveStock",
    "ConfirmReservation",
    "ReleaseReservation",
    "RedeemQuote",
    "CancelRedemption",
}
# Of these, the key stands for one body; the others have no body but the key.
_KEY_WITH_BODY = {"ReserveStock": "reservation_id", "RedeemQuote": "redemption_id"}
# There is one at a time, whoever asked for it.
_ONE_FOR_ALL = {"Reindex"}
# What they make is not remembered, so nobody can be told the same again.
_NEW_EACH_TIME = {"CreateQuote", "NewOrderToken"}
_BREACHES = ("missing", "too long", "out of range", "unknown enum", "pattern", "too many")
# Those that leave a path what it is.
_IN_JSON = ("too long", "out of range")
_MALFORMED = "INVALID_ARGUMENT MALFORMED_MESSAGE"


@dataclass(frozen=True)
class Case:
    """refuses: sends nothing but what is refused, and needs nothing to be there."""

    name: str
    applies: Applies
    run: Run
    refuses: bool


@dataclass(frozen=True)
class Cell:
    method: Method
    case: Case

    def __str__(self) -> str:
        return f"{self.method.context}.{self.method.name}-{self.case.name.replace(' ', '_')}"


CASES: list[Case] = []


def case(name: str, applies: Applies, *, refuses: bool = False) -> Callable[[Run], Run]:
    def remember(run: Run) -> Run:
        CASES.append(Case(name, applies, run, refuses))
        return run

    return remember


def cells(contracts: Contracts) -> Iterator[Cell]:
    for method in contracts.methods():
        requests = Requests(contracts, method)
        yield from (Cell(method, case) for case in CASES if case.applies(method, requests))


# Which methods a case is for.


def _all(_: Method, __: Requests) -> bool:
    return True


def _asks_who(method: Method, _: Requests) -> bool:
    return "PUBLIC_SIGNED" not in method.roles


def _leaves_somebody_out(method: Method, requests: Requests) -> bool:
    return _asks_who(method, requests) and bool({*_OWNERS, "OPERATOR", "SERVICE"} - method.roles)


def _not_for_all(method: Method, _: Requests) -> bool:
    return not {"PUBLIC_SIGNED", "ANONYMOUS"} & method.roles


def _mutates(method: Method, _: Requests) -> bool:
    return method.mutates


def _writes(method: Method, _: Requests) -> bool:
    return method.mutates or "PUBLIC_SIGNED" in method.roles


def _claims(method: Method, requests: Requests) -> bool:
    return method.mutates and method.name not in NATURAL_KEYS and len(requests.spots) > 1


def claims_for_itself(method: Method, _: Requests) -> bool:
    return method.mutates and method.name not in NATURAL_KEYS | _ONE_FOR_ALL


def _has_key_and_body(method: Method, _: Requests) -> bool:
    return method.name in _KEY_WITH_BODY


def _has(kind: str) -> Applies:
    return lambda _, requests: any(breach.kind == kind for breach in requests.breaches)


def _has_breach(_: Method, requests: Requests) -> bool:
    return bool(requests.breaches)


def _has_text(_: Method, requests: Requests) -> bool:
    return any(spot.is_text for spot in requests.spots)


def owners(method: Method, requests: Requests) -> list[str]:
    """Roles that own things, where the request names one by its id."""
    ids = [spot for spot in requests.spots if _is_id(spot.field)]
    return [role for role in _OWNERS if role in method.roles and ids]


def callers(method: Method, requests: Requests) -> list[str]:
    """Roles of which another one may send the same request."""
    return owners(method, requests) or ["OPERATOR"]


def _is_id(field: FieldDescriptor) -> bool:
    # Categories belong to nobody.
    return field.name.endswith(("_id", "_ids")) and not field.name.startswith(
        ("request_id", "category_id")
    )


def _has_ids(method: Method, requests: Requests) -> bool:
    return bool(owners(method, requests))


def _is_public(method: Method, _: Requests) -> bool:
    return method.rest is not None


def _is_public_with_breach(method: Method, requests: Requests) -> bool:
    return _is_public(method, requests) and bool(requests.all_broken(_IN_JSON, own=True)[0])


def _is_public_and_asks_who(method: Method, requests: Requests) -> bool:
    return _is_public(method, requests) and _not_for_all(method, requests)


def _has_body(method: Method, _: Requests) -> bool:
    return method.rest is not None and bool(method.rest.body)


def _has_json_body(method: Method, _: Requests) -> bool:
    return method.rest is not None and method.rest.body == "*"


def _is_internal(method: Method, _: Requests) -> bool:
    return method.rest is None


# Callers.


@case("no token", _not_for_all, refuses=True)
def _no_token(world: World, method: Method) -> None:
    assert _refused_valid(world, method, None) == "UNAUTHENTICATED UNAUTHENTICATED"


@case("wrong role", _leaves_somebody_out, refuses=True)
def _wrong_role(world: World, method: Method) -> None:
    for role, token in world.place.tokens.items():
        if role not in method.roles:
            told = _refused_valid(world, method, token)
            assert told == "PERMISSION_DENIED ROLE_NOT_ALLOWED", role


@case("expired token", _asks_who, refuses=True)
def _expired(world: World, method: Method) -> None:
    token = world.bent_token(method, ttl_s=-60)
    assert _refused_valid(world, method, token) == "UNAUTHENTICATED TOKEN_EXPIRED"


@case("token for others", _asks_who, refuses=True)
def _wrong_audience(world: World, method: Method) -> None:
    for bent in ({"aud": "other"}, {"iss": "https://elsewhere.example"}):
        token = world.bent_token(method, **bent)
        assert _refused_valid(world, method, token) == "UNAUTHENTICATED UNAUTHENTICATED"


@case("unknown key", _asks_who, refuses=True)
def _unknown_kid(world: World, method: Method) -> None:
    token = world.unsigned_by_us(method)
    assert _refused_valid(world, method, token) == "UNAUTHENTICATED UNAUTHENTICATED"


@case("unsigned token", _asks_who, refuses=True)
def _alg_none(world: World, method: Method) -> None:
    token = world.forged(world.bent_token(method), "alg none")
    assert _refused_valid(world, method, token) == "UNAUTHENTICATED UNAUTHENTICATED"


@case("token signed with the public key", _asks_who, refuses=True)
def _hs256(world: World, method: Method) -> None:
    token = world.forged(world.bent_token(method), "HS256")
    assert _refused_valid(world, method, token) == "UNAUTHENTICATED UNAUTHENTICATED"


def _refused_valid(world: World, method: Method, token: str | None) -> str:
    """Of a request that is right as far as the contract goes; nobody looked at it."""
    refused = _refusal(world, method, world.rules(method).valid(), token)
    assert not refused.fields
    return f"{refused.code} {refused.reason}"


# Fields.


def _breach_case(kind: str) -> None:
    def run(world: World, method: Method) -> None:
        token = world.token(method)
        for field, request in world.rules(method).broken(kind):
            refused = _refusal(world, method, request, token)
            assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD"), field
            assert set(refused.fields) == {field}, refused

    case(kind, _has(kind), refuses=True)(run)


for _kind in _BREACHES:
    _breach_case(_kind)


@case("all fields wrong", _has_breach, refuses=True)
def _all_wrong(world: World, method: Method) -> None:
    blamed, request = world.rules(method).all_broken(_BREACHES)
    refused = _refusal(world, method, request, world.token(method))
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert set(refused.fields) == blamed


@case("at the limits", _has_breach)
def _at_the_limits(world: World, method: Method) -> None:
    """What the contract allows fits into whatever the service keeps it in."""
    request = world.rules(method).at_the_limits()
    if method.mutates:
        request.request_id = (world.souk.request_id() + "\U0001f36a" * 64)[:64]
    try:
        world.send(method, request, world.token(method))
    except Refused as refused:
        assert refused.code not in ("INTERNAL", "UNKNOWN", "UNAVAILABLE"), refused
        assert refused.reason != "MALFORMED_MESSAGE", refused


def _spoil_case(name: str, bad: bytes) -> None:
    def run(world: World, method: Method) -> None:
        for field, packed in world.rules(method).spoiled(bad):
            refused = _refusal(world, method, packed, world.token(method))
            assert f"{refused.code} {refused.reason}" == _MALFORMED, field
            assert set(refused.fields) == {field}, refused

    case(name, _has_text, refuses=True)(run)


_spoil_case("wrong UTF-8", b"\xff")
_spoil_case("cut UTF-8", b"\xc3")
_spoil_case("NUL", b"\0")


@case("nested too deep", _all, refuses=True)
def _nested(world: World, method: Method) -> None:
    """Contracts do not recurse, so depth comes in unknown fields: as groups, and as bytes."""
    deep = b"\x83\x7d" * 10_000 + b"\x84\x7d" * 10_000
    refused = _refusal(world, method, deep, world.token(method))
    assert f"{refused.code} {refused.reason}" == _MALFORMED


@case("garbage", _all, refuses=True)
def _garbage(world: World, method: Method) -> None:
    valid = world.rules(method).valid().SerializeToString()
    for packed in (b"\xff" * 40, valid + b"\x0a", b"{}", b"\x00\x01", valid + b"\x80" * 11):
        refused = _refusal(world, method, packed, world.token(method))
        assert f"{refused.code} {refused.reason}" == _MALFORMED, packed


@case("unknown fields", _all)
def _unknown_fields(world: World, method: Method) -> None:
    """Of a newer client: a varint, 64 bits, bytes, 32 bits."""
    example = world.example(method)
    newer = b"\x80\x7d\x01" + b"\x81\x7d" + b"8" * 8 + b"\x82\x7d\x02{}" + b"\x85\x7d" + b"4" * 4
    request = world.request(method, example).SerializeToString() + newer
    assert world.send(method, request, example.token, headers=example.headers) is not None


@case("oversized", _all, refuses=True)
def _oversized(world: World, method: Method) -> None:
    padding = b"\x82\x7d" + b"\x80\x80\x80\x01" + bytes(2 << 20)
    refused = _refusal(world, method, padding, world.token(method))
    assert refused.code == "RESOURCE_EXHAUSTED"


# Calls that end early, and that lead nowhere.


@case("deadline over", _all)
def _deadline(world: World, method: Method) -> None:
    example = world.example(method)
    request = world.request(method, example)
    with nothing_is_left(world) if method.mutates else nullcontext():
        assert world.send_too_late(method, example, request) in ("", "4")


@case("cancelled", _all)
def _cancelled(world: World, method: Method) -> None:
    """At once, or on the way: asking again ends it well, and once."""
    for after_s in (0, 0.002):
        example = world.example(method)
        request = world.request(method, example)
        started = world.start(method, request, example.token, headers=example.headers)
        with suppress(grpc.FutureTimeoutError, grpc.FutureCancelledError):
            started.exception(timeout=after_s)
        started.cancel()
        call = partial(world.send_example, method, example, request)
        first = patient(call)
        if method.mutates:
            assert patient(call) == first


@case("unknown method", _all, refuses=True)
def _unknown_method(world: World, method: Method) -> None:
    for path in (f"{method.path}s", f"/{method.service}s/{method.name}"):
        refused = _refusal(world, method, b"", world.token(method), path=path)
        assert f"{refused.code} {refused.reason}" == "UNIMPLEMENTED UNKNOWN_METHOD"


# The same request again.


@case("twice", _mutates)
def _twice(world: World, method: Method) -> None:
    example = world.example(method)
    request = world.request(method, example)
    call = partial(world.send_example, method, example, request)
    assert patient(call) == patient(call)


@case("ten times at once", _mutates)
def _ten_at_once(world: World, method: Method) -> None:
    example = world.example(method)
    request = world.request(method, example)
    call = partial(world.send_example, method, example, request)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: patient(call), range(10)))
    assert answers == answers[:1] * 10
    if method.name not in NATURAL_KEYS:
        assert world.times_recorded(method, request) == 1


@case("another body", _claims)
def _another_body(world: World, method: Method) -> None:
    example = world.example(method)
    request = world.request(method, example)
    first = patient(partial(world.send_example, method, example, request))
    if example.other:
        other = type(request)(request_id=request.request_id, **{**example.fields, **example.other})
    else:
        other = world.rules(method).another(request)
    assert _told(world, method, other, example) == "INVALID_ARGUMENT REQUEST_ID_REUSED"
    assert patient(partial(world.send_example, method, example, request)) == first


@case("another body under the key", _has_key_and_body)
def _another_body_under_the_key(world: World, method: Method) -> None:
    example = world.example(method)
    request = world.request(method, example)
    first = world.send_example(method, example, request)
    other = world.request(method, world.example(method))
    key = _KEY_WITH_BODY[method.name]
    setattr(other, key, getattr(request, key))
    assert _told(world, method, other, example) == "INVALID_ARGUMENT REQUEST_ID_REUSED"
    assert world.send_example(method, example, request) == first


def _told(world: World, method: Method, request: Any, example: Example) -> str:
    return world.outcome(method, request, example.token, example)


# Somebody else.


@case("another caller's request", claims_for_itself)
def _another_caller(world: World, method: Method) -> None:
    """Who sends what another one sent does not get his answer."""
    for role in callers(method, world.rules(method)):
        example = world.example(method)
        request = world.request(method, example)
        first = patient(partial(world.send_example, method, example, request))
        stranger = example.strangers[role]
        assert world.outcome(method, request, stranger.token, example) == stranger.outcome
        assert world.times_recorded(method, request) == (2 if stranger.outcome == "OK" else 1)
        assert patient(partial(world.send_example, method, example, request)) == first


@case("another one's ids", _has_ids)
def _foreign_ids(world: World, method: Method) -> None:
    for role in owners(method, world.rules(method)):
        example = world.example(method)
        stranger = example.strangers[role]
        request = world.request(method, example)
        may_leave = stranger.outcome == "OK" or not method.mutates
        with nullcontext() if may_leave else nothing_is_left(world, _records_of(method)):
            outcome = world.outcome(method, request, stranger.token, example)
        assert outcome == stranger.outcome, role
        if outcome.startswith("NOT_FOUND"):
            _assert_as_if_not_there(world, method, request, stranger.token)
        elif outcome == "OK" and stranger.hidden:
            shown = world.send(method, request, stranger.token)
            assert not [name for name in stranger.hidden if _shows(shown, name)]
            assert [name for name in stranger.hidden if _shows(_own(world, method, example), name)]
        assert _own(world, method, example) is not None


def _records_of(method: Method) -> frozenset[str]:
    """What its refusals may leave."""
    return BEGUN if method.name == "PlaceOrder" else frozenset()


def _own(world: World, method: Method, example: Example) -> Any:
    return patient(partial(world.send_example, method, example, world.request(method, example)))


def _assert_as_if_not_there(world: World, method: Method, request: Any, token: str) -> None:
    """The refusal of what is somebody else's is that of what is nobody's."""
    theirs = _refusal(world, method, request, token)
    spots = [spot for spot in world.rules(method).spots if _is_id(spot.field)]
    nobody = world.souk.new_id()
    for spot in spots:
        spot.put(request, nobody)
    if method.mutates:
        request.request_id = world.souk.request_id()
    none = _refusal(world, method, request, token)
    assert (theirs.code, theirs.reason) == (none.code, none.reason)
    assert _without_ids(theirs) == _without_ids(none)


def _without_ids(refused: Refused) -> tuple[str, set[str], dict[str, str]]:
    message = "".join(letter for letter in refused.message if not letter.isdigit())
    return message, set(refused.metadata), dict(refused.fields)


def _shows(message: Any, name: str) -> bool:
    """Is the field set anywhere in it?"""
    for field, value in message.ListFields():
        if field.name == name:
            return True
        inner = value if field.is_repeated else [value]
        if field.message_type and any(_shows(one, name) for one in inner):
            return True
    return False


# At the gateway.


@case("JSON", _is_public)
def _json(world: World, method: Method) -> None:
    """Says the same as gRPC does, in the form of the golden file."""
    example = world.example(method)
    request = world.request(method, example)
    ask = partial(world.rest, method, request, example.token, headers=example.headers)
    answer = _whole(ask, lambda answer: answer.ok and answer.json().get("partial", False))
    assert answer.status_code == 200, answer.text
    contract_golden.check(method, "answer", answer.json())
    contract_golden.check_types(method.response, answer.json())
    if method.name not in _NEW_EACH_TIME:
        kind = world.contracts.message(method.response.full_name)
        call = partial(world.send_example, method, example, request)
        same = _whole(call, lambda answer: getattr(answer, "partial", False))
        assert contract_golden.parsed(kind, answer.json()) == same


def _whole(ask: Callable[[], T], is_partial: Callable[[T], bool]) -> T:
    """Asks again where a busy machine is slower than an answer waits for its parts."""

    def whole() -> tuple[T] | None:
        answer = ask()
        return None if is_partial(answer) else (answer,)

    return until(whole, 60, "a whole answer")[0]


@case("error as JSON", _is_public_with_breach, refuses=True)
def _json_error(world: World, method: Method) -> None:
    _, request = world.rules(method).all_broken(_IN_JSON, own=True)
    answer = world.rest(method, request, world.token_outside(method))
    assert answer.status_code == 400, answer.text
    assert refusal_of(answer).code == "INVALID_ARGUMENT"
    contract_golden.check(method, "error", answer.json())


@case("no token as JSON", _is_public_and_asks_who, refuses=True)
def _json_without_token(world: World, method: Method) -> None:
    answer = world.rest(method, world.rules(method).valid())
    _assert_rest(answer, 401, "UNAUTHENTICATED UNAUTHENTICATED", f"souk.{method.context}")
    forged = world.rest(method, world.rules(method).valid(), "no.token.atall")
    _assert_rest(forged, 401, "UNAUTHENTICATED UNAUTHENTICATED", "souk.gateway")


@case("no such path", _is_public, refuses=True)
def _no_such_path(world: World, method: Method) -> None:
    answer = world.rest(method, world.rules(method).valid(), path_start="/nowhere")
    _assert_rest(answer, 404, "NOT_FOUND NOT_FOUND", "souk.gateway")


@case("not JSON", _has_json_body, refuses=True)
def _not_json(world: World, method: Method) -> None:
    token = world.token_outside(method)
    for bad in ("{", "[1", '{"request_id": "\\ud800"}', "\xff", '{"a":' * 10_000, "null null"):
        answer = world.rest(method, world.rules(method).valid(), token, data=bad.encode("latin"))
        _assert_rest(answer, 400, "INVALID_ARGUMENT MALFORMED_JSON", "souk.gateway")


@case("too large a body", _has_body, refuses=True)
def _too_large(world: World, method: Method) -> None:
    token = world.token_outside(method)
    data = '{"request_id": "' + "x" * (1 << 20) + '"}'
    answer = world.rest(method, world.rules(method).valid(), token, data=data)
    _assert_rest(answer, 413, "INVALID_ARGUMENT TOO_LARGE", "souk.gateway")


@case("service down", _is_public)
def _service_down(world: World, method: Method) -> None:
    request, token = world.rules(method).valid(), world.token_outside(method)
    answer = world.rest(method, request, token, url=world.lonely_gateway.url)
    _assert_rest(answer, 503, "UNAVAILABLE UNAVAILABLE", "souk.gateway")


@case("internal from outside", _is_internal, refuses=True)
def _internal_from_outside(world: World, method: Method) -> None:
    """What has no path cannot be called through the gateway: not even by a service."""
    valid = world.rules(method).valid()
    service, operator = world.place.tokens["SERVICE"], world.place.operator
    told = _refusal(world, method, valid, service, channel=world.gateway)
    assert f"{told.code} {told.reason}" == "UNAUTHENTICATED UNAUTHENTICATED"
    told = _refusal(world, method, valid, operator, channel=world.gateway)
    is_there = method.roles == {"SERVICE"}
    refused = "PERMISSION_DENIED ROLE_NOT_ALLOWED" if is_there else "UNIMPLEMENTED UNKNOWN_METHOD"
    assert f"{told.code} {told.reason}" == refused


@case("nothing left", _writes)
def _nothing_left(world: World, method: Method) -> None:
    """By all that was refused above, and more of it."""
    with nothing_is_left(world):
        for one in CASES:
            if one.refuses and one.applies(method, world.rules(method)):
                one.run(world, method)


def _assert_rest(answer: Any, status: int, told: str, domain: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"code", "message", "details"}
    refused = refusal_of(answer)
    assert f"{refused.code} {refused.reason}" == told
    assert refused.domain == domain
    assert refused.message


def _refusal(
    world: World, method: Method, request: Any, token: str | None, **options: Any
) -> Refused:
    try:
        answer = world.send(method, request, token, **options)
    except Refused as refused:
        return refused
    raise AssertionError(f"{method.path} is not refused: {answer}")
