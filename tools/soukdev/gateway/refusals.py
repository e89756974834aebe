"""What Envoy says by itself, in the words and the shape of our services.

A service's error reaches a REST caller as google.rpc.Status in JSON, with an ErrorInfo whose reason
clients branch on. Envoy's own refusals are plain text by default; here they get the same shape, in
JSON for REST and in the trailer for gRPC.

What breaks HTTP/2 itself (a header with an underscore, or too long) is no refusal: the stream is
reset, as the protocol has it.
"""

import base64
from dataclasses import dataclass

from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from soukdev.gateway.protocols import UPGRADE
from soukdev.gateway.typed import Json, typed

GATEWAY_DOMAIN = "souk.gateway"

# To the filters that come after it, and to these conditions, a transcoded request looks like gRPC.
_IS_GRPC = (
    "('content-type' in request.headers"
    " && request.headers['content-type'].startsWith('application/grpc')"
    " && !('x-envoy-original-path' in request.headers))"
)
_IS_REST = f"!{_IS_GRPC}"


@dataclass(frozen=True)
class Refusal:
    """One that Envoy makes by itself."""

    when: str  # CEL over Envoy's attributes
    status: int
    code: int  # of gRPC
    reason: str
    # Empty: Envoy's words, which say what is wrong with the request. Where they would tell how we
    # are built inside, ours.
    message: str = ""
    # For docs/errors.md, where Envoy's words are told.
    meaning: str = ""
    # Who can be told so.
    by_rest: bool = True
    by_grpc: bool = True


def _details(start: str) -> str:
    return f"response.code_details.startsWith('{start}')"


_OK, _INVALID, _LATE, _NOT_FOUND, _FORBIDDEN = 0, 3, 4, 5, 7
_EXHAUSTED, _UNIMPLEMENTED, _INTERNAL, _UNAVAILABLE, _UNAUTHENTICATED = 8, 12, 13, 14, 16

_NO_PATH = "there is nothing at this path and method"

# The first that fits is taken.
_REFUSALS = (
    Refusal(
        _details("jwt_authn_access_denied{Jwt_is_expired"),
        401,
        _UNAUTHENTICATED,
        "TOKEN_EXPIRED",
        meaning="the token was good once",
    ),
    Refusal(
        _details("jwt_authn_access_denied"),
        401,
        _UNAUTHENTICATED,
        "UNAUTHENTICATED",
        meaning="the token is none, or of somebody whom we do not trust",
    ),
    Refusal(
        _details(f"rbac_access_denied_matched_policy[{UPGRADE}"),
        400,
        _INVALID,
        "MALFORMED_HTTP",
        "nothing here speaks another protocol",
    ),
    Refusal(
        _details("rbac_access_denied"),
        403,
        _FORBIDDEN,
        "ROLE_NOT_ALLOWED",
        "a service does not call through the gateway",
    ),
    Refusal(
        _details("early_grpc_json_transcode_failure"),
        400,
        _INVALID,
        "MALFORMED_PARAMETER",
        meaning="the path or a parameter is unknown or of another type",
        by_grpc=False,
    ),
    Refusal(
        "response.code == 413", 413, _INVALID, "TOO_LARGE", "the body is too large", by_grpc=False
    ),
    Refusal(
        _details("grpc_json_transcode_failure"),
        400,
        _INVALID,
        "MALFORMED_JSON",
        meaning="the body is no JSON, or not that of the request",
        by_grpc=False,
    ),
    Refusal("response.code == 404", 404, _NOT_FOUND, "NOT_FOUND", _NO_PATH, by_grpc=False),
    Refusal(
        "response.code == 404",
        404,
        _UNIMPLEMENTED,
        "UNKNOWN_METHOD",
        "there is no such method",
        by_rest=False,
    ),
    Refusal(
        "response.code == 429"
        " || (response.code == 503 && response.code_details.contains('overflow'))",
        429,
        _EXHAUSTED,
        "OVERLOADED",
        "too many requests",
    ),
    Refusal(
        "response.code == 408 || response.code == 504",
        504,
        _LATE,
        "DEADLINE_EXCEEDED",
        "no answer in time",
    ),
    Refusal(
        "response.code == 502 || response.code == 503",
        503,
        _UNAVAILABLE,
        "UNAVAILABLE",
        "the service does not answer",
    ),
    Refusal(
        "response.code == 431",
        431,
        _INVALID,
        "TOO_LARGE",
        "the headers are too large",
        by_grpc=False,
    ),
    # 501 is a transfer encoding that Envoy does not know.
    Refusal(
        "(response.code >= 400 && response.code < 500) || response.code == 501",
        400,
        _INVALID,
        "MALFORMED_HTTP",
        "this is not proper HTTP",
    ),
    Refusal("response.code >= 500", 500, _INTERNAL, "INTERNAL", "a defect of ours"),
)


def gateway_refusals() -> tuple[Refusal, ...]:
    """For docs/errors.md."""
    return _REFUSALS


def local_replies() -> Json:
    """The setting of the connection manager."""
    by_rest = [_rest(refusal) for refusal in _REFUSALS if refusal.by_rest]
    by_grpc = [_grpc(refusal) for refusal in _REFUSALS if refusal.by_grpc]
    return {"mappers": by_rest + by_grpc}


def _rest(refusal: Refusal) -> Json:
    info = {"reason": refusal.reason, "domain": GATEWAY_DOMAIN, "metadata": {}}
    body = {
        "code": refusal.code,
        "message": refusal.message or "%LOCAL_REPLY_BODY%",
        "details": [typed("google.rpc.ErrorInfo", **info)],
    }
    return {
        "filter": _when(f"{_IS_REST} && ({refusal.when})"),
        "status_code": refusal.status,
        "body_format_override": {"json_format": body},
    }


def _grpc(refusal: Refusal) -> Json:
    message = refusal.message or "%LOCAL_REPLY_BODY%"
    return {
        "filter": _when(f"{_IS_GRPC} && ({refusal.when})"),
        "status_code": refusal.status,
        "headers_to_add": [
            _header("grpc-status", str(refusal.code)),
            _header("grpc-status-details-bin", _status_trailer(refusal)),
        ],
        # Becomes grpc-message.
        "body_format_override": {"text_format_source": {"inline_string": message}},
    }


def _status_trailer(refusal: Refusal) -> str:
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=GATEWAY_DOMAIN))
    message = refusal.message or "the request is refused"
    status = status_pb2.Status(code=refusal.code, message=message, details=[info])
    return base64.b64encode(status.SerializeToString()).decode().rstrip("=")


def _when(expression: str) -> Json:
    settings = typed(
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=expression
    )
    name = "envoy.access_loggers.extension_filters.cel"
    return {"extension_filter": {"name": name, "typed_config": settings}}


def _header(key: str, value: str) -> Json:
    action = "OVERWRITE_IF_EXISTS_OR_ADD"
    return {"header": {"key": key, "value": value}, "append_action": action}
