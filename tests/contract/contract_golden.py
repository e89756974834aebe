"""Answers of the JSON API as files: golden/inventory.GetStock.json has one answer and one error.

SOUK_WRITE_GOLDEN=1 writes them anew; look at the difference before it is committed.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from soukdev.contracts import Method

_FOLDER = Path(__file__).parent / "golden"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_INT64 = re.compile(r"-?\d+")
# Of lists, but for what is wrong.
_SHOWN = 2
_WHOLE = ("details", "field_violations")
# Differ from run to run without being ids or times.
_OPAQUE = (
    "quote_token",
    "next_page_token",
    "payment_url",
    "task_code",
    "order_no",
    "score",
    "index",
    "reindex_id",
    "items",
)


def check(method: Method, kind: str, said: Any) -> None:
    """kind: "answer" or "error"."""
    file = _FOLDER / f"{method.context}.{method.name}.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    seen = _settled(said)
    if os.environ.get("SOUK_WRITE_GOLDEN"):
        kept[kind] = seen
        file.write_text(json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    assert seen == kept.get(kind), f"not as in {file.name}"


def check_types(message: Descriptor, said: Any) -> None:
    """int64 are strings, enums are names, times are RFC 3339, and nothing is left out or added."""
    single = {field.name for field in message.fields if not _may_be_absent(field)}
    assert single <= set(said) <= {field.name for field in message.fields}, said
    for field in message.fields:
        if field.name in said:
            values = said[field.name] if field.is_repeated else [said[field.name]]
            for value in values:
                _check_value(field, value)


def parsed(message: Any, said: Any) -> Any:
    """JSON as the message that it stands for."""
    return json_format.ParseDict(said, message())


def _check_value(field: FieldDescriptor, value: Any) -> None:
    if field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
        assert _TIME.fullmatch(value), field.full_name
    elif field.message_type:
        check_types(field.message_type, value)
    elif field.enum_type:
        assert value in field.enum_type.values_by_name, field.full_name
    elif field.cpp_type == FieldDescriptor.CPPTYPE_INT64:
        assert isinstance(value, str), field.full_name
        assert _INT64.fullmatch(value), field.full_name
    elif field.cpp_type == FieldDescriptor.CPPTYPE_INT32:
        assert isinstance(value, int), field.full_name


def _may_be_absent(field: FieldDescriptor) -> bool:
    has_presence = field.message_type is not None and not field.is_repeated
    return has_presence or field.containing_oneof is not None


def _settled(said: Any, name: str = "") -> Any:
    """What every run says alike."""
    if isinstance(said, dict):
        return {key: _settled(value, key) for key, value in said.items()}
    if isinstance(said, list):
        shown = len(said) if name in _WHOLE else _SHOWN
        more = [f"and {len(said) - shown} more"] if len(said) > shown else []
        return [_settled(value, name) for value in said[:shown]] + more
    if name in _OPAQUE:
        return f"<{name}>" if said else said
    if not isinstance(said, str):
        return said
    if _TIME.fullmatch(said):
        return "<time>"
    # Ids, alone and in texts; amounts and counts are shorter.
    return re.sub(r"\d{13,}", "<id>", said)
