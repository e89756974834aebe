"""What a client may not say about itself."""

from soukdev.gateway.typed import Json, extension

_SIGNED = ("x-souk-timestamp", "x-souk-signature", "x-souk-event-id")


def early_mutations() -> Json:
    """Runs before every filter.

    x-souk-* look like our own word on who calls and go, but for the three that a payment
    provider signs its callbacks with. Envoy can drop a prefix but not all of it but three, so
    those are put aside first. x-envoy-* would steer retries and time-outs, or pretend that a
    request was transcoded. traceparent says in its last two digits that a trace is recorded, which
    is ours to decide (tracing.py).
    """
    aside = {name: name.replace("x-souk-", "x-aside-") for name in _SIGNED}
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[
            _remove_prefix("x-envoy-"),
            _remove_prefix("x-aside-"),
            *[_copy(name, kept) for name, kept in aside.items()],
            _remove_prefix("x-souk-"),
            *[_copy(kept, name) for name, kept in aside.items()],
            _remove_prefix("x-aside-"),
            _UNRECORDED,
        ],
    )


_UNRECORDED: Json = {
    "append": {
        "header": {"key": "traceparent", "value": "%REQ(traceparent):53%00"},
        "append_action": "OVERWRITE_IF_EXISTS",
    }
}


def _remove_prefix(prefix: str) -> Json:
    return {"remove_on_match": {"key_matcher": {"prefix": prefix}}}


def _copy(source: str, target: str) -> Json:
    header = {"key": target, "value": f"%REQ({source})%"}
    return {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
