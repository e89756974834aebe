"""How many cells there have to be, found out another way than contract_cases does.

From the text of the .proto files and from the bare descriptors, with none of the code that makes
the cells: what is forgotten there is missed here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
)
from soukdev import paths

# souk.common.v1.FieldRules, in extension 50001, by number.
_RULES_TAG = b"\x8a\xb5\x18"
_REQUIRED, _MIN, _MAX, _MAX_LEN, _MIN_ITEMS, _MAX_ITEMS, _PATTERN = range(1, 8)
_RPC = re.compile(r"^  rpc (\w+)\((\w+)\).*?^  }$", re.MULTILINE | re.DOTALL)
_NATURAL_KEYS = 7
_KEYS_WITH_BODY = 2
_ONE_FOR_ALL = 1
_OF_ALL = (
    "nested too deep",
    "garbage",
    "unknown fields",
    "oversized",
    "deadline over",
    "cancelled",
    "unknown method",
)
_OF_CALLERS = (
    "expired token",
    "token for others",
    "unknown key",
    "unsigned token",
    "token signed with the public key",
)
_NOBODYS = {"category_id", "category_ids"}
_OWNERS = {"CUSTOMER", "MERCHANT", "SUPPLIER"}
_EVERYBODY = _OWNERS | {"OPERATOR", "SERVICE"}


class Rpc:
    """One method, as its text has it."""

    def __init__(
        self, package: str, match: re.Match[str], messages: dict[str, DescriptorProto]
    ) -> None:
        self.name, request = match[1], match[2]
        text = match[0]
        self.roles = set(re.findall(r"ROLE_(\w+)", text))
        self.mutates = "mutates: true" in text
        self.has_path = "google.api.http" in text
        self.has_body = 'body: "' in text
        self.body_is_all = 'body: "*"' in text
        self.fields = list(_fields(f".{package}.{request}", messages))

    def has(self, *rules: int) -> bool:
        """Is there a field with one of these rules?"""
        return any(rule in set(_rules(field)) for field in self.fields for rule in rules)

    def has_type(self, *types: "FieldDescriptorProto.Type.ValueType") -> bool:
        return any(field.type in types for field in self.fields)

    @property
    def has_list(self) -> bool:
        return any(field.label == FieldDescriptorProto.LABEL_REPEATED for field in self.fields)

    @property
    def has_time(self) -> bool:
        return any(field.type_name == ".google.protobuf.Timestamp" for field in self.fields)

    @property
    def has_id(self) -> bool:
        names = {field.name for field in self.fields}
        return any(name.endswith(("_id", "_ids")) for name in names - {"request_id"} - _NOBODYS)


def rpcs() -> list[Rpc]:
    """Every method of ours."""
    files = FileDescriptorSet.FromString(paths.DESCRIPTOR_SET.read_bytes())
    messages = {
        f".{file.package}.{message.name}": message
        for file in files.file
        for message in file.message_type
    }
    return [
        Rpc(_package(text), match, messages)
        for text in (file.read_text() for file in _protos())
        for match in _RPC.finditer(text)
    ]


def expected() -> dict[str, int]:
    """Cells of each case."""
    text = FieldDescriptorProto.TYPE_STRING
    all_of = rpcs()
    known = [rpc for rpc in all_of if "PUBLIC_SIGNED" not in rpc.roles]
    closed = [rpc for rpc in known if "ANONYMOUS" not in rpc.roles]
    limited = [rpc for rpc in all_of if rpc.has(_MIN, _MAX) or rpc.has_time]
    texts = [rpc for rpc in all_of if rpc.has_type(text)]
    long = [rpc for rpc in all_of if rpc.has_type(text, FieldDescriptorProto.TYPE_BYTES)]
    mutating = [rpc for rpc in all_of if rpc.mutates]
    owned = [rpc for rpc in all_of if rpc.has_id and rpc.roles & _OWNERS]
    public = [rpc for rpc in all_of if rpc.has_path]
    with_fields = [rpc for rpc in all_of if rpc.fields]
    counts = dict.fromkeys(_OF_ALL, len(all_of)) | dict.fromkeys(_OF_CALLERS, len(known))
    return counts | {
        "no token": len(closed),
        "wrong role": sum(bool(_EVERYBODY - rpc.roles) for rpc in known),
        "missing": sum(rpc.mutates or rpc.has(_REQUIRED, _MIN_ITEMS) for rpc in all_of),
        "too long": len(long),
        "out of range": len(limited),
        "unknown enum": sum(rpc.has_type(FieldDescriptorProto.TYPE_ENUM) for rpc in all_of),
        "pattern": sum(rpc.has(_PATTERN) for rpc in all_of),
        "too many": sum(rpc.has_list for rpc in all_of),
        "all fields wrong": len(with_fields),
        "at the limits": len(with_fields),
        "wrong UTF-8": len(texts),
        "cut UTF-8": len(texts),
        "NUL": len(texts),
        "twice": len(mutating),
        "ten times at once": len(mutating),
        "another body": sum(len(rpc.fields) > 1 for rpc in mutating) - _NATURAL_KEYS,
        "another body under the key": _KEYS_WITH_BODY,
        "another caller's request": len(mutating) - _NATURAL_KEYS - _ONE_FOR_ALL,
        "another one's ids": len(owned),
        "JSON": len(public),
        "error as JSON": sum(bool(rpc.fields) for rpc in public),
        "no token as JSON": sum(rpc in closed for rpc in public),
        "no such path": len(public),
        "not JSON": sum(rpc.body_is_all for rpc in public),
        "too large a body": sum(rpc.has_body for rpc in public),
        "service down": len(public),
        "nothing left": len(mutating) + len(all_of) - len(known),
        "internal from outside": len(all_of) - len(public),
    }


def _protos() -> list[Path]:
    return sorted((paths.ROOT / "proto" / "souk").glob("*/v1/*.proto"))


def _package(text: str) -> str:
    found = re.search(r"^package ([\w.]+);$", text, re.MULTILINE)
    assert found
    return found[1]


def _fields(name: str, messages: dict[str, DescriptorProto]) -> Iterator[FieldDescriptorProto]:
    """Of a message and all it holds."""
    for field in messages[name].field:
        yield field
        if field.type == FieldDescriptorProto.TYPE_MESSAGE:
            yield from _fields(field.type_name, messages)


def _rules(field: FieldDescriptorProto) -> Iterator[int]:
    """Numbers of the rules that a field has."""
    packed = field.options.SerializeToString()
    start = packed.find(_RULES_TAG)
    if start < 0:
        return
    size, at = _varint(packed, start + len(_RULES_TAG))
    end = at + size
    while at < end:
        tag, at = _varint(packed, at)
        value, at = _varint(packed, at)
        if tag & 7 == 2:
            at += value
        yield tag >> 3


def _varint(packed: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = packed[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
