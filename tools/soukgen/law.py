"""What our contracts must not do. Every breach is told, with the place and the way out."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)

from soukgen import contracts, names, rules

DEADLINE_MS_MAX = 60000
STREAM_DEADLINE_MS_MAX = 3600000
EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}")
TOPIC = re.compile(r"[a-z][a-z0-9._-]*")

# What many services serve alike, each about itself: a gateway could not tell them apart.
OPS = "souk.ops."

TEXTS = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)


def breaches(of: contracts.Contracts, file: FileDescriptor) -> Iterator[str]:
    """One line for each; none for a file that declares options, which is not a contract."""
    if of.declares_options(file):
        return
    for where, what in _breaches(of, file):
        yield f"{file.name}: {where}: {what}"


def _breaches(of: contracts.Contracts, file: FileDescriptor) -> Iterator[tuple[str, str]]:
    for message in contracts.messages_of(file):
        yield from _message(of, message)
    for enum in contracts.enums_of(file):
        yield from _enum(enum)
    for service in contracts.services_of(file):
        yield from _service(of, service)
    yield from _name_clashes(file)
    for type_, count in Counter(of.route(message).type for message in of.events(file)).items():
        if count > 1:
            yield type_, "several events have this type"


def _name_clashes(file: FileDescriptor) -> Iterator[tuple[str, str]]:
    """Outer.Inner and OuterInner are one name in C."""
    types: list[names.Type] = [*contracts.messages_of(file), *contracts.enums_of(file)]
    for lower, count in Counter(names.short_lower(of) for of in types).items():
        if count > 1:
            yield lower, "several messages or enums have this name in C"


def _message(of: contracts.Contracts, message: Descriptor) -> Iterator[tuple[str, str]]:
    route = of.route(message)
    is_checked = not route and not message.name.endswith("Response")
    optionals = contracts.proto3_optionals(message)
    for field in message.fields:
        where = f"{'.'.join(names.pieces(message))}.{field.name}"
        if field.name in optionals:
            yield where, "proto3 `optional` is unknown to protoc-c"
        if field.name == "base":
            yield where, "protoc-c calls the start of every message so"
        limits = of.limits(field)
        if limits and not is_checked:
            yield where, "limits are for requests; nobody checks an answer or an event"
        elif limits:
            for what in _limits(field, limits):
                yield where, what
    if route:
        for what in _route(message, route):
            yield message.name, what


def _limits(field: FieldDescriptor, limits: Any) -> Iterator[str]:
    """Limits that do not fit the field's kind, then those that no value can meet."""
    yield from _misplaced(field, limits)
    _, bounds = rules.KINDS.get(field.type, ("", None))
    if bounds:
        low = limits.min
        high = limits.max if limits.HasField("max") else rules.INT64_MAX
        if low > high:
            yield "min is above max"
        if low < bounds[0] or (limits.HasField("max") and high > bounds[1]):
            yield "the range is wider than the type"
    if limits.HasField("max_len") and limits.max_len < 1:
        yield "max_len is below 1"
    if limits.HasField("max_items") and limits.max_items < 1:
        yield "max_items is below 1"
    max_items = limits.max_items if limits.HasField("max_items") else rules.ITEMS_MAX
    if not 0 <= limits.min_items <= max_items:
        yield f"min_items is not between 0 and max_items ({max_items})"
    if limits.HasField("pattern") and not re.fullmatch(r"\^.*\$", limits.pattern, re.DOTALL):
        yield "pattern is not anchored: it has to be ^...$"


def _misplaced(field: FieldDescriptor, limits: Any) -> Iterator[str]:
    _, bounds = rules.KINDS.get(field.type, ("", None))
    places = {
        "min": (bounds is not None, "an integer"),
        "max": (bounds is not None, "an integer"),
        "max_len": (field.type in TEXTS, "a string or bytes"),
        "pattern": (field.type == FieldDescriptor.TYPE_STRING, "a string"),
        "min_items": (field.is_repeated, "a list"),
        "max_items": (field.is_repeated, "a list"),
    }
    for option, (is_in_place, kind) in places.items():
        if limits.HasField(option) and not is_in_place:
            yield f"{option} is for {kind}"
    if limits.required and field.containing_oneof:
        yield "a member of a oneof cannot be required"
    if limits.required and field.type == FieldDescriptor.TYPE_BOOL and not field.is_repeated:
        yield "a required bool could only be true"


