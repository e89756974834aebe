"""What tests say about refusals, and many callers at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from soukdev.refusal import Refused


def refusal(call: Callable[..., Any], *args: Any, **fields: Any) -> Refused:
    """The refusal of a call that is to be refused."""
    with pytest.raises(Refused) as refused:
        call(*args, **fields)
    return refused.value


def why(call: Callable[..., Any], *args: Any, **fields: Any) -> str:
    """Its code and reason: "NOT_FOUND SKU_UNKNOWN"."""
    refused = refusal(call, *args, **fields)
    return f"{refused.code} {refused.reason}"


def outcome(call: Callable[[], Any]) -> Any:
    """The answer, or the refusal."""
    try:
        return call()
    except Refused as refused:
        return refused


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """The outcomes of `count` callers that start together."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda i: outcome(lambda: call(i)), range(count)))
