"""Where a call goes, how long it may take and when it is tried again."""

from collections.abc import Iterable, Sequence

from soukdev.contracts import Method
from soukdev.gateway import body
from soukdev.gateway.typed import Json, extension

# Services keep their own deadlines; this one is for those that no longer answer at all.
_MARGIN_MS = 500
_STREAM_IDLE = "60s"

_STANDARD = ("/grpc.health.v1.Health/", "/grpc.reflection.")


def routes(methods: Iterable[Method], contexts: Sequence[str]) -> list[Json]:
    """By the path of gRPC: the transcoder rewrites a REST path before a route is chosen.

    Each method has a route, since its deadline and whether it may be sent twice are its own.
    Requests of reflection and health name no service in their path: they go to one of them,
    listing where it runs. Reflection there speaks for that service only.
    """
    of_methods = [_method_route(method) for method in methods if method.context in contexts]
    spokesman = "listing" if "listing" in contexts else contexts[0]
    return of_methods + [_route({"prefix": path}, spokesman, timeout="0s") for path in _STANDARD]


def _method_route(method: Method) -> Json:
    retries = _WRITE_RETRIES if method.mutates else _READ_RETRIES
    times = {"timeout": f"{(method.deadline_ms + _MARGIN_MS) / 1000:g}s"}
    if method.streams:
        times = {"timeout": "0s", "idle_timeout": _STREAM_IDLE}
    return _route({"path": method.path}, method.context, retry_policy=retries, **times)


def _route(match: Json, cluster: str, **action: object) -> Json:
    return {
        "match": {**match, "grpc": {}},
        "route": {"cluster": cluster, **action},
        "typed_per_filter_config": body.unlimited(),
    }


def _retries(*conditions: str) -> Json:
    elsewhere = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    )
    return {
        "retry_on": ",".join(conditions),
        "num_retries": 2,
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "retry_host_predicate": [elsewhere],
        "host_selection_retry_max_attempts": 3,
    }


# Nobody has seen the request yet.
_WRITE_RETRIES = _retries("connect-failure", "refused-stream")
# Asking twice does no harm.
_READ_RETRIES = _retries("connect-failure", "refused-stream", "unavailable")