def _route(message: Descriptor, route: Any) -> Iterator[str]:
    if not EVENT_TYPE.fullmatch(route.type):
        yield "the event's type is not word.word or word.word.word"
    if not TOPIC.fullmatch(route.topic):
        yield "the event has no topic, or one with other letters than a-z0-9._-"
    key = message.fields_by_name.get(route.key)
    if not key or not _is_plain(key, FieldDescriptor.TYPE_INT64):
        yield f'the event\'s key "{route.key}" is no int64 field of it'
    version = message.fields_by_name.get("version")
    if not version or not _is_plain(version, FieldDescriptor.TYPE_INT64):
        yield "the event has no `int64 version` of what it tells of"


def _is_plain(field: FieldDescriptor, kind: int) -> bool:
    return field.type == kind and not field.is_repeated and not field.containing_oneof


def _enum(enum: EnumDescriptor) -> Iterator[tuple[str, str]]:
    if enum.name != contracts.REASONS:
        return
    if enum.containing_type:
        yield enum.name, "reasons are declared outside of messages"
    for value in enum.values:
        if not value.name.startswith(names.REASON_PREFIX):
            yield f"{enum.name}.{value.name}", f"does not start with {names.REASON_PREFIX}"


def _service(of: contracts.Contracts, service: ServiceDescriptor) -> Iterator[tuple[str, str]]:
    if not service.name.removesuffix("Service") or not service.name.endswith("Service"):
        yield service.name, "is not called SomethingService"
    for method in service.methods:
        for what in _method(of, method):
            yield f"{service.name}.{method.name}", what


def _method(of: contracts.Contracts, method: MethodDescriptor) -> Iterator[str]:
    if method.input_type.file != method.containing_service.file:
        yield "its request is declared in another file"
    elif obstacle := rules.why_not_in_request(of, method.input_type):
        yield f"cannot be asked: {obstacle}"
    if method.output_type.file != method.containing_service.file:
        yield "its answer is declared in another file"

    policy = of.policy(method)
    if policy:
        yield from _policy(of, method, policy)
    else:
        yield "has no policy"


def _policy(of: contracts.Contracts, method: MethodDescriptor, policy: Any) -> Iterator[str]:
    yield from _roles(of, method, policy)
    yield from _request_id(of, method, policy)
    longest = STREAM_DEADLINE_MS_MAX if contracts.streams(method) else DEADLINE_MS_MAX
    if policy.HasField("deadline_ms") and not 1 <= policy.deadline_ms <= longest:
        yield f"deadline_ms is not between 1 and {longest}"
    if policy.HasField("weight") and policy.weight < 1:
        yield "weight is below 1"


def _roles(of: contracts.Contracts, method: MethodDescriptor, policy: Any) -> Iterator[str]:
    roles = of.role_names(policy)
    if not roles:
        yield "lists no roles"
    if "ROLE_UNSPECIFIED" in roles:
        yield "ROLE_UNSPECIFIED is nobody"
    if method.containing_service.file.package.startswith(OPS):
        if roles != ["ROLE_OPERATOR"] or of.http(method):
            yield "is served by many services: for ROLE_OPERATOR alone, not over google.api.http"
        return
    is_public = any(role != "ROLE_SERVICE" for role in roles)
    if is_public and contracts.streams(method):
        yield "streams and is open to more than services: the gateway's JSON knows no streams"
    elif is_public and not of.http(method):
        yield "is open to more than services and has no google.api.http"
    if roles == ["ROLE_SERVICE"] and of.http(method):
        yield "is for services only, which do not come over google.api.http"


def _request_id(of: contracts.Contracts, method: MethodDescriptor, policy: Any) -> Iterator[str]:
    field = method.input_type.fields_by_name.get(rules.REQUEST_ID)
    if not policy.mutates:
        if field:
            yield "has a request_id but mutates nothing"
        return
    if not field or not _is_plain(field, FieldDescriptor.TYPE_STRING):
        yield f"mutates, so {method.input_type.name} needs `string request_id`"
        return
    limits = of.limits(field)
    if limits and limits.max_len > rules.REQUEST_ID_MAX:
        yield f"request_id is longer than {rules.REQUEST_ID_MAX}"
