"""How much one caller may ask for. Generous: services shed load themselves."""

from soukdev.gateway.identity import subject_descriptor
from soukdev.gateway.typed import Json, always, extension

_ALL_PER_S = 200_000
_ADDRESS_PER_S = 100_000


def rate_limit(user_per_s: int) -> Json:
    """In the filter and not on routes: a REST path has no route before it is transcoded."""
    return extension(
        "envoy.filters.http.local_ratelimit",
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="limit",
        status={"code": "TooManyRequests"},
        rate_limited_as_resource_exhausted=True,
        filter_enabled=always(),
        filter_enforced=always(),
        token_bucket=_bucket(_ALL_PER_S),
        max_dynamic_descriptors=10_000,
        rate_limits=[
            {"actions": [subject_descriptor("user")]},
            {"actions": [{"remote_address": {}}]},
        ],
        # An entry without a value makes a bucket for each value.
        descriptors=[
            {"entries": [{"key": "user"}], "token_bucket": _bucket(user_per_s)},
            {"entries": [{"key": "remote_address"}], "token_bucket": _bucket(_ADDRESS_PER_S)},
        ],
    )


def _bucket(per_s: int) -> Json:
    return {"max_tokens": per_s, "tokens_per_fill": per_s, "fill_interval": "1s"}
