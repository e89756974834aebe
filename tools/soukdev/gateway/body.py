"""How long the body of a REST request may be."""

from soukdev.gateway.typed import Json, extension, typed

_FILTER = "envoy.filters.http.buffer"
_LONGEST = 1 << 20


def limit() -> Json:
    """The transcoder gathers a whole body before it sends anything on, however long it is."""
    message = "envoy.extensions.filters.http.buffer.v3.Buffer"
    return extension(_FILTER, message, max_request_bytes=_LONGEST)


def unlimited() -> Json:
    """For routes, which only native gRPC has at this point: it streams, and services bound it."""
    message = "envoy.extensions.filters.http.buffer.v3.BufferPerRoute"
    return {_FILTER: typed(message, disabled=True)}
