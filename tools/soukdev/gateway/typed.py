"""Envoy's way to say which message an extension's settings are."""

from typing import Any

Json = dict[str, Any]


def typed(message: str, **fields: Any) -> Json:
    """Settings of the given type."""
    return {"@type": f"type.googleapis.com/{message}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """A named extension: a filter, a predicate, a protocol's options."""
    return {"name": name, "typed_config": typed(message, **fields)}


def address(host: str, port: int) -> Json:
    """A socket address."""
    return {"socket_address": {"address": host, "port_value": port}}


def always(numerator: int = 100) -> Json:
    """A fraction that is not meant to be changed at run time."""
    return {"default_value": {"numerator": numerator, "denominator": "HUNDRED"}}
