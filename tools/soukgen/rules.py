"""Limits of fields as io/pb_check.h wants them, with what holds where the contract is silent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor

from soukgen import contracts, names

INT64_MAX = 2**63 - 1
STRING_MAX = 256
BYTES_MAX = 65536
ITEMS_MAX = 100
REQUEST_ID = "request_id"
REQUEST_ID_MAX = 64

# What a kind is called, and what its numbers can be; uint64 as far as the options' int64 reaches.
KINDS: dict[int, tuple[str, tuple[int, int] | None]] = {
    FieldDescriptor.TYPE_INT32: ("PB_INT32", (-(2**31), 2**31 - 1)),
    FieldDescriptor.TYPE_INT64: ("PB_INT64", (-(2**63), INT64_MAX)),
    FieldDescriptor.TYPE_UINT32: ("PB_UINT32", (0, 2**32 - 1)),
    FieldDescriptor.TYPE_UINT64: ("PB_UINT64", (0, INT64_MAX)),
    FieldDescriptor.TYPE_SINT32: ("PB_SINT32", (-(2**31), 2**31 - 1)),
    FieldDescriptor.TYPE_SINT64: ("PB_SINT64", (-(2**63), INT64_MAX)),
    FieldDescriptor.TYPE_FIXED32: ("PB_FIXED32", (0, 2**32 - 1)),
    FieldDescriptor.TYPE_FIXED64: ("PB_FIXED64", (0, INT64_MAX)),
    FieldDescriptor.TYPE_SFIXED32: ("PB_SFIXED32", (-(2**31), 2**31 - 1)),
    FieldDescriptor.TYPE_SFIXED64: ("PB_SFIXED64", (-(2**63), INT64_MAX)),
    FieldDescriptor.TYPE_BOOL: ("PB_BOOL", None),
    FieldDescriptor.TYPE_ENUM: ("PB_ENUM", None),
    FieldDescriptor.TYPE_STRING: ("PB_STRING", None),
    FieldDescriptor.TYPE_BYTES: ("PB_BYTES", None),
    FieldDescriptor.TYPE_MESSAGE: ("PB_MESSAGE", None),
}

# What the comments of Google's own files promise; nobody can put our options there.
GOOGLE_RANGES = {
    "google.protobuf.Timestamp.seconds": (-62135596800, 253402300799),
    "google.protobuf.Timestamp.nanos": (0, 999999999),
    "google.protobuf.Duration.seconds": (-315576000000, 315576000000),
    "google.protobuf.Duration.nanos": (-999999999, 999999999),
}


@dataclass(frozen=True)
class FieldRule:
    """One row of a table."""

    name: str
    number: int
    kind: str
    repeated: bool
    required: bool
    in_oneof: bool
    range: tuple[int, int] | None
    max_len: int
    min_items: int
    max_items: int
    pattern: str
    values: EnumDescriptor | None
    message: Descriptor | None


def fields_by_number(message: Descriptor) -> list[FieldDescriptor]:
    """As tables have them."""
    return sorted(message.fields, key=lambda field: field.number)


def field_rule(of: contracts.Contracts, field: FieldDescriptor, is_request_id: bool) -> FieldRule:
    """The field's row; the id of a mutating request is required whatever its options say."""
    limits = of.limits(field)
    kind, _ = KINDS[field.type]
    return FieldRule(
        name=field.name,
        number=field.number,
        kind=kind,
        repeated=field.is_repeated,
        required=is_request_id or bool(limits and limits.required),
        in_oneof=field.containing_oneof is not None,
        range=_range(field, limits),
        max_len=_max_len(field, limits, is_request_id),
        min_items=limits.min_items if limits else 0,
        max_items=_max_items(field, limits),
        pattern=limits.pattern if limits else "",
        values=field.enum_type,
        message=field.message_type,
    )


def _range(field: FieldDescriptor, limits: Any) -> tuple[int, int] | None:
    if not limits:
        return GOOGLE_RANGES.get(field.full_name)
    if not limits.HasField("min") and not limits.HasField("max"):
        return None
    return limits.min, limits.max if limits.HasField("max") else INT64_MAX


def _max_len(field: FieldDescriptor, limits: Any, is_request_id: bool) -> int:
    if limits and limits.HasField("max_len"):
        return int(limits.max_len)
    if is_request_id:
        return REQUEST_ID_MAX
    return {FieldDescriptor.TYPE_STRING: STRING_MAX, FieldDescriptor.TYPE_BYTES: BYTES_MAX}.get(
        field.type, 0
    )


def _max_items(field: FieldDescriptor, limits: Any) -> int:
    if not field.is_repeated:
        return 0
    return limits.max_items if limits and limits.HasField("max_items") else ITEMS_MAX


def why_not_in_request(of: contracts.Contracts, message: Descriptor) -> str | None:
    """What keeps `message` out of any request, or None."""
    return next(_obstacles(of, message, ()), None)


def _obstacles(
    of: contracts.Contracts, message: Descriptor, above: tuple[Descriptor, ...]
) -> Iterator[str]:
    path = ".".join([*(outer.name for outer in above), message.name])
    if message in above:
        yield f"{path} is recursive"
        return
    if of.route(message):
        yield f"{path} is an event"
    if message.name.endswith("Response"):
        yield f"{path} is an answer"
    for field in message.fields:
        if contracts.is_map(field):
            yield f"{path}.{field.name} is a map: use a list of messages"
        elif field.type not in KINDS:
            yield f"{path}.{field.name} is no integer: only those are exact and have limits"
        elif field.message_type:
            yield from _obstacles(of, field.message_type, (*above, message))


def with_rules(of: contracts.Contracts, file: FileDescriptor) -> list[Descriptor]:
    """The messages that get a table: all that a request may hold, of this file or another.

    Which ones requests do hold cannot be known here: other files may use them.
    """
    return [
        message for message in contracts.messages_of(file) if not why_not_in_request(of, message)
    ]


def is_ours(file: FileDescriptor) -> bool:
    """Files of others have no rules of their own and get no C from us."""
    return file.name.startswith("souk/")


def foreign(messages: list[Descriptor]) -> list[Descriptor]:
    """Messages of others that `messages` hold, each behind those it holds itself."""
    found: dict[str, Descriptor] = {}

    def visit(message: Descriptor) -> None:
        for field in message.fields:
            inner = field.message_type
            if inner and not is_ours(inner.file) and inner.full_name not in found:
                visit(inner)
                found[inner.full_name] = inner

    for message in messages:
        visit(message)
    return list(found.values())


def rule_name(message: Descriptor) -> str:
    """Those of other people's messages are static in each file that needs them."""
    if is_ours(message.file):
        return f"{names.short_lower(message)}_rule"
    return f"{names.pb_lower(message).replace('__', '_')}_rule"
